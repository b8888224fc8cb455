# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools
import random
import string
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core import secrets
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Destiny, Secret, Stored

URL = "postgresql://{username}:{database_password}@{host}:{port}/{database}?sslmode=require"
VALUES = {"username": "redash", "host": "db.example", "port": "5432", "database": "redash"}


def stored(value: str | None, version: int = 1, **kwargs: bool) -> Stored:
    return Stored(version, "arn:aws:ssm:eu-west-1:1:parameter/redash/x", value, **kwargs)


def numbered() -> secrets.Choose:
    """Picks that differ from call to call and can be foretold."""
    counter = itertools.count()
    return lambda alphabet: alphabet[next(counter) % len(alphabet)]


def plan(wanted: list[Secret], there: dict[str, Stored], **kwargs: object) -> dict[str, secrets.Step]:
    return {step.name: step for step in secrets.plan("/redash/x", wanted, there, numbered(), **kwargs)}


def test_a_generated_value_is_32_alphanumerics_as_redash_s_own_set_up_makes_them() -> None:
    value = plan([Secret("secret_key")], {})["secret_key"].value
    assert value is not None
    assert len(value) == 32
    assert set(value) <= set(string.ascii_letters + string.digits)


def test_every_alphanumeric_can_appear() -> None:
    pick = random.Random(1).choice
    assert set(secrets.generate(5000, pick)) == set(string.ascii_letters + string.digits)


def test_two_secrets_get_two_values() -> None:
    steps = plan([Secret("secret_key"), Secret("cookie_secret")], {})
    assert steps["secret_key"].value != steps["cookie_secret"].value


def test_an_existing_secret_is_never_replaced_by_a_generated_one() -> None:
    step = plan([Secret("secret_key")], {"secret_key": stored(None)})["secret_key"]
    assert (step.destiny, step.value) == (Destiny.KEEP, None)


def test_a_given_value_is_kept_when_it_is_the_same_and_written_when_it_differs() -> None:
    there = {"mail_password": stored("old")}
    assert plan([Secret("mail_password", value="old")], there)["mail_password"].destiny is Destiny.KEEP
    step = plan([Secret("mail_password", value="new")], there)["mail_password"]
    assert (step.destiny, step.value) == (Destiny.UPDATE, "new")


@pytest.mark.parametrize("name", ["secret_key", "cookie_secret"])
def test_a_differing_value_for_a_protected_secret_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(RedashError) as caught:
        plan([Secret(name, value="another-key-altogether")], {name: stored("the-key-in-use")})
    message = str(caught.value)
    assert message.startswith(f"/redash/x/{name}: the value given differs from the stored one")
    assert "rotate_secrets.yml" in message
    assert "another-key" not in message
    assert "the-key-in-use" not in message


def test_a_protected_secret_may_be_replaced_when_it_is_named() -> None:
    step = plan([Secret("secret_key", value="b")], {"secret_key": stored("a")}, allow_change=["secret_key"])["secret_key"]
    assert step.destiny is Destiny.UPDATE


def test_a_protected_secret_that_is_missing_takes_the_value_given() -> None:
    step = plan([Secret("secret_key", value="carried over")], {})["secret_key"]
    assert (step.destiny, step.value) == (Destiny.CREATE, "carried over")


def test_a_composed_secret_is_made_of_the_stored_part() -> None:
    steps = plan([Secret("database_url", compose=URL, values=VALUES)], {"database_password": stored("pw")})
    assert steps["database_url"].value == "postgresql://redash:pw@db.example:5432/redash?sslmode=require"


def test_a_composed_secret_follows_its_part_and_is_quiet_otherwise() -> None:
    wanted = [Secret("database_url", compose=URL, values=VALUES)]
    url = "postgresql://redash:pw@db.example:5432/redash?sslmode=require"
    assert plan(wanted, {"database_password": stored("pw"), "database_url": stored(url)})["database_url"].destiny is Destiny.KEEP
    step = plan(wanted, {"database_password": stored("changed"), "database_url": stored(url)})["database_url"]
    assert (step.destiny, step.value) == (Destiny.UPDATE, url.replace(":pw@", ":changed@"))


