# As little as the role terraform_apply can apply: the variables that it gives, one resource, the output that it wants.
terraform {
  required_version = ">= 1.11"
}

variable "outputs" {
  type = any
}

variable "name" {
  type = any
}

variable "region" {
  type = any
}

variable "tags" {
  type = any
}

variable "secret_prefix" {
  type = any
}

variable "secret_names" {
  type = any
}

variable "database_password_version" {
  type = any
}

variable "kms_key_alias" {
  type = any
}

variable "network" {
  type = any
}

variable "vpc_peerings" {
  type = any
}

variable "load_balancer" {
  type = any
}

variable "database" {
  type = any
}

variable "redis" {
  type = any
}

variable "log_retention_days" {
  type = any
}

variable "operations" {
  type = any
}

variable "task_size" {
  type = any
}

resource "terraform_data" "this" {
  input = var.outputs
}

output "redash" {
  value = terraform_data.this.output
}
