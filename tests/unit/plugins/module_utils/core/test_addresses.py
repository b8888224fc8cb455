# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.addresses import shown_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.com/compose.yml", "https://example.com/compose.yml"),
        ("https://example.com:8443/compose.yml", "https://example.com:8443/compose.yml"),
        ("https://example.com/repo@v1/compose.yml", "https://example.com/repo@v1/compose.yml"),
        ("https://example.com:8443/repo@v1/compose.yml", "https://********@v1/compose.yml"),
        ("https://tok@example.com/x", "https://********@example.com/x"),
        ("https://example.com/x?X-Amz-Signature=abc&y=1", "https://example.com/x?********"),
        ("https://example.com/x#abc", "https://example.com/x#********"),
        ("/srv/compose.yml", "/srv/compose.yml"),
        ("files/a@b?c.yml", "files/a@b?c.yml"),
        ("builtin", "builtin"),
    ],
)
def test_an_address_is_shown_without_its_credentials(address: str, shown: str) -> None:
    assert shown_address(address) == shown


@given(st.text("abcXYZ019-._~!$&'()*+,;=:%@/?#", min_size=8, max_size=30).map(lambda text: f"hunter2{text}"))
def test_no_part_of_a_password_is_shown(password: str) -> None:
    shown = shown_address(f"https://me:{password}@example.com/compose.yml")
    assert "hunter2" not in shown and password not in shown
