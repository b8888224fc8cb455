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
    with pytest.raises(RedashError, match=r"^secret a: it is composed of itself: a -> b -> a$"):
        plan([Secret("a", compose="{b}"), Secret("b", compose="{a}")], {})
    # The way into the circle is no part of it.
    with pytest.raises(RedashError, match=r"^secret b: it is composed of itself: b -> c -> b$"):
        plan([Secret("a", compose="{b}"), Secret("b", compose="{c}"), Secret("c", compose="{b}")], {})
    # Nor is a part that leads nowhere.
    with pytest.raises(RedashError, match=r"^secret a: it is composed of itself: a -> b -> a$"):
        plan([Secret("a", compose="{x}{b}"), Secret("b", compose="{a}"), Secret("x")], {})


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
        ("redash/x", Secret("a"), "prefix: 'redash/x' is not a parameter path. Use letters, digits and _.-/, like /redash/prod."),
        ("/redash/x/", Secret("a"), "prefix: '/redash/x/' is not a parameter path. Use letters, digits and _.-/, like /redash/prod."),
        ("/aws/x", Secret("a"), "prefix: /aws/x is reserved by AWS. Begin it with anything but aws or ssm."),
        ("/SSMthing", Secret("a"), "prefix: /SSMthing is reserved by AWS. Begin it with anything but aws or ssm."),
        (f"/{'/'.join('abcdefghijklmno')}", Secret("a"), f"prefix: /{'/'.join('abcdefghijklmno')} has more than 14 levels. Shorten it."),
        ("/x", Secret("a b"), "secret a b: the name may hold letters, digits, '_', '.' and '-' only"),
        ("/x", Secret("a", value=""), "secret a: the value given is empty. Leave it out to have one made."),
        (
            "/x",
            Secret("a", value="v\n"),
            "secret a: the value given begins or ends with white space. Strip it: Redash would take it as it is.",
        ),
        ("/x", Secret("a", value="v" * 4097), "secret a: the value given is longer than 4096 characters"),
        ("/x", Secret("a", length=15), "secret a: length 15 is not between 16 and 128"),
        ("/x", Secret("a", length=129), "secret a: length 129 is not between 16 and 128"),
        ("/x", Secret("a", value="v", compose="{b}"), "secret a: value and compose exclude each other. Give one of them."),
        ("/x", Secret("a", compose="{a}"), "secret a: it is composed of itself"),
        ("/x", Secret("a", compose="{h}", values={"h": ""}), "secret a: h is empty. It is a part of the secret; give it."),
    ],
)
def test_what_parameter_store_would_refuse_is_refused_first(prefix: str, secret: Secret, says: str) -> None:
    with pytest.raises(RedashError) as caught:
        secrets.check(prefix, [secret])
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("prefix", "secret"),
    [
        (f"/{'/'.join('abcdefghijklmn')}", Secret("a")),
        ("/my-aws/ssm", Secret("A.b-c_1")),
        ("/x", Secret("a", value="v" * 4096)),
        ("/x", Secret("a", length=16)),
        ("/x", Secret("a", length=128)),
        ("/x", Secret("a", compose="{b}{h}", values={"h": "x", "a": "y"})),
        ("/x", Secret("database_password_next", length=16)),
        ("/x", Secret("redis_token_next", value="a" * 128)),
    ],
)
def test_what_parameter_store_just_takes_is_taken(prefix: str, secret: Secret) -> None:
    secrets.check(prefix, [secret])


def test_all_that_is_wrong_with_the_prefix_and_every_secret_is_said_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        secrets.check("/aws", [Secret("b c", value="", length=1), Secret("d"), Secret("d")])
    assert [(problem.where, problem.what.partition(" ")[0]) for problem in caught.value.problems] == [
        ("prefix", "/aws"),
        ("secret b c", "the"),
        ("secret b c", "the"),
        ("secret b c", "length"),
        ("secret d", "it"),
    ]


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


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        *(
            ("database_password", bad, "Good-pass!word")
            for bad in ("short", "x" * 42, "with/a/slash", 'with"quote"', "with@an@at", "a b c d e f")
        ),
        *(
            ("redis_token", bad, "0123456789abcdef&!")
            for bad in ("0123456789abcde", "x" * 129, "with_underscores_in_it", "a b c d e f g h i")
        ),
    ],
)
def test_a_first_password_that_aws_refuses_is_refused_before_anything_is_made(name: str, bad: str, good: str) -> None:
    (line,) = [str(problem) for problem in secrets.given_problems({name: bad, "own": "x"}, made_here=True)]
    assert line.startswith(f"redash_secrets.{name}: AWS would not take the value given. Give ") and bad not in line
    assert secrets.given_problems({name: good}, made_here=True) == []
    assert secrets.given_problems({name: bad}, made_here=False) == []


