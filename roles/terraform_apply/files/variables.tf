variable "name" {
  description = "Name of the installation: the prefix of every resource, the ECS cluster's name, the end of /redash/<name>."
  type        = string

  validation {
    # A target group's name ends at 32 characters; RDS and ElastiCache refuse two hyphens in a row.
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) >= 3 && length(var.name) <= 24
    error_message = "name \"${var.name}\": 3 to 24 lower-case letters, digits and single inner hyphens, beginning with a letter."
  }
  validation {
    condition     = !startswith(var.name, "internal-")
    error_message = "name \"${var.name}\": a load balancer's name can't begin with \"internal-\"."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
}

variable "tags" {
  description = "Tags of every resource, beside Application, Installation and ManagedBy."
  type        = map(string)
  default     = {}
}

variable "secret_store" {
  description = "Where the secrets are kept: parameter_store or secrets_manager."
  type        = string
  default     = "parameter_store"

  validation {
    condition     = contains(["parameter_store", "secrets_manager"], var.secret_store)
    error_message = "secret_store is parameter_store or secrets_manager."
  }
}

variable "secret_prefix" {
  description = "What the secrets' names begin with in secret_store; null means /redash/<name>. <secret_prefix>/database_password must exist before the first apply."
  type        = string
  default     = null

  validation {
    condition     = var.secret_prefix == null || can(regex("^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", var.secret_prefix))
    error_message = "secret_prefix is a path such as /redash/prod, without a slash at its end."
  }
}

variable "secret_names" {
  description = "Secrets below secret_prefix that tasks may read. Never database_password and redis_token: tasks get whole URLs."
  type        = set(string)
  default     = ["admin_password", "cookie_secret", "database_url", "redis_url", "secret_key"]

  validation {
    condition     = length(setintersection(var.secret_names, ["database_password", "redis_token"])) == 0
    error_message = "secret_names: tasks read database_url and redis_url, never database_password and redis_token."
  }
}

variable "database_password_version" {
  description = "Version of the secret <secret_prefix>/database_password. Another number writes the password to the cluster again. Not secret."
  type        = number
  default     = 1

  validation {
    condition     = var.database_password_version >= 1 && floor(var.database_password_version) == var.database_password_version
    error_message = "database_password_version is a whole number from 1."
  }
}

variable "kms_key_alias" {
  description = "Alias of an existing KMS key (alias/...) for secrets, database and Redis. null makes a key with the alias alias/redash/<name>."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_alias == null || can(regex("^alias/[A-Za-z0-9/_-]+$", var.kms_key_alias))
    error_message = "kms_key_alias begins with alias/, as in alias/redash/prod."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of every role that this module makes."
  type        = string
  default     = null
}

