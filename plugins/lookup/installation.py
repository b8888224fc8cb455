# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: installation
author: The redash.ecs authors (@redash-ecs)
short_description: What Terraform made for an installation
version_added: 0.1.0
description:
  - Reads the outputs that C(site.yml) left in the installation's folder - cluster, subnets, security groups, load balancer, database
    and Redis endpoints, the addresses that data sources allow-list. Nothing in them is secret.
  - An installation whose infrastructure is given in C(redash_infrastructure) returns that.
  - It reads a file on the controller and asks neither AWS nor Terraform.
options:
  _terms:
    description: Hosts of the inventory, each one an installation. The host that the task runs for, if none is named.
    type: list
    elements: str
  key:
    description: Only this part of each, such as V(nat_public_ips) or V(database.endpoint).
    type: str
"""

EXAMPLES = r"""
- name: The addresses from which Redash reaches data sources
  ansible.builtin.debug:
    msg: "{{ lookup('redash.ecs.installation', 'redash-prod', key='nat_public_ips') }}"

- name: Allow Redash to reach a database in the same VPC
  amazon.aws.ec2_security_group:
    name: warehouse
    description: The data warehouse
    vpc_id: "{{ redash.vpc_id }}"
    rules:
      - proto: tcp
        ports: [5432]
        group_id: "{{ redash.task_security_group_ids }}"
  vars:
    redash: "{{ lookup('redash.ecs.installation', 'redash-prod') }}"
"""

RETURN = r"""
_raw:
  description: The outputs of each installation, or the part that O(key) names; docs/own-infrastructure.md lists them.
  type: list
  elements: raw
"""

import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        variables = variables or {}
        self.set_options(var_options=variables, direct=kwargs)
        key = self.get_option("key")
        return [_part(self._outputs(host, variables), key, host) for host in terms or [variables["inventory_hostname"]]]

    def _outputs(self, host: str, variables: dict[str, Any]) -> dict[str, Any]:
        # A lookup sees the variables of the host that the task runs for; another host's are in hostvars.
        if host not in variables["hostvars"]:
            raise AnsibleError(f"redash.ecs.installation: {host} is no host of the inventory. Name an installation.")
        of_host = variables if host == variables.get("inventory_hostname") else variables["hostvars"][host]
        if given := self._templated(of_host, "redash_infrastructure"):
            return dict(given)
        name = self._templated(of_host, "redash_name") or host
        folder = self._templated(of_host, "redash_work_dir") or f"{of_host['inventory_dir']}/.redash/{name}"
        path = Path(folder) / "infrastructure.json"
        try:
            return dict(json.loads(path.read_text()))
        except FileNotFoundError:
            raise AnsibleError(f"redash.ecs.installation: {host} has no {path}. Run site.yml on it first.") from None

    def _templated(self, variables: Any, name: str) -> Any:
        value = variables.get(name)
        return self._templar.template(value) if value else None


def _part(outputs: dict[str, Any], key: str | None, host: str) -> Any:
    found: Any = outputs
    for word in key.split(".") if key else []:
        if not isinstance(found, dict) or word not in found:
            raise AnsibleError(f"redash.ecs.installation: {host} has no {key}. It has {', '.join(sorted(outputs))}.")
        found = found[word]
    return found
