# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The emulated VPC's names."""

from __future__ import annotations

from demo.local_aws.addresses import hosts

CLUSTER = {
    "DBClusterIdentifier": "redash",
    "Endpoint": "redash.cluster-abc.ap-northeast-1.rds.amazonaws.com",
    "ReaderEndpoint": "redash.cluster-ro-abc.ap-northeast-1.rds.amazonaws.com",
}
MEMBER = {"Endpoint": {"Address": "redash-1.abc.ap-northeast-1.rds.amazonaws.com", "Port": 5432}}
CACHE = {"NodeGroups": [{"PrimaryEndpoint": {"Address": "redash.abc.ng.0001.apne1.cache.amazonaws.com", "Port": 6379}}]}


def test_each_endpoint_leads_to_its_server() -> None:
    assert hosts(([CLUSTER], [MEMBER]), ([CACHE],), "10.0.0.2", "10.0.0.3") == {
        "redash.cluster-abc.ap-northeast-1.rds.amazonaws.com": "10.0.0.2",
        "redash.cluster-ro-abc.ap-northeast-1.rds.amazonaws.com": "10.0.0.2",
        "redash-1.abc.ap-northeast-1.rds.amazonaws.com": "10.0.0.2",
        "redash.abc.ng.0001.apne1.cache.amazonaws.com": "10.0.0.3",
    }


def test_a_server_that_does_not_run_has_no_name() -> None:
    assert set(hosts([CLUSTER], [CACHE], None, "10.0.0.3").values()) == {"10.0.0.3"}


def test_addresses_and_localhost_are_no_names_of_ours() -> None:
    assert hosts([{"Endpoint": "localhost"}, {"Endpoint": {"Address": "127.0.0.1"}}], [], "10.0.0.2", None) == {}
