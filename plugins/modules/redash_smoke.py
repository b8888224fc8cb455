#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_smoke
short_description: Ask a Redash through its load balancer whether it works
version_added: 0.1.0
description:
  - C(/ping) must answer C(PONG.), and the login page must answer with status 200.
  - C(/ping) alone proves little, since Redash answers it with its database down. The login page needs the database, its tables, and an
    organization. Without an administrator it redirects to C(/setup).
  - While the host of O(url) does not resolve, or leads elsewhere, the module connects to O(load_balancer) in its place. It still asks for
    the host of O(url), by the host header and by the name that the certificate must have, and RV(note) says where to point the host.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  url:
    description: Address of the Redash, with its scheme and without a path.
    type: str
    required: true
  host_header:
    description: Host header to send, where the address is not the one that people type.
    type: str
    default: ""
  load_balancer:
    description: The load balancer's own DNS name. Left out, the module only connects to the host of O(url).
    type: str
    default: ""
  login_path:
    description: Path of the login page. With C(REDASH_MULTI_ORG) that of an organization, such as C(/default/login).
    type: str
    default: /login
  timeout:
    description: Seconds to wait for the first good answer to C(/ping).
    type: int
    default: 120
  only_reach:
    description: Only asks whether anything answers, however ill it is. Never fails.
    type: bool
    default: false
extends_documentation_fragment:
  - redash.ecs.attributes
attributes:
  check_mode:
    support: full
    details: Asks nothing, since in check mode nothing was deployed. With O(only_reach=true) it asks as ever.
  diff_mode:
    support: none
    details: Changes nothing, so there is no difference to show.
"""

EXAMPLES = r"""
- name: See whether Redash works for people
  redash.ecs.redash_smoke:
    url: https://redash.example.com

- name: See whether it works before its DNS entry exists
  redash.ecs.redash_smoke:
    url: https://redash.example.com
    load_balancer: internal-redash-prod-123.ap-northeast-1.elb.amazonaws.com
  register: smoke
"""

RETURN = r"""
url:
  description: The address that was asked for.
  returned: always
  type: str
connected_to:
  description: The host that was connected to in the place of the address's own; empty for that one.
  returned: always
  type: str
note:
  description: What to do about the DNS entry; empty when nothing is to be done.
  returned: always
  type: str
insecure:
  description: What of a login page that came by HTTPS a browser would also send in clear, a line each. No line holds a value.
  returned: when it asked for the login page
  type: list
  elements: str
status:
  description: Status of the last answer; -1 where none came.
  returned: when it asked
  type: int
msg:
  description: What is wrong, with what to do; why nothing answered.
  returned: always
  type: str
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

from ansible_collections.redash.ecs.plugins.module_utils.context import Clock
from ansible_collections.redash.ecs.plugins.module_utils.core.smoke import NOT_ANSWERED, Answer, insecure, problem, way_to

PAUSE = 5.0  # seconds between two looks
ANSWERS_WITHIN = 10  # seconds for one answer
# A page is cut off here: what is looked for stands at its begin.
MOST = 64 * 1024
REACH_TRIES = 3
REACH_PAUSE = 2.0


def addresses(name: str) -> frozenset[str]:
    """The addresses of a host; none where it does not resolve."""
    try:
        return frozenset(str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return frozenset()


class _Elsewhere(http.client.HTTPSConnection):
    """HTTPS to another host than the one asked for: the certificate must be the latter's."""

    def __init__(self, host: str, port: int | None, connect_to: str) -> None:
        self._context_of_ours = ssl.create_default_context()
        super().__init__(host, port, timeout=ANSWERS_WITHIN, context=self._context_of_ours)
        self._connect_to = connect_to

    def connect(self) -> None:
        plain = socket.create_connection((self._connect_to, self.port), self.timeout)
        self.sock = self._context_of_ours.wrap_socket(plain, server_hostname=self.host)


def ask(url: str, host_header: str, connect_to: str) -> Answer:
    """One GET, without following a redirect. Whatever keeps an answer from coming is its ``why``."""
    headers = {"Host": host_header} if host_header else {}
    try:
        if connect_to:
            parts = urlsplit(url)
            connection: http.client.HTTPConnection
            if parts.scheme == "https":
                connection = _Elsewhere(parts.hostname or "", parts.port, connect_to)
            else:
                connection = http.client.HTTPConnection(connect_to, parts.port, timeout=ANSWERS_WITHIN)
                headers = {"Host": parts.netloc, **headers}
            try:
                connection.request("GET", parts.path, headers=headers)
                answer = connection.getresponse()
                return _answer(answer.status, answer, answer.headers, answer.reason)
            finally:
                connection.close()
        reply = open_url(url, headers=headers, follow_redirects="none", timeout=ANSWERS_WITHIN)
        return _answer(reply.code, reply, reply.headers, "OK")
    except HTTPError as error:
        return _answer(error.code, error, error.headers, str(error.reason))
    except (OSError, http.client.HTTPException, ValueError) as error:  # TLS's and urllib's are OSErrors
        return Answer(NOT_ANSWERED, why=str(error.reason if isinstance(error, URLError) else error) or type(error).__name__)


def _answer(status: int, body: Any, headers: Any, why: str) -> Answer:
    return Answer(
        status,
        body.read(MOST).decode("utf-8", "replace"),
        headers.get("Location") or "",
        why,
        tuple(headers.get_all("Set-Cookie") or ()),
        headers.get("Strict-Transport-Security") or "",
    )


def run(
    params: dict[str, Any],
    check_mode: bool,
    clock: Clock,
    asked: Callable[[str, str, str], Answer] = ask,
    resolve: Callable[[str], frozenset[str]] = addresses,
) -> dict[str, Any]:
    """The module's result; ``failed`` is true where Redash does not work."""
    url = params["url"].rstrip("/")
    if check_mode and not params["only_reach"]:
        return {"changed": False, "url": url, "connected_to": "", "note": "", "msg": ""}
    way = way_to(url, params["load_balancer"], resolve)
    result = {"changed": False, "url": url, "connected_to": way.connect_to, "note": way.note}
    if params["only_reach"]:
        tries = 1
        while (ping := asked(f"{url}/ping", params["host_header"], way.connect_to)).status == NOT_ANSWERED and tries < REACH_TRIES:
            clock.sleep(REACH_PAUSE)
            tries += 1
        return {**result, "status": ping.status, "msg": ping.why}
    deadline = clock.monotonic() + params["timeout"]
    while not (ping := asked(f"{url}/ping", params["host_header"], way.connect_to)).is_pong and clock.monotonic() + PAUSE <= deadline:
        clock.sleep(PAUSE)
    login = asked(f"{url}{params['login_path']}", params["host_header"], way.connect_to) if ping.is_pong else None
    msg = problem(url, params["login_path"], params["timeout"], ping, login)
    if msg and way.note:
        msg = f"{msg} ({way.note})"
    return {
        **result,
        "insecure": insecure(url, login),
        "status": (login or ping).status,
        "msg": msg,
        **({"failed": True} if msg else {}),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "host_header": {"type": "str", "default": ""},
            "load_balancer": {"type": "str", "default": ""},
            "login_path": {"type": "str", "default": "/login"},
            "timeout": {"type": "int", "default": 120},
            "only_reach": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    result = run(module.params, bool(module.check_mode), Clock(monotonic=time.monotonic, sleep=time.sleep))
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
