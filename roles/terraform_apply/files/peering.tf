locals {
  # A peer in this account and region is ours: the request is accepted and the routes back are set here.
  own_peerings = { for key, peer in var.vpc_peerings : key => peer if peer.owner_id == null && peer.region == null }

  # The load balancer's subnets have to know the way as well: people behind a peering open Redash.
  routes_to_peers = merge([
    for key, peer in var.vpc_peerings : {
      for pair in setproduct(concat(local.azs, ["public"]), peer.cidr_blocks) : "${key}/${pair[0]}/${pair[1]}" => { peering = key, table = pair[0], cidr = pair[1] }
    }
  ]...)
  routes_from_peers = merge([
    for key, peer in local.own_peerings : {
      for table in(length(peer.route_table_ids) > 0 ? peer.route_table_ids : data.aws_route_tables.peer[key].ids) : "${key}/${table}" => { peering = key, table = table }
    }
  ]...)
}

data "aws_route_tables" "peer" {
  for_each = { for key, peer in local.own_peerings : key => peer if length(peer.route_table_ids) == 0 }

  vpc_id = each.value.vpc_id
}

resource "aws_vpc_peering_connection" "this" {
  for_each = var.vpc_peerings

  vpc_id        = aws_vpc.this[0].id
  peer_vpc_id   = each.value.vpc_id
  peer_owner_id = each.value.owner_id
  peer_region   = each.value.region
  auto_accept   = contains(keys(local.own_peerings), each.key)

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_peering_connection_options" "this" {
  for_each = { for key, peer in local.own_peerings : key => peer if peer.remote_dns }

  vpc_peering_connection_id = aws_vpc_peering_connection.this[each.key].id

  requester {
    allow_remote_vpc_dns_resolution = true
  }
  accepter {
    allow_remote_vpc_dns_resolution = true
  }
}

resource "aws_route" "to_peer" {
  for_each = local.routes_to_peers

  route_table_id            = each.value.table == "public" ? aws_route_table.public[0].id : aws_route_table.private[each.value.table].id
  destination_cidr_block    = each.value.cidr
  vpc_peering_connection_id = aws_vpc_peering_connection.this[each.value.peering].id
}

resource "aws_route" "from_peer" {
  for_each = local.routes_from_peers

  route_table_id            = each.value.table
  destination_cidr_block    = var.network.vpc_cidr
  vpc_peering_connection_id = aws_vpc_peering_connection.this[each.value.peering].id
}