def test_a_secret_is_one_text() -> None:
    lines = [
        str(problem)
        for problem in secrets.given_problems({"a": {"b": "hush"}, "c": ["hush"], "d": None, "e": True, "f": 1}, made_here=True)
    ]
    assert lines == [
        f"redash_secrets.{name}: it is a {kind}, not one text. Give a text; write JSON in quotes."
        for name, kind in (("a", "dict"), ("c", "list"), ("e", "bool"))
    ]


def test_a_value_made_here_is_one_that_aws_takes() -> None:
    for name in secrets.TAKEN:
        secrets.check("/x", [Secret(name, value=secrets.generate(secrets.LENGTH, random.Random(1).choice))])


def test_a_secret_listed_twice_is_refused() -> None:
    with pytest.raises(RedashError, match=r"^secret a: it is listed twice. Keep one.$"):
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


def test_a_part_that_two_are_composed_of_is_no_circle_and_comes_first() -> None:
    wanted = [Secret("a", compose="{c}{b}"), Secret("b", compose="{c}{not_listed}"), Secret("c")]
    there = {"not_listed": stored("x")}
    assert [step.name for step in secrets.plan("/x", wanted, there, numbered())] == ["c", "b", "a"]


def test_parts_are_named_once_and_what_is_no_secret_is_none() -> None:
    assert Secret("a", compose="{b}{h}{c}{b}", values={"h": "x"}).parts == ["b", "c"]
    assert Secret("a").parts == []
    assert secrets.needed_names(iter([Secret("a", compose="{b}{c}"), Secret("b"), Secret("d", compose="{c}")])) == ["a", "b", "d", "c"]
    assert not secrets.needs_values([])


KEPT_KEY = "Leave it out to keep what is stored, change it by rotate_secrets.yml, or name {} in allow_change."
OWN = Secret("a", compose="plain")


@pytest.mark.parametrize(
    ("secret", "there", "said"),
    [
        (
            Secret("secret_key", value="b"),
            {"secret_key": stored("a")},
            "the value given differs from the stored one, and replacing it loses every data source's password. " + KEPT_KEY,
        ),
        (
            Secret("cookie_secret", value="b"),
            {"cookie_secret": stored("a")},
            "the value given differs from the stored one, and replacing it loses every session (and, without a secret_key, every data"
            " source). " + KEPT_KEY,
        ),
        (
            Secret("database_password", value="b"),
            {"database_password": stored("a")},
            "the value given differs from the stored one, which the database has. Change it by rotate_secrets.yml -e"
            " rotate=database_password. Where the database is your own and has the new one already,"
            ' give -e \'{{"ssm_secrets_allow_change": ["database_password"]}}\'.',
        ),
        (
            Secret("a"),
            {"a": stored("x", encrypted=False)},
            "exists as a plain String, which anybody with ssm:GetParameter can read. Parameter Store can't change the type: delete it and"
            " give its value as redash_secrets, or rename it.",
        ),
        (
            Secret("a", compose="{b}{c}{d}"),
            {"b": stored("x"), "c": stored(None)},
            "is composed of c, d, which the store does not hold. Make that first.",
        ),
    ],
)
def test_what_can_t_be_written_is_refused_with_the_way_out(secret: Secret, there: dict[str, Stored], said: str) -> None:
    with pytest.raises(RedashError) as caught:
        plan([secret], there)
    assert str(caught.value) == f"/redash/x/{secret.name}: {said.format(secret.name)}"


