# Read back from where it is kept, never handed over: an apply that broke half-way can't leave two passwords.
# Ephemeral and write-only: in neither the plan nor the state.
ephemeral "aws_ssm_parameter" "database_password" {
  count = var.secret_store == "parameter_store" ? 1 : 0

  arn             = "${local.secret_store.arn_prefix}/database_password"
  with_decryption = true
}

ephemeral "aws_secretsmanager_secret_version" "database_password" {
  count = var.secret_store == "secrets_manager" ? 1 : 0

  secret_id = "${local.secret_prefix}/database_password"
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Redash ${var.name}"
  subnet_ids  = local.private_subnet_ids
}

resource "aws_rds_cluster_parameter_group" "this" {
  name_prefix = "${var.name}-"
  description = "Redash ${var.name}"
  family      = "aurora-postgresql${split(".", var.database.engine_version)[0]}"

  parameter {
    name  = "rds.force_ssl"
    value = var.database.ssl_required ? "1" : "0"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# When this installation was made. The final snapshot's name carries it: a later installation of the same
# name must be able to leave its own final snapshot beside this one's.
resource "terraform_data" "created" {
  input = plantimestamp()

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_rds_cluster" "this" {
  cluster_identifier              = var.name
  engine                          = "aurora-postgresql"
  engine_mode                     = "provisioned"
  engine_version                  = var.database.engine_version
  database_name                   = var.database.name
  master_username                 = var.database.username
  master_password_wo              = one(concat(ephemeral.aws_ssm_parameter.database_password[*].value, ephemeral.aws_secretsmanager_secret_version.database_password[*].secret_string))
  master_password_wo_version      = var.database_password_version
  snapshot_identifier             = var.database.snapshot_identifier
  port                            = local.database_port
  db_subnet_group_name            = aws_db_subnet_group.this.name
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name
  vpc_security_group_ids          = [aws_security_group.database.id]
  storage_encrypted               = true
  kms_key_id                      = local.kms_key_arn
  backup_retention_period         = var.database.backup_retention_days
  preferred_backup_window         = var.database.backup_window
  preferred_maintenance_window    = var.database.maintenance_window
  copy_tags_to_snapshot           = true
  deletion_protection             = var.database.deletion_protection
  skip_final_snapshot             = var.database.skip_final_snapshot
  final_snapshot_identifier       = "${var.name}-final-${formatdate("YYYYMMDDhhmmss", terraform_data.created.output)}"
  enabled_cloudwatch_logs_exports = var.database.log_exports ? ["postgresql"] : []
  allow_major_version_upgrade     = true
  apply_immediately               = var.database.apply_immediately

  serverlessv2_scaling_configuration {
    min_capacity             = var.database.min_acu
    max_capacity             = var.database.max_acu
    seconds_until_auto_pause = var.database.min_acu == 0 ? var.database.auto_pause_seconds : null
  }

  lifecycle {
    # Read when the cluster is made; another value later would replace the database.
    ignore_changes = [snapshot_identifier]
  }
}

resource "aws_rds_cluster_instance" "this" {
  count = var.database.instance_count

  identifier                   = "${var.name}-${count.index + 1}"
  cluster_identifier           = aws_rds_cluster.this.id
  engine                       = aws_rds_cluster.this.engine
  engine_version               = aws_rds_cluster.this.engine_version
  instance_class               = "db.serverless"
  db_subnet_group_name         = aws_db_subnet_group.this.name
  publicly_accessible          = false
  auto_minor_version_upgrade   = var.database.auto_minor_version_upgrade
  performance_insights_enabled = var.database.performance_insights
  # The second instance scales with the first, so that it can take over at once.
  promotion_tier    = min(count.index, 1)
  apply_immediately = var.database.apply_immediately
}
