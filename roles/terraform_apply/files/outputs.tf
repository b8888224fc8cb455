output "redash" {
  description = "What the later steps read. Nothing in it is secret. Infrastructure made otherwise enters as the variable redash_infrastructure in this same shape."
  value = {
    name                    = var.name
    region                  = var.region
    account_id              = local.account_id
    vpc_id                  = local.vpc_id
    private_subnet_ids      = local.private_subnet_ids
    public_subnet_ids       = local.public_subnet_ids
    task_security_group_ids = [aws_security_group.tasks.id]
    assign_public_ip        = local.tasks_are_public ? "ENABLED" : "DISABLED"
    cluster_name            = aws_ecs_cluster.this.name
    cluster_arn             = aws_ecs_cluster.this.arn
    execution_role_arn      = aws_iam_role.execution.arn
    task_role_arn           = one(aws_iam_role.task[*].arn)
    log_group_name          = aws_cloudwatch_log_group.this.name
    target_group_arn        = aws_lb_target_group.server.arn
    load_balancer_arn       = aws_lb.this.arn
    load_balancer_dns_name  = aws_lb.this.dns_name
    load_balancer_zone_id   = aws_lb.this.zone_id
    url                     = "${local.https ? "https" : "http"}://${local.host}"
    database = {
      endpoint           = aws_rds_cluster.this.endpoint
      port               = aws_rds_cluster.this.port
      name               = aws_rds_cluster.this.database_name
      username           = aws_rds_cluster.this.master_username
      cluster_identifier = aws_rds_cluster.this.cluster_identifier
    }
    redis = {
      endpoint = aws_elasticache_replication_group.this.primary_endpoint_address
      port     = aws_elasticache_replication_group.this.port
      tls      = var.redis.transit_encryption_enabled

      auth_token           = local.redis_auth_token
      replication_group_id = aws_elasticache_replication_group.this.replication_group_id
    }
    kms_key_arn    = local.kms_key_arn
    nat_public_ips = [for az in local.nat_zones : try(aws_eip.nat[az].public_ip, aws_nat_gateway.this[az].public_ip)]
  }

  # The tasks need the routes, policies and listeners as well as the things that are named above.
  depends_on = [
    aws_ecs_cluster_capacity_providers.this,
    aws_iam_role_policy.execution,
    aws_iam_role_policy_attachment.execution,
    aws_lb_listener.http,
    aws_lb_listener.https,
    aws_rds_cluster_instance.this,
    aws_route.private_nat,
    aws_route.public_internet,
    aws_vpc_security_group_egress_rule.tasks,
    aws_vpc_security_group_ingress_rule.database,
    aws_vpc_security_group_ingress_rule.redis,
    aws_vpc_security_group_ingress_rule.tasks,
  ]
}

output "vpc_peering_connections" {
  description = "Peering requests by name. One to another account or region waits for its owner: accept it, and route the VPC's range back through it."
  value = { for key, peering in aws_vpc_peering_connection.this : key => {
    id         = peering.id
    status     = peering.accept_status
    vpc_cidr   = var.network.vpc_cidr
    accept     = !contains(keys(local.own_peerings), key)
    peer_vpc   = peering.peer_vpc_id
    peer_owner = peering.peer_owner_id
  } }
}

output "alarm_topic_arn" {
  description = "SNS topic that the alarms tell."
  value       = local.topic_arn
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "image_prefix" {
  description = "What to put before an image of Docker Hub (redash/redash:...) to pull it through ECR; null without image_cache."
  value       = var.image_cache == null ? null : "${local.account_id}.dkr.ecr.${var.region}.amazonaws.com/${aws_ecr_pull_through_cache_rule.docker_hub[0].ecr_repository_prefix}/"
}

output "monthly_cost" {
  description = "US dollars a month at rest, by part, from the table in cost.tf."
  value = {
    line  = local.monthly_cost_line
    total = floor(local.monthly_cost * 100) / 100
    parts = { for part, cost in local.monthly_costs : part => floor(cost * 100) / 100 if cost > 0 }
  }
}
