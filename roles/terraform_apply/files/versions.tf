terraform {
  # Terraform 1.11: write-only arguments; 1.10: ephemeral values and S3's native lock. OpenTofu has all three from 1.11 on.
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }

  # Where redash_elasticache_auth remembers which token Redis accepts.
  ignore_tags {
    keys = ["AuthTokenVersion"]
  }
}
