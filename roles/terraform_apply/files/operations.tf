locals {
  alarms     = var.operations.alarms
  make_topic = local.alarms && var.operations.topic_arn == null
  topic_arn  = local.make_topic ? aws_sns_topic.this[0].arn : var.operations.topic_arn

  # Aurora sets max_connections by the largest capacity, at about 200 for each ACU, never above 2000 where the
  # smallest is 0 or 0.5: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
  database_connections = coalesce(var.operations.database_connections, floor(0.8 * min(200 * var.database.max_acu, var.database.min_acu < 1 ? 2000 : 5000)))

  # The namespace belongs to the account and region: the installation's name tells the metrics apart.
  metrics_namespace = "Redash/${var.name}"

  load_balancer_dimensions = { LoadBalancer = aws_lb.this.arn_suffix }
  redis_node               = one([for id in aws_elasticache_replication_group.this.member_clusters : id if endswith(id, "-001")])

  metric_alarms = local.alarms ? {
    no-healthy-server = {
      description = "No server answers /ping: Redash is down."
      namespace   = "AWS/ApplicationELB"
      metric      = "HealthyHostCount"
      dimensions  = merge(local.load_balancer_dimensions, { TargetGroup = aws_lb_target_group.server.arn_suffix })
      statistic   = "Maximum"
      comparison  = "LessThanThreshold"
      threshold   = 1
      period      = 60
      periods     = 3
      # No target at all is no number at all.
      missing = "breaching"
    }
    server-errors = {
      description = "Redash answers with errors (5xx)."
      namespace   = "AWS/ApplicationELB"
      metric      = "HTTPCode_Target_5XX_Count"
      dimensions  = local.load_balancer_dimensions
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.operations.errors
      period      = 300
      periods     = 1
      missing     = "notBreaching"
    }
    load-balancer-errors = {
      description = "The load balancer answers with errors (5xx): no server took the request, or none answered in time."
      namespace   = "AWS/ApplicationELB"
      metric      = "HTTPCode_ELB_5XX_Count"
      dimensions  = local.load_balancer_dimensions
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.operations.errors
      period      = 300
      periods     = 1
      missing     = "notBreaching"
    }
    database-connections = {
      description = "The database's connections are running out."
      namespace   = "AWS/RDS"
      metric      = "DatabaseConnections"
      dimensions  = { DBClusterIdentifier = aws_rds_cluster.this.cluster_identifier }
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = local.database_connections
      period      = 300
      periods     = 2
      missing     = "notBreaching"
    }
    # What EventBridge could not hand over. It goes to the same topic, but by CloudWatch, which has a statement of its own.
    task-events-lost = {
      description = "EventBridge could not deliver that a task stopped: the topic's policy or its key refuses it."
      namespace   = "AWS/Events"
      metric      = "FailedInvocations"
      dimensions  = { RuleName = "${var.name}-task-stopped" }
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      period      = 300
      periods     = 1
      missing     = "notBreaching"
    }
    redis-memory = {
      description = "Redis is nearly full. It refuses new jobs then, instead of forgetting old ones."
      namespace   = "AWS/ElastiCache"
      metric      = "DatabaseMemoryUsagePercentage"
      dimensions  = { CacheClusterId = local.redis_node }
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = 80
      period      = 300
      periods     = 2
      missing     = "notBreaching"
    }
  } : {}
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.metric_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
}

# Redash says in its log when a query is put into a queue and when a worker begins with it.
resource "aws_cloudwatch_log_metric_filter" "queue" {
  for_each = local.alarms || var.operations.dashboard ? {
    JobsEnqueued = "\"Created new job\""
    JobsStarted  = "\"state=executing_query\""
  } : {}

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = each.value

  metric_transformation {
    name          = each.key
    namespace     = local.metrics_namespace
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  count = local.alarms ? 1 : 0

  alarm_name          = "${var.name}-queue-not-drained"
  alarm_description   = "For 15 minutes queries were put into the queue and no worker began with one: the workers are dead, or all busy."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]

  metric_query {
    id          = "waiting"
    label       = "Queries that no worker began with"
    expression  = "IF(started < 1 AND enqueued > 0, enqueued, 0)"
    return_data = true
  }
  metric_query {
    id = "enqueued"

    metric {
      namespace   = local.metrics_namespace
      metric_name = "JobsEnqueued"
      period      = 300
      stat        = "Sum"
    }
  }
  metric_query {
    id = "started"

    metric {
      namespace   = local.metrics_namespace
      metric_name = "JobsStarted"
      period      = 300
      stat        = "Sum"
    }
  }

  depends_on = [aws_cloudwatch_log_metric_filter.queue]
}

# A task of a service that nobody stopped: it crashed, was killed, or could not start. One-off tasks say so
# themselves.
resource "aws_cloudwatch_event_rule" "task_stopped" {
  count = local.alarms ? 1 : 0

  name        = "${var.name}-task-stopped"
  description = "Redash ${var.name}: a task of the service stopped by itself"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [aws_ecs_cluster.this.arn]
      lastStatus = ["STOPPED"]
      group      = [{ prefix = "service:" }]
      stopCode   = [{ anything-but = ["ServiceSchedulerInitiated", "UserInitiated"] }]
    }
  })
}

resource "aws_cloudwatch_event_target" "task_stopped" {
  count = local.alarms ? 1 : 0

  rule = aws_cloudwatch_event_rule.task_stopped[0].name
  arn  = local.topic_arn

  input_transformer {
    input_paths = {
      group  = "$.detail.group"
      reason = "$.detail.stoppedReason"
      code   = "$.detail.stopCode"
      task   = "$.detail.taskArn"
    }
    input_template = "\"Redash ${var.name}: a task of <group> stopped by itself (<code>): <reason> <task>\""
  }
}

resource "aws_sns_topic" "this" {
  count = local.make_topic ? 1 : 0

  name = "${var.name}-alarms"
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = ["arn:${local.partition}:sns:${var.region}:${local.account_id}:${var.name}-alarms"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }

  # EventBridge sends no aws:SourceAccount to a topic; a condition refuses every message, without a word.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
  statement {
    sid       = "Events"
    actions   = ["sns:Publish"]
    resources = ["arn:${local.partition}:sns:${var.region}:${local.account_id}:${var.name}-alarms"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  count = local.make_topic ? 1 : 0

  arn    = aws_sns_topic.this[0].arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.make_topic ? var.operations.emails : []

  topic_arn = aws_sns_topic.this[0].arn
  protocol  = "email"
  endpoint  = each.key
}
