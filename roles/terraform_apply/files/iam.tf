data "aws_iam_policy_document" "ecs_tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    # Only tasks of this account: the service must not act for somebody else's (the confused deputy).
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

# What ECS needs to start a task: pull the image and write logs (the managed policy), read this installation's
# secrets, decrypt with its key.
resource "aws_iam_role" "execution" {
  name                 = "${local.global_name}-execution"
  description          = "Redash ${var.name}: starts ECS tasks"
  assume_role_policy   = data.aws_iam_policy_document.ecs_tasks.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Secrets"
    actions   = [local.secret_store.action]
    resources = [for name in sort(var.secret_names) : "${local.secret_store.arn_prefix}/${name}${local.secret_store.arn_suffix}"]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [local.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.secret_store.service]
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "secrets"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.execution.json
}

# Redash itself needs nothing of AWS. Only a shell in a task (ECS Exec) does.
data "aws_iam_policy_document" "task" {
  statement {
    sid       = "Exec"
    actions   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "task" {
  count = var.ecs_exec ? 1 : 0

  name                 = "${local.global_name}-task"
  description          = "Redash ${var.name}: ECS Exec"
  assume_role_policy   = data.aws_iam_policy_document.ecs_tasks.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "task" {
  count = var.ecs_exec ? 1 : 0

  name   = "exec"
  role   = aws_iam_role.task[0].name
  policy = data.aws_iam_policy_document.task.json
}
