#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_terraform
short_description: Apply a Terraform module, seeing what it does and keeping what must be kept
version_added: 0.1.0
description:
  - Works with Terraform and with OpenTofu, its open fork. O(binary) says which.
  - Plans to a file, says the plan in words (with C(--diff), sensitive values masked), applies exactly that plan, and returns the outputs.
    The plan file is removed whatever happens.
  - Works in a copy of the module, never in place. Variables go there as a file that only its owner may read; nothing secret goes through
    an argument.
  - A plan that destroys or replaces a protected resource is refused, unless O(allow_replacement) names it. What it would have done besides
    is in C(refused.txt) in O(work_dir).
  - A resource whose creation was cut off and that AWS protects against deletion is not replaced, but taken as it is and completed.
  - What exists on AWS without being in the state is named with the O(imports) that take it over.
  - Before it plans, it compares the name, the region, the AWS account and the partition of what exists with what is wanted, and refuses
    a difference. With an empty state it refuses, too, when the database or a used ECS cluster of this name exists on AWS.
  - Shows what Terraform does while it does it. Its errors come back one line each.
  - Interrupted (Ctrl-C, an AWX cancel, a task's C(timeout)), Terraform is told once and awaited, so that its state is saved and its lock
    released. If this process is killed outright, Linux interrupts Terraform in its stead; elsewhere Terraform finishes alone.
  - One run at a time works in O(work_dir). The next one waits, saying for which process, and goes on when that process is dead.
  - Resources that a killed run made and could not note in the state are taken over (Terraform's C(import) blocks) when the run before
    was killed or AWS refuses a resource because it exists, and only if they carry every tag that the plan gives them. Others are refused.
  - The AWS provider comes from what the machine has - a CLI configuration, Terraform's own mirror folders, a mirror folder
    C(registry.terraform.io/hashicorp/aws) or, for OpenTofu, C(registry.opentofu.org/hashicorp/aws), below C(/opt),
    C(/usr/local), C(/usr/share), C(/usr/lib), C(/var/lib) or the home folder - and
    otherwise from the registry.
  - The connection options reach Terraform as environment variables. With an O(endpoint_url) on this machine, all AWS settings and
    credentials of the shell are shut out.
requirements:
  - Terraform 1.11 or newer, or OpenTofu 1.11 or newer
author:
  - The redash.ecs authors (@redash-ecs)
options:
  project_path:
    description: Folder of the Terraform module.
    type: path
    required: true
  work_dir:
    description: Folder for the copy, the providers and, with the local backend, the state. Keep it.
    type: path
    required: true
  state:
    description: V(absent) destroys everything that the module made. Protected resources need O(allow_replacement) then, too.
    type: str
    choices: [present, absent]
    default: present
  variables:
    description: The module's variables. None of them may be secret, as they are written to a file in O(work_dir).
    type: dict
    default: {}
  environment:
    description:
      - Further environment variables of Terraform, such as a proxy.
      - C(TF_LOG) and its kind are left out, here and of the shell, and that is said. That log would hold the database's password.
    type: dict
    default: {}
  binary:
    description:
      - Name on PATH or full path of Terraform or OpenTofu. Each is known by what it says of itself, whatever its file is called.
      - Empty, C(terraform) is looked for on PATH, then C(tofu), then both in the virtual environment that runs this. The first one that is
        new enough is taken. Where a state exists, only the kind that made it will do.
      - OpenTofu goes on with a state that Terraform made only where it is named here. Terraform never goes on with one that OpenTofu made.
    type: str
    default: ""
    version_added: 0.2.0
  backend:
    description: Where the state is kept.
    type: dict
    default: {type: local}
    suboptions:
      type:
        description: Terraform's name of the backend, such as V(local) or V(s3).
        type: str
        default: local
      config:
        description: Its configuration, such as C(bucket), C(key), C(region) and C(use_lockfile) of V(s3). No credentials.
        type: dict
        default: {}
  workspace:
    description: Terraform workspace; made if there is none.
    type: str
    default: default
  protected:
    description: Resource types or addresses that are never destroyed or replaced without leave.
    type: list
    elements: str
    default:
      - aws_ecs_cluster
      - aws_eip
      - aws_elasticache_replication_group
      - aws_kms_key
      - aws_rds_cluster
      - aws_rds_cluster_instance
      - aws_vpc
  allow_replacement:
    description: Protected types or addresses that may be destroyed or replaced in this run. V(all) allows everything.
    type: list
    elements: str
    default: []
  half_made:
    description:
      - Protected types or addresses that hold nothing yet. Where nothing but a creation that was cut off asks for it, they are made anew
        without O(allow_replacement), so that a killed run converges.
    type: list
    elements: str
    default: []
  targets:
    description: Addresses to limit the run to.
    type: list
    elements: str
    default: []
  existing_only:
    description: Leave out those of O(targets) that the state does not hold; with none left, do nothing.
    type: bool
    default: false
  imports:
    description:
      - What exists on AWS and is to come into the state, by its address in the module; the value is what the provider's page of its type
        says under "Import". One that the state holds already is left as it is.
    type: dict
    default: {}
  recorded:
    description:
      - File in which an earlier run noted the output C(redash), such as C(infrastructure.json). One that is not there says nothing.
      - This file and the state must say the name and the region of O(variables), and this AWS account. Otherwise nothing is planned.
    type: path
    version_added: 0.2.0
  lock_timeout:
    description: Seconds to wait for another run, in the same O(work_dir) or anywhere with a lock on the state.
    type: int
    default: 300
  force_unlock:
    description: ID of a lock to release first, left behind by a run that is dead. The error message about the lock names it.
    type: str
  parallelism:
    description: How many resources Terraform works on at once.
    type: int
    default: 10
  skip_unchanged:
    description:
      - Leave Terraform out if the module, its variables and its backend are as they were at the last complete apply.
        Quick, and blind to what others changed on AWS.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    details: The copy in O(work_dir) is brought up to date and initialised, the plan is made and shown, nothing is applied.
  diff_mode:
    support: full
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.stream
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Infrastructure, with its state beside the inventory
  redash.ecs.redash_terraform:
    project_path: "{{ role_path }}/files"
    work_dir: "{{ inventory_dir }}/.redash/redash-prod/terraform"
    region: ap-northeast-1
    variables:
      name: redash-prod
      region: ap-northeast-1
      load_balancer:
        certificate_arn: arn:aws:acm:ap-northeast-1:123456789012:certificate/11111111-2222-3333-4444-555555555555
  register: infrastructure

- name: Show what its outputs are
  ansible.builtin.debug:
    var: infrastructure.outputs.redash

- name: The same with its state in S3, locked there
  redash.ecs.redash_terraform:
    project_path: "{{ role_path }}/files"
    work_dir: /var/tmp/redash-prod
    region: ap-northeast-1
    variables:
      name: redash-prod
      region: ap-northeast-1
      load_balancer:
        http_only: true
    backend:
      type: s3
      config:
        bucket: example-terraform-states
        key: redash/redash-prod.tfstate
        region: ap-northeast-1
        encrypt: true
        use_lockfile: true

- name: Take everything down, the database included
  redash.ecs.redash_terraform:
    project_path: "{{ role_path }}/files"
    work_dir: "{{ inventory_dir }}/.redash/redash-prod/terraform"
    region: ap-northeast-1
    variables:
      name: redash-prod
      region: ap-northeast-1
      load_balancer:
        http_only: true
    state: absent
    allow_replacement: [all]
"""

RETURN = r"""
summary:
  description: The plan in numbers.
  returned: success
  type: str
  sample: 2 to create, 1 to change
changes:
  description: What the plan changes.
  returned: when a plan was made
  type: list
  elements: dict
  contains:
    address:
      description: Address of the resource.
      type: str
      sample: aws_lb.this
    action:
      description: create, update, delete, replace, forget or import.
      type: str
      sample: update
    attributes:
      description: What changes in it, secrets masked.
      type: list
      elements: str
      sample: ["idle_timeout: 60 -> 120"]
outputs:
  description: Outputs of the module that are not sensitive. In check mode those of the last apply.
  returned: success
  type: dict
  sample: {redash: {name: redash-prod, cluster_name: redash-prod}}
work_dir:
  description: The folder with the copy of the module.
  returned: success
  type: str
  sample: /srv/inventory/.redash/redash-prod/terraform
reported:
  description: The lines of progress, where they could not be shown live.
  returned: without live output
  type: list
  elements: str
  sample: ["created aws_vpc.this[0]  12 s"]
"""

from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.terraform.work import SPECIFICATION, run


def main() -> None:
    run_aws_module(run, **SPECIFICATION)


if __name__ == "__main__":
    main()
