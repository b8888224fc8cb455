# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import re

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.filter.names import name_problems


@pytest.mark.parametrize("name", ["redash-prod", "r2d", "internal", "a-b-c", "redash-internal-1", "x" * 20])
def test_a_name_that_aws_takes_everywhere_is_taken(name: str) -> None:
    assert name_problems(name, "h", f"/redash/{name}", f"alias/redash/{name}") == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("internal-bi", "internal-bi begins with internal-, which a load balancer's name must not. Choose another name."),
        ("redash--prod", "redash--prod has two hyphens in a row, which the names of a database cluster and of a cache must not."),
        *(
            (name, f"{name or repr(name)} does not fit: 3 to 20 lower-case letters")
            for name in ("Redash", "2redash", "-redash", "redash-", "a", "x" * 21, "a_b", "")
        ),
    ],
)
def test_a_name_that_aws_refuses_later_is_refused_at_once(name: str, line: str) -> None:
    (found,) = name_problems(name, "h")
    assert found.startswith(f"redash_name: {line}")


def test_all_problems_are_said_at_once() -> None:
    assert [line.split(":")[0] for line in name_problems("internal--bi", "h", "/AWS/x", "alias/aws/x")] == [
        *("redash_name", "redash_name", "redash_secret_prefix", "redash_kms_alias"),
    ]
    assert name_problems("abc", "h", "redash", "key")[0] == (
        "redash_secret_prefix: redash is not a path. Write one such as /redash/redash-prod."
    )
    assert "is not the name of a key's alias" in name_problems("abc", "h", "", "key")[0]
    assert name_problems("abc", "h", "/redash/" + "a/" * 14 + "b")


@given(st.from_regex(r"[a-z][a-z0-9-]{1,18}[a-z0-9]", fullmatch=True))
def test_what_is_taken_follows_the_documented_rules_of_each_service(name: str) -> None:
    if name_problems(name, "h"):
        return
    for made in (name, f"{name}-server"):  # load balancer and target group
        assert len(made) <= 32 and not made.startswith(("internal-", "-")) and not made.endswith("-")
    assert re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{0,38}[a-z0-9]", name)  # Aurora, ElastiCache
    for service, shape in (("kms", "AliasNameType"), ("ssm", "PSParameterName")):
        pattern = botocore.session.get_session().get_service_model(service).shape_for(shape).metadata.get("pattern", "")
        made = f"alias/redash/{name}" if service == "kms" else f"/redash/{name}/secret_key"
        assert not pattern or re.match(pattern, made)
