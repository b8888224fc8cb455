# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which demo this is: where it keeps its state, on which port it answers, what its containers are called.

Standard library only: this is read before the virtual environment exists.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 4566
REGION = "ap-northeast-1"
# The local inventory's keys. They mean nothing outside this machine.
ACCESS_KEY = "test"

# What every container, network and volume of a demo carries, so that `make demo-down` finds all of them and
# nothing else. The value is the demo's home folder.
LABEL = "org.redash-ecs.demo"


class DemoError(Exception):
    """Something a person has to decide or to put right; the message is one line that says what and how."""


@dataclass(frozen=True)
class Instance:
    """One demo. Two with different homes and ports live side by side."""

    home: Path
    port: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Instance:
        """REDASH_DEMO_HOME (a folder, .demo by default) and REDASH_DEMO_PORT (4566 by default)."""
        home = Path(environ.get("REDASH_DEMO_HOME") or ROOT / ".demo").expanduser().absolute()
        text = environ.get("REDASH_DEMO_PORT") or str(DEFAULT_PORT)
        if not text.isdecimal() or not 1024 <= int(text) <= 65535:
            raise DemoError(f"REDASH_DEMO_PORT: {text} is not a port from 1024 to 65535. Choose one, such as 4567.")
        return cls(home, int(text))

    @property
    def name(self) -> str:
        """The network's name, and what the containers' names begin with."""
        return "redash-demo" if self.port == DEFAULT_PORT else f"redash-demo-{self.port}"

    @property
    def network(self) -> str:
        return self.name

    @property
    def postgresql(self) -> str:
        return f"{self.name}-postgresql"

    @property
    def redis(self) -> str:
        return f"{self.name}-redis"

    @property
    def volume(self) -> str:
        # Data belong to the home, not to the port: another clone on the same port must not find them.
        return f"{self.name}-{sha256(str(self.home).encode()).hexdigest()[:8]}-postgresql"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def aws_state(self) -> Path:
        return self.home / "aws"

    @property
    def pid_file(self) -> Path:
        return self.home / "local_aws.pid"

    @property
    def log(self) -> Path:
        return self.home / "local_aws.log"

    @property
    def environment(self) -> dict[str, str]:
        """What a child needs to find this demo again."""
        return {"REDASH_DEMO_HOME": str(self.home), "REDASH_DEMO_PORT": str(self.port)}


def shut_in(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without anything that could reach a real AWS account.

    A profile, keys, a role or an endpoint in the person's shell, ~/.aws and the metadata service of an EC2
    machine are all places that boto3 and Terraform look at on their own.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
