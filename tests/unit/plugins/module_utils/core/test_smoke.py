# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.smoke import NOT_ANSWERED, Answer, Way, insecure, problem, way_to

URL, OWN = "https://redash.example.com", "internal-redash-1.eu-west-1.elb.amazonaws.com"
PONG = Answer(200, "PONG.\n")


def way(url: str = URL, own: str = OWN, **names: set[str]) -> Way:
    known = {name.replace("_", ".").replace("..", "-"): found for name, found in names.items()}
    return way_to(url, own, lambda name: known.get("lb" if name == OWN else name, set()))


def test_a_name_that_does_not_resolve_yet_is_asked_for_at_the_load_balancer() -> None:
    found = way(lb={"10.0.0.1"})
    assert found.connect_to == OWN
    assert found.note == f"redash.example.com does not resolve yet. Point it to {OWN} (a CNAME or an alias record)."


def test_a_name_that_leads_elsewhere_is_asked_for_at_the_load_balancer() -> None:
    found = way(lb={"10.0.0.1"}, redash_example_com={"203.0.113.9", "203.0.113.8"})
    assert found.connect_to == OWN
    assert found.note.startswith(
        f"redash.example.com leads to 203.0.113.8, 203.0.113.9, not to the load balancer. Point it to {OWN}, unless"
    )


def test_a_name_that_leads_to_the_load_balancer_is_asked_itself() -> None:
    assert way(lb={"10.0.0.1", "10.0.0.2"}, redash_example_com={"10.0.0.2"}) == Way()


@pytest.mark.parametrize(("url", "own"), [(f"http://{OWN}", OWN), (f"http://{OWN.upper()}", OWN), (URL, ""), ("", OWN)])
def test_there_is_no_other_way_where_none_is_known(url: str, own: str) -> None:
    assert way(url, own, lb={"10.0.0.1"}) == Way()


def test_where_the_load_balancer_does_not_resolve_either_the_name_is_asked() -> None:
    assert way() == Way()
    assert way(redash_example_com={"203.0.113.9"}) == Way()


@pytest.mark.parametrize(
    ("ping", "login", "said"),
    [
        (PONG, Answer(200), ""),
        (Answer(200, " PONG. "), Answer(200), ""),
        (Answer(200, "hello"), None, "/ping: no PONG. within 9 s (status 200: ). Look at the server"),
        (Answer(503, why="Service Unavailable"), None, "/ping: no PONG. within 9 s (status 503: Service Unavailable). Look at the server"),
        (Answer(NOT_ANSWERED, why="timed out"), None, "/ping: no PONG. within 9 s (status -1: timed out). Nothing answers there"),
        (Answer(403), None, "/ping: no PONG. within 9 s (status 403: ). Nothing answers there"),
        (PONG, Answer(302, location="/setup"), "/login leads to /setup: there is no administrator yet"),
        (PONG, Answer(302, location="/elsewhere"), "/login: status 302 instead of 200. The server runs, its database or tables do not"),
        (PONG, Answer(500), "/login: status 500 instead of 200. The server runs"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(ping: Answer, login: Answer | None, said: str) -> None:
    found = problem(URL, "/login", 9, ping, login)
    assert found.startswith(f"{URL}{said}") if said else found == ""
    assert "\n" not in found


def test_what_a_browser_would_send_in_clear_is_told_without_a_value() -> None:
    good = Answer(200, cookies=("session=hush; Secure; HttpOnly; Path=/", "csrf=hush; path=/; secure"), hsts="max-age=86400")
    assert insecure(URL, good) == []
    lines = insecure(URL, Answer(200, cookies=("session=hush; HttpOnly; Path=/", "csrf=Secure")))
    assert [line.split(".")[0] for line in lines] == [
        "the cookie session has no flag Secure",
        "the cookie csrf has no flag Secure",
        "there is no header Strict-Transport-Security",
    ]
    assert "hush" not in str(lines)
    assert insecure("http://redash.example.com", Answer(200)) == insecure(URL, None) == insecure(URL, Answer(302)) == []