variable "network" {
  description = <<-EOT
    The network. A new VPC by default; an existing one when vpc_id is given, with its subnets.
    - vpc_cidr: range of the new VPC, /16 to /24. It can't be changed later.
    - az_count: zones to use, 2 or 3. availability_zones names them instead.
    - nat_gateways: single, per_az or none. Their addresses are what data sources allow-list. Without them (and without
      interface_endpoints) each task gets a public address of its own, a different one at every start.
    - nat_allocation_ids: your own elastic IPs for them, one per NAT gateway; empty makes new ones.
    - interface_endpoints: AWS services to reach without NAT, such as ecr.api, ecr.dkr, logs, ssm, kms (each costs per zone and hour).
    - gateway_endpoints: the same for s3 and dynamodb, free. ECR keeps image layers in S3.
    - vpc_id, public_subnet_ids, private_subnet_ids: an existing network. Its routes, NAT and peerings stay yours.
  EOT
  type = object({
    vpc_cidr            = optional(string, "10.83.0.0/20")
    az_count            = optional(number, 2)
    availability_zones  = optional(list(string), [])
    nat_gateways        = optional(string, "single")
    nat_allocation_ids  = optional(list(string), [])
    gateway_endpoints   = optional(set(string), ["s3"])
    interface_endpoints = optional(set(string), [])
    vpc_id              = optional(string)
    public_subnet_ids   = optional(list(string), [])
    private_subnet_ids  = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = try(cidrhost(var.network.vpc_cidr, 0) == split("/", var.network.vpc_cidr)[0], false)
    error_message = "network.vpc_cidr ${var.network.vpc_cidr} is no IPv4 network address such as 10.83.0.0/20 (no host bits set)."
  }
  validation {
    condition     = try(tonumber(split("/", var.network.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.network.vpc_cidr)[1]) <= 24, false)
    error_message = "network.vpc_cidr ${var.network.vpc_cidr} must lie between /16 and /24."
  }
  validation {
    condition     = contains([2, 3], var.network.az_count)
    error_message = "network.az_count ${var.network.az_count}: 2 or 3 (a load balancer and an Aurora subnet group need two zones)."
  }
  validation {
    condition     = contains([0, 2, 3], length(var.network.availability_zones)) && length(distinct(var.network.availability_zones)) == length(var.network.availability_zones)
    error_message = "network.availability_zones names two or three different zones, or none."
  }
  validation {
    condition     = contains(["none", "single", "per_az"], var.network.nat_gateways)
    error_message = "network.nat_gateways \"${var.network.nat_gateways}\": none, single or per_az."
  }
  validation {
    condition = length(var.network.nat_allocation_ids) == 0 || length(var.network.nat_allocation_ids) == lookup({
      none   = 0
      single = 1
      per_az = length(var.network.availability_zones) > 0 ? length(var.network.availability_zones) : var.network.az_count
    }, var.network.nat_gateways, 0)
    error_message = "network.nat_allocation_ids: one elastic IP per NAT gateway, or none."
  }
  validation {
    condition     = alltrue([for service in var.network.gateway_endpoints : contains(["s3", "dynamodb"], service)])
    error_message = "network.gateway_endpoints: only s3 and dynamodb have one."
  }
  validation {
    condition     = var.network.vpc_id == null ? length(var.network.private_subnet_ids) + length(var.network.public_subnet_ids) == 0 : length(var.network.private_subnet_ids) >= 2
    error_message = "network: an existing VPC needs vpc_id and at least two private_subnet_ids (in different zones); subnets without vpc_id make no sense."
  }
  validation {
    condition     = var.network.vpc_id == null || length(var.network.interface_endpoints) == 0
    error_message = "network.interface_endpoints: an existing VPC's endpoints are yours; leave them out."
  }
}

variable "vpc_peerings" {
  description = <<-EOT
    VPCs that hold data sources, by a name of your choice.
    - vpc_id, cidr_blocks: the peer and its ranges.
    - owner_id, region: of a peer in another account or region. Its owner accepts the request and sets the routes back; outputs name the request.
    - route_table_ids: where the routes back go when the peer is ours (same account and region); empty means every route table of the peer.
    - remote_dns: resolve the other side's public names to private addresses, both ways, when the peer is ours.
  EOT
  type = map(object({
    vpc_id          = string
    cidr_blocks     = list(string)
    owner_id        = optional(string)
    region          = optional(string)
    route_table_ids = optional(list(string), [])
    remote_dns      = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for peer in values(var.vpc_peerings) : length(peer.cidr_blocks) > 0 && alltrue([for cidr in peer.cidr_blocks : try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    ])
    error_message = "vpc_peerings: each needs at least one IPv4 network address in cidr_blocks (no host bits set)."
  }
  validation {
    condition     = alltrue([for peer in values(var.vpc_peerings) : length(peer.route_table_ids) == 0 || (peer.owner_id == null && peer.region == null)])
    error_message = "vpc_peerings: route_table_ids can be set only for a peer in this account and region."
  }
  validation {
    condition     = length(var.vpc_peerings) == 0 || var.network.vpc_id == null
    error_message = "vpc_peerings: an existing VPC's peerings are yours; leave them out, or let a new VPC be made."
  }
}

variable "load_balancer" {
  description = <<-EOT
    The load balancer. HTTPS unless http_only.
    - internal: reachable from the VPC and its peers only (default), or from the internet.
    - ingress_cidrs: who may connect. null means the VPC and its peers; an internet-facing one must name its ranges.
    - certificate_arn: ACM certificate. Without one, host and zone_id get a certificate made and validated by DNS.
    - http_only: no HTTPS at all; passwords cross the network in clear.
    - host, zone_id: a Route 53 alias record for the load balancer, and the name in the address of Redash.
    - web_acl: true makes a WAF with AWS's reputation list and a limit of requests per address; web_acl_arn brings your own.
    - idle_timeout: seconds; a query's result may take longer than AWS's own default of 60.
    - access_logs_bucket: S3 bucket for access logs.
  EOT
  type = object({
    internal             = optional(bool, true)
    ingress_cidrs        = optional(list(string))
    certificate_arn      = optional(string)
    http_only            = optional(bool, false)
    host                 = optional(string)
    zone_id              = optional(string)
    ssl_policy           = optional(string, "ELBSecurityPolicy-TLS13-1-2-2021-06")
    idle_timeout         = optional(number, 120)
    deregistration_delay = optional(number, 60)
    deletion_protection  = optional(bool, true)
    access_logs_bucket   = optional(string)
    web_acl              = optional(bool, false)
    web_acl_arn          = optional(string)
    web_acl_rate_limit   = optional(number, 3000)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for cidr in coalesce(var.load_balancer.ingress_cidrs, []) : can(cidrhost(cidr, 0))])
    error_message = "load_balancer.ingress_cidrs must be IPv4 ranges such as 198.51.100.0/24."
  }
  validation {
    condition     = var.load_balancer.internal || length(coalesce(var.load_balancer.ingress_cidrs, [])) > 0
    error_message = "load_balancer.ingress_cidrs: an internet-facing load balancer must say who may connect ([\"0.0.0.0/0\"] if really everybody)."
  }
  validation {
    condition     = var.load_balancer.http_only || var.load_balancer.certificate_arn != null || (var.load_balancer.host != null && var.load_balancer.zone_id != null)
    error_message = "load_balancer: HTTPS needs certificate_arn, or host and zone_id to have a certificate made. To go without HTTPS set http_only: passwords then cross the network in clear."
  }
  validation {
    condition     = !(var.load_balancer.http_only && var.load_balancer.certificate_arn != null)
    error_message = "load_balancer: http_only and certificate_arn contradict each other."
  }
  validation {
    condition     = var.load_balancer.zone_id == null || var.load_balancer.host != null
    error_message = "load_balancer.zone_id: set host as well, the name of the record."
  }
  validation {
    condition     = !(var.load_balancer.web_acl && var.load_balancer.web_acl_arn != null)
    error_message = "load_balancer: web_acl makes a WAF, web_acl_arn brings one; choose one of them."
  }
  validation {
    condition     = var.network.vpc_id == null || var.load_balancer.internal || length(var.network.public_subnet_ids) >= 2
    error_message = "load_balancer: an internet-facing one in an existing VPC needs two network.public_subnet_ids."
  }
}

variable "database" {
  description = <<-EOT
    Aurora PostgreSQL, Serverless v2.
    - min_acu, max_acu: capacity in steps of 0.5. min_acu 0 pauses the cluster after auto_pause_seconds without connections.
    - instance_count: 2 for a second one that takes over.
    - engine_version: of Aurora PostgreSQL, with its minor. Minor upgrades are yours to choose unless auto_minor_version_upgrade.
    - snapshot_identifier: start from this snapshot; read only when the cluster is made.
    - ssl_required: refuse connections without TLS.
    - performance_insights, log_exports, backup_plan: insights, PostgreSQL's log in CloudWatch, AWS Backup beside the cluster's own backups.
  EOT
  type = object({
    engine_version             = optional(string, "17.7")
    name                       = optional(string, "redash")
    username                   = optional(string, "redash")
    instance_count             = optional(number, 1)
    min_acu                    = optional(number, 0.5)
    max_acu                    = optional(number, 4)
    auto_pause_seconds         = optional(number, 3600)
    ssl_required               = optional(bool, true)
    backup_retention_days      = optional(number, 7)
    backup_window              = optional(string, "17:00-18:00")
    maintenance_window         = optional(string, "sun:18:30-sun:19:30")
    auto_minor_version_upgrade = optional(bool, false)
    deletion_protection        = optional(bool, true)
    skip_final_snapshot        = optional(bool, false)
    snapshot_identifier        = optional(string)
    performance_insights       = optional(bool, true)
    log_exports                = optional(bool, true)
    apply_immediately          = optional(bool, false)
    backup_plan                = optional(bool, false)
    backup_plan_days           = optional(number, 35)
  })
  default  = {}
  nullable = false

  validation {
    condition = (
      var.database.min_acu >= 0 && var.database.min_acu <= var.database.max_acu && var.database.max_acu >= 1 && var.database.max_acu <= 256
      && floor(var.database.min_acu * 2) == var.database.min_acu * 2 && floor(var.database.max_acu * 2) == var.database.max_acu * 2
    )
    error_message = "database: min_acu ${var.database.min_acu} and max_acu ${var.database.max_acu} go in steps of 0.5, min_acu from 0, max_acu from 1 to 256, min_acu <= max_acu."
  }
  validation {
    condition     = var.database.auto_pause_seconds >= 300 && var.database.auto_pause_seconds <= 86400
    error_message = "database.auto_pause_seconds ${var.database.auto_pause_seconds}: 300 to 86400."
  }
  validation {
    condition     = var.database.instance_count >= 1 && var.database.instance_count <= 15
    error_message = "database.instance_count ${var.database.instance_count}: 1 to 15."
  }
  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+$", var.database.engine_version))
    error_message = "database.engine_version \"${var.database.engine_version}\": with its minor, such as 17.7."
  }
  validation {
    condition     = var.database.backup_retention_days >= 1 && var.database.backup_retention_days <= 35
    error_message = "database.backup_retention_days ${var.database.backup_retention_days}: 1 to 35."
  }
  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database.name)) && can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database.username)) && !contains(["postgres", "rdsadmin", "admin"], var.database.username)
    error_message = "database: name and username are lower-case letters, digits and underscores; postgres, rdsadmin and admin are taken."
  }
}