@pytest.mark.parametrize(
    ("secret", "there", "destiny", "why", "value"),
    [
        (Secret("a", length=16), None, Destiny.CREATE, "generated, 16 alphanumerics", "abcdefghijklmnop"),
        (Secret("a"), stored(None), Destiny.KEEP, "exists", None),
        (Secret("a", value="v"), None, Destiny.CREATE, "given", "v"),
        (Secret("a", value="v", origin="found in b"), stored("v"), Destiny.KEEP, "found in b, the same", None),
        (Secret("a", value="v"), stored("w"), Destiny.UPDATE, "given", "v"),
        (OWN, None, Destiny.CREATE, "composed", "plain"),
        (OWN, stored("plain"), Destiny.KEEP, "composed, the same", None),
        (Secret("a", compose="{h}", values={"h": "x/y"}), stored("old"), Destiny.UPDATE, "composed", "x%2Fy"),
        # Check mode: the parts come with an earlier step, and nothing says that the value is the same.
        (Secret("a", compose="{b}{c}"), stored("old"), Destiny.UPDATE, "composed of b, c", None),
        (Secret("a", compose="{b}"), Stored(1, "arn", None), Destiny.UPDATE, "composed of b", None),
        # The store has it still, and gives it back.
        (Secret("a", value="w"), Stored(2, "arn", "v", deleted=True), Destiny.RESTORE, secrets.RESTORED, None),
        (Secret("secret_key"), Stored(2, "arn", "v", deleted=True), Destiny.RESTORE, secrets.RESTORED, None),
    ],
)
def test_what_happens_to_a_secret_is_said_with_where_its_value_comes_from(
    secret: Secret, there: Stored | None, destiny: Destiny, why: str, value: str | None
) -> None:
    step = plan([secret], {secret.name: there} if there else {}, assume_parts=True)[secret.name]
    assert (step.destiny, step.why, step.value) == (destiny, why, value)


def test_all_refusals_of_a_plan_are_said_at_once_and_the_others_do_not_hide_them() -> None:
    wanted = [
        Secret("plain"),
        Secret("secret_key", value="b"),
        Secret("gone"),
        Secret("url", compose="{missing}"),
        Secret("new"),
        Secret("cookie_secret", value="b"),
    ]
    there = {
        "plain": stored("x", encrypted=False),
        "secret_key": stored("a"),
        "gone": Stored(1, "arn", deleted=True),
        "cookie_secret": stored("a"),
    }
    with pytest.raises(RedashError) as caught:
        plan(wanted, there)
    assert [problem.where for problem in caught.value.problems] == [
        "/redash/x/plain",
        "/redash/x/secret_key",
        "/redash/x/url",
        "/redash/x/cookie_secret",
    ]


def test_what_is_composed_of_an_updated_part_gets_its_new_value_through_every_level() -> None:
    wanted = [Secret("c", compose="<{b}>"), Secret("b", compose="[{a}]"), Secret("a", value="new")]
    steps = plan(wanted, {"a": stored("old"), "b": stored("[old]"), "c": stored("<%5Bold%5D>")})
    assert [(step.name, step.value) for step in steps.values()] == [("a", "new"), ("b", "[new]"), ("c", "<%5Bnew%5D>")]


def test_the_diff_tells_the_version_that_a_write_made_where_it_is_known() -> None:
    steps = [
        secrets.Step("b", Destiny.UPDATE, "given", "x"),
        secrets.Step("a", Destiny.RESTORE, "restored"),
        secrets.Step("c", Destiny.KEEP, "exists"),
    ]
    there = {"a": stored(None, 4), "b": stored(None, 2)}
    assert secrets.describe("/x", steps, there, {"b": 7}) == {
        "before": "/x/a: version 4\n/x/b: version 2\n/x/c: missing\n",
        "after": "/x/a: version 5 (restored)\n/x/b: version 7 (given)\n/x/c: missing\n",
    }
    assert secrets.describe("/x", [], {}) == {"before": "", "after": ""}


def test_only_the_secrets_that_a_person_added_get_a_variable_by_their_name() -> None:
    of_every = ["cookie_secret", "secret_key", "database_password", "redis_token", "admin_password", "database_url", "redis_url"]
    assert secrets.references("/redash/x", ["saml_key", *of_every, "ldap_password"]) == {
        "REDASH_LDAP_PASSWORD": "/redash/x/ldap_password",
        "REDASH_SAML_KEY": "/redash/x/saml_key",
    }
    assert list(secrets.references("/x", ["b", "a"])) == ["REDASH_A", "REDASH_B"]
    assert tuple(of_every) == secrets.OF_EVERY_INSTALLATION


def test_the_words_that_people_and_programs_read() -> None:
    assert [destiny.value for destiny in Destiny] == ["kept", "created", "updated", "restored"]
    assert secrets.masked("ab b", ["b", "ab"]) == "******** ********"
    assert secrets.masked("nothing to hide", [None, ""]) == "nothing to hide"
    assert Stored(1, "arn").encrypted and not Stored(1, "arn").deleted
    assert Secret("a").length == 32
