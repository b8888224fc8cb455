# What this costs a month when nobody uses it: capacity that is paid by the hour. Traffic, storage, log volume and
# capacity above the minimum come on top. AWS's list prices of us-east-1 without discounts, in US dollars, as known
# in 2025; other regions cost up to half as much again. var.prices overrides any of them.
locals {
  prices = merge({
    fargate_vcpu       = 0.04048
    fargate_gb         = 0.004445
    aurora_acu         = 0.12
    load_balancer      = 0.0225
    nat_gateway        = 0.045
    public_address     = 0.005
    interface_endpoint = 0.01
    kms_key_month      = 1
    alarm_month        = 0.10
    dashboard_month    = 3
    web_acl_month      = 7
    "cache.t4g.micro"  = 0.016
    "cache.t4g.small"  = 0.032
    "cache.t4g.medium" = 0.065
    "cache.m7g.large"  = 0.158
    "cache.r7g.large"  = 0.219
  }, var.prices)
  hours = 730

  monthly_costs = {
    tasks               = local.hours * var.task_size.count * (var.task_size.cpu / 1024 * local.prices.fargate_vcpu + var.task_size.memory / 1024 * local.prices.fargate_gb)
    database            = local.hours * var.database.instance_count * var.database.min_acu * local.prices.aurora_acu
    redis               = local.hours * var.redis.num_cache_clusters * lookup(local.prices, var.redis.node_type, 0)
    load_balancer       = local.hours * (local.prices.load_balancer + (var.load_balancer.internal ? 0 : length(local.public_subnet_ids) * local.prices.public_address))
    nat_gateways        = local.hours * length(local.nat_zones) * (local.prices.nat_gateway + local.prices.public_address)
    interface_endpoints = local.hours * length(local.azs) * length(var.network.interface_endpoints) * local.prices.interface_endpoint
    watching            = (local.alarms ? 6 * local.prices.alarm_month : 0) + (var.operations.dashboard ? local.prices.dashboard_month : 0)
    other               = local.prices.kms_key_month + (var.load_balancer.web_acl ? local.prices.web_acl_month : 0)
  }
  monthly_cost = sum(values(local.monthly_costs))
  # A node type without a price must not look free.
  unpriced          = contains(keys(local.prices), var.redis.node_type) ? "" : " (without ${var.redis.node_type}, whose price is not known: set prices)"
  monthly_cost_line = format("about %.0f USD a month at rest%s", local.monthly_cost, local.unpriced)
}
