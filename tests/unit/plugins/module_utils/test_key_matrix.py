# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The key-safety matrix once more, through the modules that the playbooks call: what is decided is also what happens.

setup, mail: redash_ssm_secrets, by site.yml and mail.yml. rotate: redash_secret_rotation. upgrade: redash_ecs_verify (test_verify.py).
"""

from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from tests.unit.plugins.module_utils.core.test_key_safety import CASES
from tests.unit.plugins.module_utils.test_rotation import Aws, look
from tests.unit.plugins.module_utils.test_ssm_secrets import INSTALLATION, FakeEcs, FakeParameterStore, work

THEIRS = {"A": "key-of-a", "B": "key-of-b", "C": "key-of-c", "-": ""}


@pytest.mark.parametrize(("given", "stored", "running", "action", "expected"), [case for case in CASES if case[3] in ("setup", "mail")])
def test_what_redash_ssm_secrets_does(given: str, stored: str, running: str, action: str, expected: str) -> None:
    store = FakeParameterStore(**({"secret_key": THEIRS[stored]} if stored != "-" else {}))
    ecs = FakeEcs({"x": "x"}, x={"environment": {"REDASH_SECRET_KEY": THEIRS[running]}})
    secret = {"name": "secret_key", "value": THEIRS[given] or None}
    asked = {**INSTALLATION, "action": action}
    if expected == "stop":
        with pytest.raises(RedashError) as caught:
            work(store, secret, ecs=ecs, installation=asked)
        assert store.writes == []
        assert "key-of" not in str(caught.value)
        return
    result = work(store, secret, ecs=ecs, installation=asked)
    assert result["changed"] is (expected != "keep")
    if expected == "generate":
        assert len(store.value("secret_key")) == 32
    else:
        assert store.value("secret_key") == THEIRS[expected.removeprefix("store:") if expected.startswith("store:") else stored]


@pytest.mark.parametrize(("given", "stored", "running", "expected"), [(*case[:3], case[4]) for case in CASES if case[3] == "rotate"])
def test_what_redash_secret_rotation_says(given: str, stored: str, running: str, expected: str) -> None:
    aws = Aws({"secret_key": THEIRS[stored]} if stored != "-" else {}, [])
    aws.container["environment"] = [{"name": "REDASH_SECRET_KEY", "value": THEIRS[running]}]  # type: ignore[assignment]
    if expected == "stop":
        with pytest.raises(RedashError) as caught:
            look(aws, "secret_key", value=THEIRS[given] or None)
        assert "key-of" not in str(caught.value)
    else:
        # The first step of a rotation: what the key in use opens.
        assert look(aws, "secret_key", value=THEIRS[given] or None)["step"] == "look"
