# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a Redash works, judged by what it answers; and where to ask, while the name that people type does not lead to it yet.

``/ping`` proves little: Redash answers it with its database down. ``/login`` needs the database, its tables and an organization;
without an administrator it redirects to ``/setup``.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from urllib.parse import urlsplit

NOT_ANSWERED = -1


@dataclass(frozen=True)
class Answer:
    """``status`` as HTTP has it, NOT_ANSWERED where none came; ``why`` says why none came."""

    status: int
    text: str = ""
    location: str = ""
    why: str = ""
    cookies: tuple[str, ...] = ()  # each Set-Cookie
    hsts: str = ""  # Strict-Transport-Security

    @property
    def is_pong(self) -> bool:
        return self.status == 200 and self.text.strip() == "PONG."


@dataclass(frozen=True)
class Way:
    """``connect_to`` is the host to connect to in the place of the address's own, empty for that; ``note`` what a person does about it."""

    connect_to: str = ""
    note: str = ""


def way_to(url: str, load_balancer: str, resolve: Callable[[str], Set[str]]) -> Way:
    """Where to connect for ``url``: to its own host, or to the load balancer itself while the host does not lead there.

    A person can make the DNS entry only when the load balancer exists, which is after the first site.yml has begun.

    ``load_balancer``  its own name; empty where it is not known
    ``resolve``        the addresses of a name; empty where it has none
    """
    host = urlsplit(url).hostname or ""
    if not load_balancer or not host or host.lower() == load_balancer.lower():
        return Way()
    own = resolve(load_balancer)
    found = resolve(host)
    if not own or not found.isdisjoint(own):
        return Way()
    if not found:
        return Way(load_balancer, f"{host} does not resolve yet. Point it to {load_balancer} (a CNAME or an alias record).")
    return Way(
        load_balancer,
        f"{host} leads to {', '.join(sorted(found)[:4])}, not to the load balancer. Point it to {load_balancer},"
        " unless something of yours stands in front of it.",
    )


def insecure(url: str, login: Answer | None) -> list[str]:
    """What of a login page that came by HTTPS a browser would also send in clear; a line each.

    A cookie's value is never part of a line.
    """
    if login is None or login.status != 200 or not url.startswith("https://"):
        return []
    names = [
        cookie.partition("=")[0] for cookie in login.cookies if "secure" not in [part.strip().lower() for part in cookie.split(";")[1:]]
    ]
    lines = [
        f"the cookie {name} has no flag Secure. Leave REDASH_COOKIES_SECURE out of redash_settings, or set it to true." for name in names
    ]
    if not login.hsts:
        lines.append("there is no header Strict-Transport-Security. Leave REDASH_HSTS_ENABLED out of redash_settings, or set it to true.")
    return lines


def problem(url: str, login_path: str, timeout: int, ping: Answer, login: Answer | None) -> str:
    """What is wrong, with what to do; empty when Redash works.

    ``timeout``  seconds for which /ping was asked
    ``login``    the answer to the login page; None when it was not asked
    """
    if not ping.is_pong:
        if "CERTIFICATE_VERIFY_FAILED" in ping.why:
            todo = "The load balancer's certificate is not valid for this name: check its certificate_arn and redash_host."
        elif ping.status in (NOT_ANSWERED, 403):
            todo = (
                "Nothing answers there: check that this machine may reach the load balancer (security group, VPN), or set redash_smoke_url."
            )
        else:
            todo = "Look at the server: ansible-playbook logs.yml."
        return f"{url}/ping: no PONG. within {timeout} s (status {ping.status}: {ping.why}). {todo}"
    if login is None or login.status == 200:
        return ""
    if login.status == 302 and "/setup" in login.location:
        return (
            f"{url}{login_path} leads to /setup: there is no administrator yet, and the first person who opens it becomes one."
            " Run site.yml again at once."
        )
    return (
        f"{url}{login_path}: status {login.status} instead of 200. The server runs, its database or tables do not:"
        " ansible-playbook manage.yml -e cmd=status"
    )
