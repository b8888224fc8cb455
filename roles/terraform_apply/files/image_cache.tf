resource "aws_ecr_pull_through_cache_rule" "docker_hub" {
  count = var.image_cache == null ? 0 : 1

  # One per installation: a rule's prefix belongs to the account and region.
  ecr_repository_prefix = var.name
  upstream_registry_url = "registry-1.docker.io"
  credential_arn        = var.image_cache.docker_hub_credential_arn
}

# The first pull makes the repository, and does it as the task's execution role.
data "aws_iam_policy_document" "image_cache" {
  statement {
    sid       = "PullThrough"
    actions   = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    resources = ["arn:${local.partition}:ecr:${var.region}:${local.account_id}:repository/${var.name}/*"]
  }
}

resource "aws_iam_role_policy" "image_cache" {
  count = var.image_cache == null ? 0 : 1

  name   = "image-cache"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.image_cache.json
}
