# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Data that trips every trap of the migrations from 10.1.0 to 25.8.0: each is named with its row before anything stands still.

In a real PostgreSQL, and in the stand-in's images, whose migrations fail on these rows as Redash's do.
"""

from __future__ import annotations

from tests.e2e_upgrade.installation import NAME, Installation, as_it_was

# By what the message has to say: statements that make the row, and those that a person would type to correct it.
TRAPS = {
    "users.details: migration fd4fc850d7ea fails on 1 row": (
        r"""insert into users (org_id, name, email, groups, api_key, details)
            values (1, 'Nul', 'nul@example.com', '{2}', 'k-nul', '{"a": "\u0000"}')""",
        "update users set details = '{}' where email = 'nul@example.com'",
    ),
    "users.profile_image_url: migration fd4fc850d7ea fails on 2 rows": (
        r"""insert into users (org_id, name, email, groups, api_key, profile_image_url)
            values (1, 'Quote', 'quote@example.com', '{2}', 'k-quote', 'https://example.com/a"b.png'),
                   (1, 'Line', 'line@example.com', '{2}', 'k-line', E'https://example.com/a\nb.png')""",
        "update users set profile_image_url = null where email in ('quote@example.com', 'line@example.com')",
    ),
    "queries.options: migration 7205816877ec fails on 1 row": (
        r"""insert into queries (org_id, name, query, query_hash, user_id, options)
            values (1, 'odd', 'select 1', 'h', 1, '{"parameters": [{"name": "p", "value": "a\u0000b"}]}')""",
        "update queries set options = '{}' where name = 'odd'",
    ),
    "widgets.options: migration db0aca1ebd32 fails on 2 rows": (
        "insert into widgets (options) values ('{}'), ('{\"position\": {\"col\": 1}}')",
        "delete from widgets",
    ),
    "queries: migration 9e8c841d1a30 fails on queries": (
        "insert into data_sources (org_id, name, type, encrypted_options)"
        " select 1, 'search', 'elasticsearch', encrypted_options from data_sources limit 1;"
        " insert into queries (org_id, data_source_id, name, query, query_hash, user_id, is_archived)"
        " select 1, id, 'empty text', '', 'h', 1, true from data_sources where name = 'search'",
        "delete from queries where name = 'empty text'; delete from data_sources where name = 'search'",
    ),
    "data_sources: migration 9e8c841d1a30 fails on queries of data sources whose type the new release lacks: gone (type nosuch, 1 query)": (
        "insert into data_sources (org_id, name, type, encrypted_options)"
        " select 1, 'gone', 'nosuch', encrypted_options from data_sources limit 1;"
        " insert into queries (org_id, data_source_id, name, query, query_hash, user_id, is_archived)"
        " select 1, id, 'of a gone type', 'select 1', 'h', 1, true from data_sources where name = 'gone'",
        "delete from queries where name = 'of a gone type'; delete from data_sources where name = 'gone'",
    ),
    "dashboards.layout: is used by rule _RETURN on view report": (
        "create view report as select layout from dashboards",
        "drop view report",
    ),
}


def test_every_trap_is_named_with_its_row_before_anything_stands_still(redash: Installation) -> None:
    made = redash.run(
        "manage.yml", command=["/app/manage.py", "ds", "new", "warehouse", "--type", "pg", "--options", '{"dbname": "d", "host": "h"}']
    )
    assert made.rc == 0, made.output
    for make, _correct in TRAPS.values():
        redash.sql(make)
    people = redash.people()

    planned = redash.run("upgrade.yml", "--check", **redash.to("25.8.0"))
    refused = redash.upgrade("25.8.0")
    for run in (planned, refused):
        assert run.rc != 0, run.output
        for said in TRAPS:
            # Only the new release's image has its query runners.
            assert said in run.output or (run is planned and said.startswith(("queries:", "data_sources:"))), (
                f"{said} is missing:\n{run.output[-5000:]}"
            )
    assert redash.record()["state"] == "refused"
    assert "stop_server" not in redash.record()["begun"]
    as_it_was(redash, people)

    for _make, correct in TRAPS.values():
        redash.sql(correct)
    done = redash.upgrade("25.8.0")
    assert done.rc == 0, done.output
    assert redash.services()[NAME][1:] == (1, 1)
