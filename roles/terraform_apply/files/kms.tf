# One key for parameters, database and Redis. The role makes it before Terraform runs, so that secrets and
# snapshots outlive a destroy; standing alone, the module makes its own.
resource "aws_kms_key" "this" {
  count = var.kms_key_alias == null ? 1 : 0

  description             = "Redash ${var.name}: parameters, database, Redis"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_kms_alias" "this" {
  count = var.kms_key_alias == null ? 1 : 0

  name          = "alias/redash/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

data "aws_kms_alias" "existing" {
  count = var.kms_key_alias == null ? 0 : 1

  name = var.kms_key_alias
}

locals {
  kms_key_arn = var.kms_key_alias == null ? aws_kms_key.this[0].arn : data.aws_kms_alias.existing[0].target_key_arn
}
