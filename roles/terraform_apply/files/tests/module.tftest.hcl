# Plans of the module, by what is asked for. They read data sources and an ephemeral parameter, so they need an AWS
# that answers; mock_provider knows no ephemeral resources (Terraform 1.11).

variables {
  name          = "redash-test"
  region        = "ap-northeast-1"
  load_balancer = { certificate_arn = "arn:aws:acm:ap-northeast-1:123456789012:certificate/11111111-2222-3333-4444-555555555555" }
}

provider "aws" {
  region = "ap-northeast-1"
}

run "setup" {
  module {
    source = "./tests/setup"
  }
}

run "minimal" {
  command = plan

  assert {
    condition     = length(aws_subnet.private) == 2 && length(aws_subnet.public) == 2 && length(aws_nat_gateway.this) == 1 && length(aws_eip.nat) == 1
    error_message = "two zones and one NAT gateway with its own address"
  }
  assert {
    condition     = [for subnet in aws_subnet.public : subnet.cidr_block] == ["10.83.0.0/23", "10.83.2.0/23"] && [for subnet in aws_subnet.private : subnet.cidr_block] == ["10.83.8.0/23", "10.83.10.0/23"]
    error_message = "the layout of the subnets must not move"
  }
  assert {
    condition     = aws_lb.this.internal && aws_lb.this.enable_deletion_protection && length(aws_lb_listener.https) == 1 && one(aws_lb_listener.http.default_action).type == "redirect"
    error_message = "an internal load balancer with HTTPS, HTTP redirected"
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.load_balancer : rule.cidr_ipv4] == ["10.83.0.0/20", "10.83.0.0/20"]
    error_message = "an internal load balancer is open to its VPC alone"
  }
  assert {
    condition     = one(aws_lb_target_group.server.health_check).path == "/ping" && one(aws_lb_target_group.server.health_check).matcher == "200"
    error_message = "health is /ping with 200"
  }
  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.deletion_protection && !aws_rds_cluster.this.skip_final_snapshot && one(aws_rds_cluster_parameter_group.this.parameter).value == "1"
    error_message = "the database is encrypted, protected, leaves a final snapshot, and demands TLS"
  }
  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && one(aws_elasticache_parameter_group.this.parameter).value == "noeviction"
    error_message = "Redis speaks TLS and never forgets a job"
  }
  assert {
    condition     = output.redash.redis.auth_token && output.redash.redis.replication_group_id == "redash-test" && aws_elasticache_replication_group.this.auth_token == null
    error_message = "Redis demands a token, which is not Terraform's to know"
  }
  assert {
    condition     = length(aws_iam_role.task) == 0 && length(aws_wafv2_web_acl.this) == 0 && length(aws_vpc_endpoint.interface) == 0 && length(aws_backup_plan.this) == 0
    error_message = "nothing that was not asked for"
  }
  assert {
    condition     = [for statement in data.aws_iam_policy_document.topic.statement : length(statement.condition)] == [1, 0]
    error_message = "EventBridge publishes without a condition: it sends no aws:SourceAccount"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 6 && length(aws_cloudwatch_metric_alarm.queue) == 1 && length(aws_cloudwatch_event_rule.task_stopped) == 1
    error_message = "all alarms"
  }
  assert {
    condition     = output.monthly_cost.total > 100 && output.monthly_cost.total < 250
    error_message = "the cost at rest: ${output.monthly_cost.line}"
  }
}

run "production" {
  command = plan

  variables {
    network                  = { az_count = 3, nat_gateways = "per_az", interface_endpoints = ["ecr.api", "ecr.dkr", "logs", "ssm"] }
    load_balancer            = { internal = false, ingress_cidrs = ["198.51.100.0/24", "203.0.113.9/24", "203.0.113.0/24", "198.51.100.0/24"], host = "redash.example.com", zone_id = "Z0123456789", web_acl = true }
    database                 = { instance_count = 2, min_acu = 1, max_acu = 16, backup_retention_days = 35, backup_plan = true }
    redis                    = { engine = "valkey", engine_version = "8.0", num_cache_clusters = 2, node_type = "cache.m7g.large" }
    operations               = { emails = ["oncall@example.com"] }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    image_cache              = { docker_hub_credential_arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:ecr-pullthroughcache/docker-hub-abcdef" }
    ecs_exec                 = true
    container_insights       = "enhanced"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_route.private_nat) == 3 && length(aws_vpc_endpoint.interface) == 4
    error_message = "a NAT gateway in each of three zones, four endpoints"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.load_balancer) == 4 && length(aws_wafv2_web_acl_association.this) == 1
    error_message = "both ranges on both ports, behind the WAF"
  }
  assert {
    condition     = length(aws_acm_certificate.this) == 1 && length(aws_route53_record.this) == 1
    error_message = "a certificate is made and the name is set"
  }
  assert {
    condition     = alltrue([for role in concat([aws_iam_role.execution], aws_iam_role.task, aws_iam_role.backup) : role.permissions_boundary == var.permissions_boundary_arn])
    error_message = "the boundary is on every role"
  }
  assert {
    condition     = aws_elasticache_replication_group.this.automatic_failover_enabled && aws_elasticache_parameter_group.this.family == "valkey8"
    error_message = "Valkey with a replica that takes over"
  }
  assert {
    condition     = length(aws_backup_selection.this) == 1 && length(aws_sns_topic_subscription.email) == 1 && length(aws_ecr_pull_through_cache_rule.docker_hub) == 1
    error_message = "backup, mail, image cache"
  }
}