def test_a_composed_secret_follows_a_part_that_is_made_in_the_same_run_whatever_the_order() -> None:
    wanted = [Secret("database_url", compose=URL, values=VALUES), Secret("database_password")]
    steps = plan(wanted, {})
    assert f":{steps['database_password'].value}@" in (steps["database_url"].value or "")


def test_a_composed_secret_without_its_part_is_refused_and_foretold_in_check_mode() -> None:
    wanted = [Secret("database_url", compose=URL, values=VALUES)]
    with pytest.raises(RedashError, match=r"/redash/x/database_url: is composed of database_password, which the store does not hold"):
        plan(wanted, {})
    step = plan(wanted, {}, assume_parts=True)["database_url"]
    assert (step.destiny, step.value) == (Destiny.CREATE, None)


def test_a_circle_of_composed_secrets_is_refused() -> None:
    with pytest.raises(RedashError, match=r"a -> b -> a"):
        plan([Secret("a", compose="{b}"), Secret("b", compose="{a}")], {})


def test_a_plain_string_parameter_is_refused() -> None:
    with pytest.raises(RedashError, match="plain String"):
        plan([Secret("secret_key")], {"secret_key": stored("x", encrypted=False)})


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        plan(
            [Secret("secret_key", value="b"), Secret("database_url", compose=URL, values=VALUES)],
            {"secret_key": stored("a")},
        )
    assert len(caught.value.problems) == 2


@given(password=st.text(min_size=1), username=st.text(min_size=1))
def test_any_password_survives_the_way_through_a_url(password: str, username: str) -> None:
    try:
        password.encode(), username.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate is no text
    secret = Secret("database_url", compose=URL, values={**VALUES, "username": username})
    parsed = urlsplit(secrets.compose(secret, {"database_password": password}))
    assert unquote(parsed.password or "") == password
    assert unquote(parsed.username or "") == username
    assert (parsed.hostname, parsed.port, parsed.path, parsed.query) == ("db.example", 5432, "/redash", "sslmode=require")


def test_decryption_is_asked_for_only_when_there_is_something_to_compare() -> None:
    assert not secrets.needs_values([Secret("a"), Secret("b")])
    assert secrets.needs_values([Secret("a"), Secret("b", value="x")])
    assert secrets.needs_values([Secret("a", compose="{b}")])


def test_parts_are_read_with_what_is_composed_of_them() -> None:
    wanted = [Secret("database_url", compose=URL, values=VALUES), Secret("cookie_secret")]
    assert secrets.needed_names(wanted) == ["database_url", "cookie_secret", "database_password"]


@pytest.mark.parametrize(
    ("prefix", "secret", "says"),
    [
        ("redash/x", Secret("a"), "'redash/x' is not a parameter path"),
        ("/redash/x/", Secret("a"), "'/redash/x/' is not a parameter path"),
        ("/aws/x", Secret("a"), "reserved by AWS"),
        ("/SSMthing", Secret("a"), "reserved by AWS"),
        ("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o", Secret("a"), "more than 14 levels"),
        ("/x", Secret("a b"), "the name may hold"),
        ("/x", Secret("a", value=""), "the value given is empty"),
        ("/x", Secret("a", value="v\n"), "white space"),
        ("/x", Secret("a", value="v" * 4097), "longer than 4096"),
        ("/x", Secret("a", length=8), "length 8"),
        ("/x", Secret("a", value="v", compose="{b}"), "exclude each other"),
        ("/x", Secret("a", compose="{a}"), "composed of itself"),
        ("/x", Secret("a", compose="{h}", values={"h": ""}), "h is empty"),
    ],
)
def test_what_parameter_store_would_refuse_is_refused_first(prefix: str, secret: Secret, says: str) -> None:
    with pytest.raises(RedashError, match=says):
        secrets.check(prefix, [secret])


