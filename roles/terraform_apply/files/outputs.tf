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
    aws_route.private_internet,
    aws_route.private_nat,
    aws_route.public_internet,
    aws_vpc_security_group_egress_rule.tasks,
    aws_vpc_security_group_ingress_rule.database,
    aws_vpc_security_group_ingress_rule.redis,
    aws_vpc_security_group_ingress_rule.tasks,
  ]
}
