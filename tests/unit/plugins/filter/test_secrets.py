# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.redash.ecs.plugins.filter.secrets import secret_references


def test_secrets_of_one_s_own_become_environment_variables_and_the_common_ones_do_not() -> None:
    given = {"google_client_secret": "hush", "secret_key": "hush", "database_password": "hush", "admin_password": None}
    assert secret_references(given, "/redash/x") == {"REDASH_GOOGLE_CLIENT_SECRET": "/redash/x/google_client_secret"}
    assert secret_references({}, "/redash/x") == {}
    assert secret_references(None, "/redash/x") == {}
