# AWS Backup beside the cluster's own snapshots: a vault of its own, which a deleted cluster leaves behind.
resource "aws_backup_vault" "this" {
  count = var.database.backup_plan ? 1 : 0

  name        = var.name
  kms_key_arn = local.kms_key_arn
}

resource "aws_backup_plan" "this" {
  count = var.database.backup_plan ? 1 : 0

  name = var.name

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this[0].name
    schedule          = "cron(0 19 * * ? *)"

    lifecycle {
      delete_after = var.database.backup_plan_days
    }
  }
}

data "aws_iam_policy_document" "backup" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "backup" {
  count = var.database.backup_plan ? 1 : 0

  name                 = "${local.global_name}-backup"
  description          = "Redash ${var.name}: AWS Backup"
  assume_role_policy   = data.aws_iam_policy_document.backup.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy_attachment" "backup" {
  count = var.database.backup_plan ? 1 : 0

  role       = aws_iam_role.backup[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
}

resource "aws_backup_selection" "this" {
  count = var.database.backup_plan ? 1 : 0

  name         = "database"
  plan_id      = aws_backup_plan.this[0].id
  iam_role_arn = aws_iam_role.backup[0].arn
  resources    = [aws_rds_cluster.this.arn]
}
