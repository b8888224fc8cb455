data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition

  tags = merge({ Application = "redash", Installation = var.name, ManagedBy = "terraform" }, var.tags)

  secret_prefix = coalesce(var.secret_prefix, "/redash/${var.name}")
  # What each store calls a secret, how it is read, and the service through which the key may be used. Secrets
  # Manager adds a hyphen and six characters of its own to every name.
  secret_store = {
    parameter_store = {
      arn_prefix = "arn:${local.partition}:ssm:${var.region}:${local.account_id}:parameter${local.secret_prefix}"
      arn_suffix = ""
      action     = "ssm:GetParameters"
      service    = "ssm.${var.region}.amazonaws.com"
    }
    secrets_manager = {
      arn_prefix = "arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:${local.secret_prefix}"
      arn_suffix = "-??????"
      action     = "secretsmanager:GetSecretValue"
      service    = "secretsmanager.${var.region}.amazonaws.com"
    }
  }[var.secret_store]

  # IAM and CloudWatch dashboards have no regions: the same name in two regions must not clash there.
  global_name = "${var.name}-${var.region}"

  server_port   = 5000
  database_port = 5432
  redis_port    = 6379

  new_vpc = var.network.vpc_id == null

  peer_cidrs = flatten([for key, peer in var.vpc_peerings : [for cidr in peer.cidr_blocks : { peer = key, cidr = cidr }]])

  # Two IPv4 ranges overlap exactly when they are equal under the shorter of both masks.
  overlapping_peers = [
    for entry in local.peer_cidrs : "${entry.cidr} of ${entry.peer}"
    if try(cidrhost("${split("/", entry.cidr)[0]}/${min(split("/", entry.cidr)[1], split("/", var.network.vpc_cidr)[1])}", 0)
    == cidrhost("${split("/", var.network.vpc_cidr)[0]}/${min(split("/", entry.cidr)[1], split("/", var.network.vpc_cidr)[1])}", 0), false)
  ]
  overlapping_pairs = [
    for pair in setproduct(range(length(local.peer_cidrs)), range(length(local.peer_cidrs))) :
    "${local.peer_cidrs[pair[0]].cidr} of ${local.peer_cidrs[pair[0]].peer} and ${local.peer_cidrs[pair[1]].cidr} of ${local.peer_cidrs[pair[1]].peer}"
    if pair[0] < pair[1] && try(
      cidrhost("${split("/", local.peer_cidrs[pair[0]].cidr)[0]}/${min(split("/", local.peer_cidrs[pair[0]].cidr)[1], split("/", local.peer_cidrs[pair[1]].cidr)[1])}", 0)
      == cidrhost("${split("/", local.peer_cidrs[pair[1]].cidr)[0]}/${min(split("/", local.peer_cidrs[pair[0]].cidr)[1], split("/", local.peer_cidrs[pair[1]].cidr)[1])}", 0), false
    )
  ]
}
