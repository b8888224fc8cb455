locals {
  https            = !var.load_balancer.http_only
  make_certificate = local.https && var.load_balancer.certificate_arn == null
  certificate_arn  = local.make_certificate ? one(aws_acm_certificate_validation.this[*].certificate_arn) : var.load_balancer.certificate_arn
  host             = coalesce(var.load_balancer.host, aws_lb.this.dns_name)
}

resource "aws_lb" "this" {
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = var.load_balancer.internal
  security_groups            = [aws_security_group.load_balancer.id]
  subnets                    = var.load_balancer.internal ? local.private_subnet_ids : local.public_subnet_ids
  idle_timeout               = var.load_balancer.idle_timeout
  drop_invalid_header_fields = true
  enable_deletion_protection = var.load_balancer.deletion_protection

  dynamic "access_logs" {
    for_each = var.load_balancer.access_logs_bucket == null ? [] : [var.load_balancer.access_logs_bucket]

    content {
      bucket  = access_logs.value
      prefix  = var.name
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "server" {
  name                 = "${var.name}-server"
  target_type          = "ip"
  port                 = local.server_port
  protocol             = "HTTP"
  vpc_id               = local.vpc_id
  deregistration_delay = var.load_balancer.deregistration_delay

  health_check {
    path                = "/ping"
    matcher             = "200"
    interval            = 30
    timeout             = 10
    healthy_threshold   = 2
    unhealthy_threshold = 5
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = local.https ? "redirect" : "forward"
    target_group_arn = local.https ? null : aws_lb_target_group.server.arn

    dynamic "redirect" {
      for_each = local.https ? [1] : []

      content {
        port        = "443"
        protocol    = "HTTPS"
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count = local.https ? 1 : 0

  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = var.load_balancer.ssl_policy
  certificate_arn   = local.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.server.arn
  }
}

resource "aws_route53_record" "this" {
  count = var.load_balancer.zone_id == null ? 0 : 1

  zone_id = var.load_balancer.zone_id
  name    = var.load_balancer.host
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = false
  }
}

resource "aws_acm_certificate" "this" {
  count = local.make_certificate ? 1 : 0

  domain_name       = var.load_balancer.host
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "certificate" {
  count = local.make_certificate ? 1 : 0

  zone_id         = var.load_balancer.zone_id
  name            = one(aws_acm_certificate.this[0].domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.this[0].domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.this[0].domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  count = local.make_certificate ? 1 : 0

  certificate_arn         = aws_acm_certificate.this[0].arn
  validation_record_fqdns = aws_route53_record.certificate[*].fqdn
}

# AWS's lists of bad senders and a limit per address. No rule that reads bodies: Redash's carry SQL, which
# the common and the SQL-injection rule sets would take for an attack.
resource "aws_wafv2_web_acl" "this" {
  count = var.load_balancer.web_acl ? 1 : 0

  name        = var.name
  description = "Redash ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "reputation"
    priority = 1

    override_action {
      none {}
    }
    statement {
      managed_rule_group_statement {
        name        = "AWSManagedRulesAmazonIpReputationList"
        vendor_name = "AWS"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-reputation"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "rate"
    priority = 2

    action {
      block {}
    }
    statement {
      rate_based_statement {
        limit              = var.load_balancer.web_acl_rate_limit
        aggregate_key_type = "IP"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.load_balancer.web_acl || var.load_balancer.web_acl_arn != null ? 1 : 0

  resource_arn = aws_lb.this.arn
  web_acl_arn  = var.load_balancer.web_acl ? aws_wafv2_web_acl.this[0].arn : var.load_balancer.web_acl_arn
}