run "existing_vpc" {
  command = plan

  variables {
    network = {
      vpc_id             = run.setup.vpc_id
      public_subnet_ids  = slice(run.setup.subnet_ids, 0, 2)
      private_subnet_ids = slice(run.setup.subnet_ids, 2, 4)
    }
  }

  assert {
    condition     = length(aws_vpc.this) == 0 && length(aws_subnet.private) == 0 && length(aws_nat_gateway.this) == 0 && length(aws_vpc_endpoint.gateway) == 0
    error_message = "nothing of the network is made"
  }
  assert {
    condition     = output.redash.vpc_id == run.setup.vpc_id && tolist(output.redash.private_subnet_ids) == tolist(slice(run.setup.subnet_ids, 2, 4))
    error_message = "the given network is used"
  }
  assert {
    condition     = one([for rule in aws_vpc_security_group_ingress_rule.load_balancer : rule.cidr_ipv4 if rule.from_port == 443]) == "10.20.0.0/16"
    error_message = "open to the existing VPC's range"
  }
}

run "peering_with_our_own_vpc" {
  command = plan

  variables {
    vpc_peerings = { warehouse = { vpc_id = run.setup.vpc_id, cidr_blocks = ["10.20.0.0/16", "10.83.16.0/20"], route_table_ids = ["rtb-0123456789abcdef0"], remote_dns = true } }
  }

  assert {
    condition     = length(aws_route.to_peer) == 6 && length(aws_route.from_peer) == 1
    error_message = "a route for each range in both private tables and the public one, and one back"
  }
  assert {
    condition     = aws_vpc_peering_connection.this["warehouse"].auto_accept && length(aws_vpc_peering_connection_options.this) == 1
    error_message = "accepted, names resolved"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.load_balancer) == 6
    error_message = "people in the peers may connect"
  }
}

run "peering_with_somebody_elses_vpc" {
  command = plan

  variables {
    vpc_peerings = { warehouse = { vpc_id = "vpc-0123456789abcdef0", owner_id = "210987654321", cidr_blocks = ["10.20.0.0/16"] } }
  }

  assert {
    condition     = !aws_vpc_peering_connection.this["warehouse"].auto_accept && length(aws_route.from_peer) == 0 && length(aws_route.to_peer) == 3
    error_message = "requested, routed on our side, the rest is theirs"
  }
}

run "overlap_with_a_peer_is_refused" {
  command = plan

  variables {
    vpc_peerings = { warehouse = { vpc_id = "vpc-0123456789abcdef0", owner_id = "210987654321", cidr_blocks = ["10.64.0.0/11"] } }
  }
  expect_failures = [aws_vpc.this]
}

run "ranges_beside_each_other_do_not_overlap" {
  command = plan

  variables {
    vpc_peerings = { warehouse = { vpc_id = "vpc-0123456789abcdef0", owner_id = "210987654321", cidr_blocks = ["10.64.0.0/12", "10.83.16.0/20"] } }
  }
}

run "overlap_of_two_peers_is_refused" {
  command = plan

  variables {
    vpc_peerings = {
      one = { vpc_id = "vpc-0123456789abcdef0", owner_id = "210987654321", cidr_blocks = ["10.20.0.0/16"] }
      two = { vpc_id = "vpc-0123456789abcdef1", owner_id = "210987654321", cidr_blocks = ["10.20.128.0/20"] }
    }
  }
  expect_failures = [aws_vpc.this]
}

run "host_bits_are_refused" {
  command = plan

  variables {
    network = { vpc_cidr = "10.83.1.0/20" }
  }
  expect_failures = [var.network]
}

run "no_https_is_refused" {
  command = plan

  variables {
    load_balancer = {}
  }
  expect_failures = [var.load_balancer]
}

