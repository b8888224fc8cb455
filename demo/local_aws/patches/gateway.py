# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A load balancer's host belonged to it last: other services took its requests by their path alone. Seen with MiniStack 1.5.33.

POST /login was Cognito's, so signing in to Redash failed for everybody at the demo's address; /oauth2/login, /oauth2/token,
/.well-known/..., /health and others went the same way. In AWS, a host decides before any path does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app
from ministack.services import alb

Handler = Callable[..., Awaitable[Any]]


def apply() -> None:
    app._handle_pre_body_request = _not_of_a_load_balancer(app._handle_pre_body_request)
    app._handle_post_body_shortcuts = _not_of_a_load_balancer(app._handle_post_body_shortcuts)
    app._handle_special_data_plane_request = _of_a_load_balancer_first(app._handle_special_data_plane_request)


def _is_a_load_balancers(host: str) -> bool:
    return app._is_potential_alb_request(host, "") and alb.find_lb_for_host(host) is not None


def _not_of_a_load_balancer(handle: Handler) -> Handler:
    async def handle_others(method: str, path: str, headers: dict[str, str], *rest: Any) -> Any:
        if _is_a_load_balancers(headers.get("host", "")):
            return None
        return await handle(method, path, headers, *rest)

    return handle_others


def _of_a_load_balancer_first(handle: Handler) -> Handler:
    async def handle_after_it(
        method: str, path: str, headers: dict[str, str], body: Any, query: Any, request_id: str, **others: Any
    ) -> Any:
        host = headers.get("host", "")
        if _is_a_load_balancers(host):
            raw = others.get("raw_query_string", ""), others.get("raw_path")
            return await app._handle_alb_request(host, path, method, headers, body, query, *raw)
        return await handle(method, path, headers, body, query, request_id, **others)

    return handle_after_it
