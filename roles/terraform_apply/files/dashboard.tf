# Three questions, from left to right: is it healthy, is it slow, what does it cost.
locals {
  lb       = aws_lb.this.arn_suffix
  target   = aws_lb_target_group.server.arn_suffix
  database = aws_rds_cluster.this.cluster_identifier

  # The tasks' widgets find every service of the cluster: one in the consolidated topology, several in the split one.
  widgets = [
    { title = "Healthy servers", metrics = [["AWS/ApplicationELB", "HealthyHostCount", "TargetGroup", local.target, "LoadBalancer", local.lb, { stat = "Maximum" }]] },
    { title = "Time to answer (s)", metrics = [
      ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", local.lb, { stat = "p50", label = "half" }],
      ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", local.lb, { stat = "p95", label = "95 of 100" }],
    ] },
    { title = "Aurora capacity (ACU)", metrics = [["AWS/RDS", "ServerlessDatabaseCapacity", "DBClusterIdentifier", local.database, { stat = "Average" }]] },

    { title = "Errors", metrics = [
      ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", local.lb, { stat = "Sum", label = "Redash" }],
      ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", local.lb, { stat = "Sum", label = "load balancer" }],
    ] },
    { title = "Queries: put into a queue, begun by a worker", metrics = [
      [local.metrics_namespace, "JobsEnqueued", { stat = "Sum", label = "enqueued" }],
      [local.metrics_namespace, "JobsStarted", { stat = "Sum", label = "begun" }],
    ] },
    { title = "Bytes through NAT", metrics = [
      for az in local.nat_zones : ["AWS/NATGateway", "BytesOutToDestination", "NatGatewayId", aws_nat_gateway.this[az].id, { stat = "Sum", label = az }]
    ] },

    { title = "CPU of the tasks (%)", metrics = [[{ expression = "SEARCH('{AWS/ECS,ClusterName,ServiceName} ClusterName=\"${var.name}\" MetricName=\"CPUUtilization\"', 'Maximum', 300)", id = "services" }]] },
    { title = "Database: connections", metrics = [["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", local.database, { stat = "Maximum" }]] },
    { title = "Log bytes", metrics = [["AWS/Logs", "IncomingBytes", "LogGroupName", aws_cloudwatch_log_group.this.name, { stat = "Sum" }]] },

    { title = "Memory of the tasks (%)", metrics = [[{ expression = "SEARCH('{AWS/ECS,ClusterName,ServiceName} ClusterName=\"${var.name}\" MetricName=\"MemoryUtilization\"', 'Maximum', 300)", id = "services" }]] },
    { title = "Redis: memory (%)", metrics = [["AWS/ElastiCache", "DatabaseMemoryUsagePercentage", "CacheClusterId", local.redis_node, { stat = "Maximum" }]] },
    { title = "Requests", metrics = [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", local.lb, { stat = "Sum" }]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.operations.dashboard ? 1 : 0

  dashboard_name = local.global_name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "text", x = 0, y = 0, width = 24, height = 2
        properties = { markdown = "**Redash ${var.name}** | Is it healthy? | Is it slow? | What does it cost? ${local.monthly_cost_line}" }
      }],
      [for index, widget in local.widgets : {
        type       = "metric", x = 8 * (index % 3), y = 2 + 6 * floor(index / 3), width = 8, height = 6
        properties = { title = widget.title, region = var.region, period = 300, view = "timeSeries", metrics = widget.metrics }
      } if length(widget.metrics) > 0],
    )
  })
}
