locals {
  # ElastiCache names its families redis7 and valkey8: the major version alone.
  redis_family = "${var.redis.engine}${split(".", var.redis.engine_version)[0]}"

  redis_auth_token = coalesce(var.redis.auth_token_enabled, var.redis.transit_encryption_enabled)
}

resource "aws_elasticache_subnet_group" "this" {
  name        = var.name
  description = "Redash ${var.name}"
  subnet_ids  = local.private_subnet_ids
}

resource "aws_elasticache_parameter_group" "this" {
  name        = "${var.name}-${local.redis_family}"
  description = "Redash ${var.name}"
  family      = local.redis_family

  # Redash's job queues live here: a full Redis must refuse, not forget.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id       = var.name
  description                = "Redash ${var.name}: queues and cache"
  engine                     = var.redis.engine
  engine_version             = var.redis.engine_version
  node_type                  = var.redis.node_type
  num_cache_clusters         = var.redis.num_cache_clusters
  automatic_failover_enabled = var.redis.num_cache_clusters > 1
  multi_az_enabled           = var.redis.num_cache_clusters > 1
  port                       = local.redis_port
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.redis.id]
  at_rest_encryption_enabled = true
  kms_key_id                 = local.kms_key_arn
  transit_encryption_enabled = var.redis.transit_encryption_enabled
  transit_encryption_mode    = var.redis.transit_encryption_mode
  snapshot_retention_limit   = var.redis.snapshot_retention_days
  maintenance_window         = var.redis.maintenance_window
  auto_minor_version_upgrade = true
  apply_immediately          = true

  # The token is not set here. Before provider 6.x it has no write-only argument and would be in the state; so the
  # collection's module redash_elasticache_auth hands it from the parameter redis_token to ElastiCache after an apply.
  lifecycle {
    ignore_changes = [auth_token, auth_token_update_strategy]
  }
}