@pytest.mark.parametrize("name", ["database_password_next", "redis_token_next"])
def test_what_aws_would_not_take_as_a_new_value_is_refused_first(name: str) -> None:
    for bad in (
        "short",
        "with a blank in it..",
        "with/a/slash/in/it..",
        'with"a"quote"in"it..',
        "with@an@at@in@it....",
        "pässwörd-pässwörd",
    ):
        with pytest.raises(RedashError, match=f"secret {name}: AWS would not take the value given. Give .* or none") as caught:
            secrets.check("/x", [Secret(name, value=bad)])
        assert bad not in str(caught.value)
    secrets.check("/x", [Secret(name, value="long-enough-for-both&!"), Secret(name.removesuffix("_next"), value="somebody's own")])


def test_a_value_made_here_is_one_that_aws_takes() -> None:
    for name in secrets.TAKEN:
        secrets.check("/x", [Secret(name, value=secrets.generate(secrets.LENGTH, random.Random(1).choice))])


def test_a_secret_listed_twice_is_refused() -> None:
    with pytest.raises(RedashError, match="listed twice"):
        secrets.check("/x", [Secret("a"), Secret("a")])


def test_the_diff_shows_names_and_destinies_and_no_value() -> None:
    there = {"cookie_secret": stored("cookie-value", 3), "mail_password": stored("old-mail", 2), "database_password": stored("pw-pw-pw")}
    wanted = [
        Secret("cookie_secret"),
        Secret("secret_key"),
        Secret("mail_password", value="new-mail"),
        Secret("database_url", compose=URL, values=VALUES),
    ]
    steps = secrets.plan("/redash/x", wanted, there, numbered())
    diff = secrets.describe("/redash/x", steps, there)
    assert diff["before"].splitlines() == [
        "/redash/x/cookie_secret: version 3",
        "/redash/x/database_url: missing",
        "/redash/x/mail_password: version 2",
        "/redash/x/secret_key: missing",
    ]
    assert diff["after"].splitlines() == [
        "/redash/x/cookie_secret: version 3",
        "/redash/x/database_url: version 1 (composed of database_password)",
        "/redash/x/mail_password: version 3 (given)",
        "/redash/x/secret_key: version 1 (generated, 32 alphanumerics)",
    ]


def test_no_value_is_in_the_repr_of_anything() -> None:
    text = repr([Secret("a", value="hush-given"), stored("hush-stored"), secrets.Step("a", Destiny.CREATE, "given", "hush-step")])
    assert "hush" not in text


def test_masking_finds_values_also_when_they_are_percent_encoded_and_longer_ones_first() -> None:
    assert secrets.masked("url p%2Fq and p/q and p/q-more", ["p/q", "p/q-more", None, ""]) == "url ******** and ******** and ********"


def test_a_database_password_is_changed_by_the_rotation_only() -> None:
    """Terraform would note it as set even where the database refused it, and the next run lock everybody out."""
    with pytest.raises(RedashError, match=r"/redash/x/database_password: .*differs.*rotate_secrets.yml -e rotate=database_password"):
        plan([Secret("database_password", value="b")], {"database_password": stored("a")})
    step = plan([Secret("database_password", value="b")], {"database_password": stored("a")}, allow_change=["database_password"])
    assert step["database_password"].destiny is Destiny.UPDATE


@pytest.mark.parametrize(("length", "taken"), [(8, True), (41, True), (7, False), (42, False)])
def test_a_new_database_password_is_as_long_as_aws_takes_it(length: int, taken: bool) -> None:
    pattern, _words = secrets.TAKEN["database_password_next"]
    assert bool(pattern.fullmatch("a" * length)) is taken