variable "redis" {
  description = <<-EOT
    ElastiCache.
    - engine, engine_version: redis 7.1, or valkey with 7.2 or 8.0.
    - num_cache_clusters: 2 or more replicate over the zones and take over.
    - transit_encryption_enabled: TLS; Redash then uses rediss://.
    - transit_encryption_mode: only to turn TLS on where ElastiCache runs without: preferred first, which still takes clients
      in clear, and required in a later apply.
    - auth_token_enabled: Redis demands a token, too; null means with TLS. The token is set after Terraform (redis.tf says why).
    - snapshot_retention_days: daily snapshots to keep; 0 for none.
  EOT
  type = object({
    engine                     = optional(string, "redis")
    engine_version             = optional(string, "7.1")
    node_type                  = optional(string, "cache.t4g.micro")
    num_cache_clusters         = optional(number, 1)
    transit_encryption_enabled = optional(bool, true)
    transit_encryption_mode    = optional(string)
    auth_token_enabled         = optional(bool)
    snapshot_retention_days    = optional(number, 1)
    maintenance_window         = optional(string, "sun:18:30-sun:19:30")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["redis", "valkey"], var.redis.engine)
    error_message = "redis.engine \"${var.redis.engine}\": redis or valkey."
  }
  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+$", var.redis.engine_version))
    error_message = "redis.engine_version \"${var.redis.engine_version}\": with its minor, such as 7.1."
  }
  validation {
    condition     = var.redis.num_cache_clusters >= 1 && var.redis.num_cache_clusters <= 6
    error_message = "redis.num_cache_clusters ${var.redis.num_cache_clusters}: 1 to 6."
  }
  validation {
    condition     = var.redis.auth_token_enabled != true || var.redis.transit_encryption_enabled
    error_message = "redis.auth_token_enabled: ElastiCache has tokens only with TLS (transit_encryption_enabled)."
  }
  validation {
    condition     = var.redis.transit_encryption_mode == null || try(contains(["preferred", "required"], var.redis.transit_encryption_mode) && var.redis.transit_encryption_enabled, false)
    error_message = "redis.transit_encryption_mode \"${coalesce(var.redis.transit_encryption_mode, "null")}\": preferred or required, and only with TLS (transit_encryption_enabled)."
  }
}

