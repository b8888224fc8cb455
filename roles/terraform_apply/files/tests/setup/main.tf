# What the module finds when it comes: the database's password, an existing network, a peer. Made on an emulator
# (the tests of the project do that) or in an account to play with, and removed at the end.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "aws_ssm_parameter" "database_password" {
  name  = "/redash/redash-test/database_password"
  type  = "SecureString"
  value = "only-for-the-tests"
}

resource "aws_secretsmanager_secret" "database_password" {
  name                    = "/redash/redash-test/database_password"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "database_password" {
  secret_id     = aws_secretsmanager_secret.database_password.id
  secret_string = "only-for-the-tests"
}

resource "aws_kms_key" "existing" {}

resource "aws_kms_alias" "existing" {
  name          = "alias/redash/redash-test-existing"
  target_key_id = aws_kms_key.existing.key_id
}

resource "aws_vpc" "existing" {
  cidr_block = "10.20.0.0/16"
}

resource "aws_subnet" "existing" {
  count = 4

  vpc_id            = aws_vpc.existing.id
  cidr_block        = cidrsubnet("10.20.0.0/16", 8, count.index)
  availability_zone = "ap-northeast-1${["a", "c"][count.index % 2]}"
}

output "vpc_id" {
  value = aws_vpc.existing.id
}

output "subnet_ids" {
  value = aws_subnet.existing[*].id
}

output "kms_key_alias" {
  value = aws_kms_alias.existing.name
}