run "no_https_when_asked_for" {
  command = plan

  variables {
    load_balancer = { http_only = true }
  }

  assert {
    condition     = length(aws_lb_listener.https) == 0 && one(aws_lb_listener.http.default_action).type == "forward" && length(aws_vpc_security_group_ingress_rule.load_balancer) == 1
    error_message = "HTTP alone"
  }
}

run "the_internet_must_be_named" {
  command = plan

  variables {
    load_balancer = { internal = false, http_only = true }
  }
  expect_failures = [var.load_balancer]
}

run "own_nat_addresses" {
  command = plan

  variables {
    network = { nat_gateways = "per_az", nat_allocation_ids = ["eipalloc-0a", "eipalloc-0b"] }
  }

  assert {
    condition     = length(aws_eip.nat) == 0 && [for gateway in aws_nat_gateway.this : gateway.allocation_id] == ["eipalloc-0a", "eipalloc-0b"]
    error_message = "the given addresses, one per zone"
  }
}

run "without_nat" {
  command = plan

  variables {
    network = { nat_gateways = "none" }
  }

  assert {
    condition     = output.redash.assign_public_ip == "ENABLED" && length(aws_route.private_nat) == 0 && length(aws_nat_gateway.this) == 0
    error_message = "each task has an address of its own, and nothing leads from the private subnets to the internet"
  }
}

run "scaling_to_zero" {
  command = plan

  variables {
    database = { min_acu = 0, auto_pause_seconds = 600 }
  }

  assert {
    condition     = one(aws_rds_cluster.this.serverlessv2_scaling_configuration).seconds_until_auto_pause == 600
    error_message = "paused after ten minutes"
  }
}

# The split topology runs more services on the same infrastructure; they need no more of it than the one does.
run "split_topology" {
  command = plan

  variables {
    task_size = { cpu = 1024, memory = 2048, count = 4 }
  }

  assert {
    condition     = length(local.widgets[6].metrics) == 1 && strcontains(local.widgets[6].metrics[0][0].expression, "SEARCH(")
    error_message = "the dashboard finds every service by itself"
  }
}

run "the_password_is_no_secret_of_tasks" {
  command = plan

  variables {
    secret_names = ["database_password", "database_url"]
  }
  expect_failures = [var.secret_names]
}

run "the_token_is_no_secret_of_tasks" {
  command = plan

  variables {
    secret_names = ["redis_token", "redis_url"]
  }
  expect_failures = [var.secret_names]
}

run "no_token_without_tls" {
  command = plan

  variables {
    redis = { transit_encryption_enabled = false, auth_token_enabled = true }
  }
  expect_failures = [var.redis]
}

run "tls_is_turned_on_by_way_of_preferred" {
  command = plan

  variables {
    redis = { transit_encryption_mode = "preferred", auth_token_enabled = false }
  }

  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "preferred"
    error_message = "TLS beside clear text, for as long as it takes to turn it on"
  }
}

run "no_mode_of_tls_without_tls" {
  command = plan

  variables {
    redis = { transit_encryption_enabled = false, transit_encryption_mode = "required" }
  }
  expect_failures = [var.redis]
}

run "redis_without_a_token_when_asked_for" {
  command = plan

  variables {
    redis = { auth_token_enabled = false }
  }

  assert {
    condition     = !output.redash.redis.auth_token && output.redash.redis.tls
    error_message = "TLS without a token"
  }
}

run "secrets_in_secrets_manager" {
  command = plan

  variables {
    secret_store  = "secrets_manager"
    kms_key_alias = run.setup.kms_key_alias
  }

  assert {
    condition     = length(data.aws_iam_policy_document.execution.statement) == 2 && alltrue([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : contains(["secretsmanager:GetSecretValue", "kms:Decrypt"], statement.Action)])
    error_message = "tasks read Secrets Manager and nothing of Parameter Store"
  }
  assert {
    condition     = alltrue([for arn in jsondecode(aws_iam_role_policy.execution.policy).Statement[0].Resource : can(regex(":secret:/redash/redash-test/[a-z_]+-[?]{6}$", arn))])
    error_message = "this installation's secrets alone, each by its name and the six characters that Secrets Manager adds"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.execution.policy).Statement[1].Condition.StringEquals["kms:ViaService"] == "secretsmanager.ap-northeast-1.amazonaws.com"
    error_message = "the key is used through Secrets Manager alone"
  }
}

run "an_unknown_store_is_refused" {
  command = plan

  variables {
    secret_store = "vault"
  }

  expect_failures = [var.secret_store]
}