variable "container_insights" {
  description = "CloudWatch Container Insights of the cluster: disabled, enabled or enhanced. It costs per metric."
  type        = string
  default     = "disabled"

  validation {
    condition     = contains(["disabled", "enabled", "enhanced"], var.container_insights)
    error_message = "container_insights \"${var.container_insights}\": disabled, enabled or enhanced."
  }
}

variable "ecs_exec" {
  description = "Make a task role that allows ECS Exec (a shell in a running task). Without it tasks have no role at all."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days to keep the tasks' logs."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, 0], var.log_retention_days)
    error_message = "log_retention_days ${var.log_retention_days} is none of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, ... (0 keeps them for ever)."
  }
}

variable "operations" {
  description = <<-EOT
    Watching over it.
    - alarms: no healthy server, errors (5xx), a queue that nobody works on, database connections, Redis's memory, tasks that stop by themselves.
    - topic_arn: an SNS topic of yours to tell; null makes one. emails: who subscribes to the one that is made (each confirms by mail).
    - errors: 5xx answers within five minutes that are too many. database_connections: null means four fifths of what max_acu allows.
    - dashboard: a CloudWatch dashboard: is it healthy, is it slow, what does it cost.
  EOT
  type = object({
    alarms               = optional(bool, true)
    topic_arn            = optional(string)
    emails               = optional(set(string), [])
    errors               = optional(number, 10)
    database_connections = optional(number)
    dashboard            = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.operations.topic_arn == null || length(var.operations.emails) == 0
    error_message = "operations: emails subscribe to the topic that is made; with topic_arn the subscriptions are yours."
  }
}

variable "image_cache" {
  description = <<-EOT
    Pull Docker Hub's images through ECR: faster starts, no rate limit.
    - docker_hub_credential_arn: a Secrets Manager secret named ecr-pullthroughcache/..., which AWS demands for Docker Hub.
  EOT
  type = object({
    docker_hub_credential_arn = string
  })
  default = null

  validation {
    condition     = var.image_cache == null || can(regex(":secret:ecr-pullthroughcache/", var.image_cache.docker_hub_credential_arn))
    error_message = "image_cache.docker_hub_credential_arn: AWS takes only a secret whose name begins with ecr-pullthroughcache/."
  }
}

variable "task_size" {
  description = "vCPU units, MiB and number of the tasks that run all the time. For the cost alone: the task definition is Ansible's."
  type = object({
    cpu    = optional(number, 2048)
    memory = optional(number, 4096)
    count  = optional(number, 1)
  })
  default  = {}
  nullable = false
}

variable "prices" {
  description = "US dollars, by the hour unless said otherwise, for the cost estimate. Defaults: AWS's list prices of us-east-1 (cost.tf says of when); give your region's."
  type        = map(number)
  default     = {}
}
