data "aws_availability_zones" "this" {
  state = "available"

  # Local and wavelength zones have neither Aurora nor Fargate.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  azs = local.new_vpc ? (
    length(var.network.availability_zones) > 0 ? var.network.availability_zones : slice(sort(data.aws_availability_zones.this.names), 0, var.network.az_count)
  ) : []
  # Subnets are keyed by zone, so that a third zone never moves the first two.
  az_index  = { for index, az in local.azs : az => index }
  nat_zones = var.network.nat_gateways == "per_az" ? local.azs : var.network.nat_gateways == "single" ? slice(local.azs, 0, min(1, length(local.azs))) : []

  vpc_id             = local.new_vpc ? aws_vpc.this[0].id : data.aws_vpc.existing[0].id
  vpc_cidr           = local.new_vpc ? var.network.vpc_cidr : data.aws_vpc.existing[0].cidr_block
  public_subnet_ids  = local.new_vpc ? [for az in local.azs : aws_subnet.public[az].id] : var.network.public_subnet_ids
  private_subnet_ids = local.new_vpc ? [for az in local.azs : aws_subnet.private[az].id] : var.network.private_subnet_ids

  # Without NAT and without interface endpoints there is one way out left: tasks run in the public subnets, each with a
  # public address of its own. Their security group lets in nobody but the load balancer.
  tasks_are_public = local.new_vpc && var.network.nat_gateways == "none" && length(var.network.interface_endpoints) == 0
}

data "aws_vpc" "existing" {
  count = local.new_vpc ? 0 : 1

  id = var.network.vpc_id
}

resource "aws_vpc" "this" {
  count = local.new_vpc ? 1 : 0

  cidr_block           = var.network.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }

  lifecycle {
    precondition {
      condition = length(local.overlapping_peers) == 0
      error_message = format(
        "network.vpc_cidr %s overlaps vpc_peerings: %s. Choose another vpc_cidr now: a VPC's range can't be changed later.",
        var.network.vpc_cidr, join(", ", local.overlapping_peers),
      )
    }
    precondition {
      condition     = length(local.overlapping_pairs) == 0
      error_message = "vpc_peerings: ${join("; ", local.overlapping_pairs)} overlap each other, so that a route could lead to only one of them."
    }
  }
}

# A default security group without rules: nothing can rely on it by mistake.
resource "aws_default_security_group" "this" {
  count = local.new_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-default-unused" }
}

resource "aws_internet_gateway" "this" {
  count = local.new_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = var.name }
}

# Eight equal parts: three for public subnets (0 to 2), three for private ones (4 to 6), two to spare.
resource "aws_subnet" "public" {
  for_each = local.az_index

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.network.vpc_cidr, 3, each.value)
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-public-${each.key}" }
}

resource "aws_subnet" "private" {
  for_each = local.az_index

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.network.vpc_cidr, 3, each.value + 4)

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route_table" "public" {
  count = local.new_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "public_internet" {
  count = local.new_vpc ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route_table" "private" {
  for_each = local.az_index

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_eip" "nat" {
  for_each = length(var.network.nat_allocation_ids) == 0 ? toset(local.nat_zones) : toset([])

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_zones)

  allocation_id = length(var.network.nat_allocation_ids) == 0 ? aws_eip.nat[each.key].id : var.network.nat_allocation_ids[index(local.nat_zones, each.key)]
  subnet_id     = aws_subnet.public[each.key].id

  tags = { Name = "${var.name}-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "private_nat" {
  for_each = length(local.nat_zones) > 0 ? local.az_index : {}

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.network.nat_gateways == "per_az" ? each.key : local.nat_zones[0]].id
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.new_vpc ? var.network.gateway_endpoints : []

  vpc_id            = aws_vpc.this[0].id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${var.region}.${each.key}"
  route_table_ids   = concat([for table in aws_route_table.private : table.id], aws_route_table.public[*].id)

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.new_vpc ? var.network.interface_endpoints : []

  vpc_id              = aws_vpc.this[0].id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  private_dns_enabled = true
  subnet_ids          = local.private_subnet_ids
  security_group_ids  = [aws_security_group.endpoints[0].id]

  tags = { Name = "${var.name}-${each.key}" }
}
