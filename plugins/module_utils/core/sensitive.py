# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is secret, by its name and by its form: the one answer for masking, refusing, adopting and comparing.

A name is read word by word (``sslkeyFile`` is ssl, key, file), so that ``monkey`` and ``key_column`` stay readable.
A name that this table does not know and that ends in ``key`` counts as secret: a mask too many costs less than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HIDDEN = "********"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Options that Redash's own query runners and destinations declare as secret (``configuration_schema()["secret"]``) and that no rule
# below would find. Union of the releases 5.0.2 to 26.3.0; certificates count, since Redash masks them, too.
_REDASH_OPTIONS = frozenset(
    {"sslrootcertfile", "sslcertfile", "sslcertificatefile", "cert_file", "ca_cert_file", "ssl_ca_cert_file", "pat"}
)
# Destinations whose whole address is the secret: who has it can post.
_REDASH_ADDRESSES = {"url": ("discord", "hangoutschat", "hipchat", "mattermost", "slack", "webhook")}

# Stems that make a word secret wherever they stand in it. A secretary and a tokenizer are none.
_STEM = re.compile(r"passw(?:or)?d|passphrase|passcode|secret(?!ar)|token(?!i[sz])|credential|bearer|webhook")
# Whole words that make a name secret.
_WORDS = frozenset({"pass", "pw", "pwd", "apikey", "jwt"})
# ... and those that do as the last word only: COOKIE is one, COOKIES_SECURE none.
_LAST_WORDS = frozenset({"auth", "authorization", "cookie", "dsn", "private", "salt", "signature", "signing"})
# Two last words.
_LAST_TWO = frozenset({("broker", "url"), ("database", "url"), ("db", "url"), ("redis", "url"), ("webhook", "url"), ("key", "file")})
# A last word that says: this is about a secret, not the secret itself.
_ABOUT = _words(
    "age algorithm algorithms arn arns attempts class column columns count created date days description disabled enable enabled"
    " endpoint env error expiration expires expiry field fields file format header hint history hours id ids issuer length lifetime"
    " limit login max method min minutes mode name names pattern path period policy port prefix protocol provider regex region required"
    " reset role rotation rules scheme seconds size status strength suffix template through timeout ttl type types updated uri url user"
    " username version"
)
# ``primary_key`` and its kind: what stands before ``key`` in names that hold no secret.
_HARMLESS_KEYS = _words(
    "attribute cache candidate cluster clustering column composite dict display dist distribution email foreign group hash hot"
    " idempotency index join kms label lookup map message name natural object order partition primary public query range registry"
    " routing row shard short shortcut sort surrogate tag translation unique user username"
)
# What may be written in one word with ``key``: ``sslkey``, ``privatekey``.
_KEY_WORD = re.compile(
    r"(access|account|api|auth|client|encryption|integration|json|license|master|private|secret|server|service|shared|sign|signing|ssh|ssl|tls)key\Z"
)
_KEYS = frozenset({"access", "api", "auth", "encryption", "private", "secret", "signing", "ssh"})
# Words of an error's name: ``InvalidToken: ...`` tells of a secret and holds none.
_ERRORS = _words("bad error exception expired failed failure invalid missing no unknown unauthorized wrong")

_NO_SECRET = frozenset({"", "true", "false", "null", "none", HIDDEN})

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words_of(name: str) -> list[str]:
    """``cert_key_File`` -> cert, key, file; ``sslkeyFile`` -> ssl, key, file."""
    words: list[str] = []
    for word in _WORD.findall(name):
        word = word.lower()
        tail = ["file"] if word.endswith("keyfile") else []
        word = word.removesuffix("file") if tail else word
        match = _KEY_WORD.fullmatch(word)
        words += [match[1], "key", *tail] if match else [word, *tail]
    return words


def is_secret_name(name: str) -> bool:
    """Whether what stands under ``name`` (an environment variable, an option, a label) is a secret."""
    if name.lower() in _REDASH_OPTIONS:
        return True
    words = words_of(name)
    if not words:
        return False
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if (before, last) in _LAST_TWO:
        return True
    if last in _ABOUT or (last == "tokens" and words[0] in _ABOUT):
        return False
    if last == "key":
        return before not in _HARMLESS_KEYS
    if last == "keys":
        return before in _KEYS
    return last in _LAST_WORDS or any(word in _WORDS or _STEM.search(word) for word in words)


def is_secret(name: str, value: Any) -> bool:
    """Whether ``value`` under ``name`` must not be seen: for its name's sake or its own.

    ``value``  a text, a number, a list or a mapping, as a person wrote it. An empty one, a boolean and None are no secrets.
    """
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, Mapping):
        return any(is_secret(str(key), item) for key, item in value.items()) or (is_secret_name(name) and bool(value))
    if isinstance(value, list | tuple):
        return any(is_secret(name, item) for item in value)
    text = str(value).strip()
    if text.lower() in _NO_SECRET:
        return False
    return is_secret_name(name) or mask(text) != text


def secret_options(options: Mapping[str, Any], data_source_type: str = "") -> Iterator[tuple[str, Any]]:
    """The options of a data source or destination that hold a secret, each with its value; nested ones as ``outer.inner``.

    ``data_source_type``  as Redash's ``--type`` names it (``pg``, ``uptycs``, ``slack``); it decides of ``url``
    """
    for name, value in options.items():
        address = data_source_type in _REDASH_ADDRESSES.get(name, ())
        if isinstance(value, Mapping) and not is_secret_name(name):
            yield from ((f"{name}.{inner}", item) for inner, item in secret_options(value, data_source_type))
        elif is_secret(name, value) or (address and value):
            yield name, value


# ---- texts -------------------------------------------------------------------------------------------

# A name and what follows it: "name": in JSON and Python's dicts (with the backslashes of JSON within JSON), name= and name: elsewhere.
_NAMED = re.compile(
    r"""(?P<quote>\\{0,8}["'])(?P<quoted>[A-Za-z_][\w .-]{0,100})(?P=quote)\s*(?::|=>?)\s*"""
    r"""|(?<!\w)(?P<bare>[A-Za-z_][\w-]{0,100})(?:(?P<equals>\s*=\s*)|(?P<colon>\s?:\s+))(?![=:])"""
)
_OPENING = re.compile(r"""[uUbBrR]{0,2}(?P<quote>\\{0,8}["'])""")
_CONSTANT = re.compile(r"(?:null|None|true|false|True|False)(?![\w.-])")
# Up to the end of a word; of a connection string (Password=two words;) up to its semicolon.
_BARE = re.compile(r"""(?:\{[^{}"']*\}|(?:\\.|[^\s;&"'\\])+(?:[ \t]+(?![\w-]+\s*=)[^\s;="']+)*(?=;)|(?:\\.|[^\s;&"'\\])+)""")
_REST = re.compile(r"""[^"'\s][^"']*""")
_LINE = re.compile(r"\S.*")
# What may stand before a name of one word for `name: value` to be a setting and no sentence.
_SETTING_BEFORE = re.compile(r"""(?:^|[,;{(\[|>"'-])\s*\Z""")

# Scheme, user, password: what stands before the last @ of the word. A port is no password.
_URL = re.compile(r"""(\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/?#@:"'<>]{0,256}:)(?!\d{1,5}(?:[/?#,;"'\s)\]}]|\Z))([^\s"'<>]{1,4096})(@)""")
# ... and cut before its @, where a log event ends.
_URL_CUT = re.compile(
    r"""(\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/?#@:"'<>]{0,256}:)(?!\d{0,5}(?:[/?#,;"'\s)\]}]|\Z))(?!\*{8})[^\s"'<>/?#@]{1,4096}\Z"""
)
# A long user alone in an address of the web is a token: a DSN of Sentry, a clone by token.
_URL_TOKEN = re.compile(r"""(\bhttps?://)(?!\*)[^\s/?#@:"'<>]{16,4096}(@)""", re.IGNORECASE)
_PATTERNS = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL), HIDDEN),
    (re.compile(r"\b((?i:Bearer|Basic))(\s+)(?=[^\s\"',;]*[0-9A-Z=])[A-Za-z0-9._~+/-]{6,}=*"), rf"\1\2{HIDDEN}"),
    (_URL, rf"\1{HIDDEN}\3"),
    (_URL_CUT, rf"\1{HIDDEN}"),
    (_URL_TOKEN, rf"\1{HIDDEN}\2"),
    # Addresses to post to: who has one, can. hooks.slack.com, webhook.office.com, discord.com/api/webhooks, a Mattermost's /hooks.
    (
        re.compile(
            r"""(\bhttps?://(?:hooks?\.[^\s/"'<>]{1,253}/|[\w.-]{0,200}webhooks?\.[^\s/"'<>]{1,253}/|[^\s/"'<>]{1,253}/(?:[^\s/?"'<>]{1,100}/){0,6}?"""
            r"""(?:hooks|webhooks?|webhookb2)/))(?!\*)[^\s"'<>]+""",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # Tokens that say what they are: Slack, GitHub, GitLab, SendGrid, Stripe, a JSON Web Token.
    (re.compile(r"\b(?:xox[a-z]-|gh[a-z]_|github_pat_|glpat-|SG\.|[rs]k_(?:live|test)_)[A-Za-z0-9._-]{10,}"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?"), HIDDEN),
    # Hashes of passwords as crypt(3), passlib and argon2 write them.
    (re.compile(r"\$(?:1|2[abxy]?|5|6|y|argon2\w{0,3}|pbkdf2(?:-\w{1,10})?|scrypt)\$[A-Za-z0-9./=,$+-]{8,}"), HIDDEN),
    # An API key of Redash: 40 letters and digits by chance. A commit has 40, too, but no capital letters.
    (re.compile(r"\b(?=[A-Za-z0-9]{40}\b)(?=[a-z0-9]{0,39}[A-Z])(?=[A-Z0-9]{0,39}[a-z])(?=[A-Za-z]{0,39}[0-9])[A-Za-z0-9]{40}\b"), HIDDEN),
)


def mask(text: str) -> str:
    """``text`` (a line of a log, a connection string, a JSON document) with each secret in it as ``********``."""
    masked = _mask_named(text)
    for pattern, replacement in _PATTERNS:
        masked = pattern.sub(replacement, masked)
    return masked


def _mask_named(text: str) -> str:
    pieces: list[str] = []
    kept = position = 0
    while match := _NAMED.search(text, position):
        start = match.end()
        end = _end_of_value(text, match) if _names_a_secret(text, match) else None
        if end is None or end == start:
            position = start
            continue
        opening = _OPENING.match(text, start)
        if opening is not None and opening.end() <= end == _end_of_quoted(text, opening.end(), opening["quote"]):
            quote = opening["quote"]
            closed = end - opening.end() >= len(quote) and text.endswith(quote, opening.end(), end)
            empty = closed and end - opening.end() == len(quote)
            pieces += [text[kept : opening.end()], "" if empty else HIDDEN, quote if closed else ""]
        else:
            # Still JSON: a number's place is taken by a string.
            quote = match["quote"] or ""
            pieces += [text[kept:start], quote, HIDDEN, quote]
        kept = position = end
    return "".join([*pieces, text[kept:]])


def _names_a_secret(text: str, match: re.Match[str]) -> bool:
    if match["quoted"] is not None:
        return is_secret_name(match["quoted"])
    name = match["bare"]
    if name.lower() == "key":  # `Key (email)=(x) exists`; in an address's query it is one
        return match["equals"] == "=" and text[max(match.start() - 1, 0) : match.start()] in ("?", "&")
    if not is_secret_name(name):
        return False
    if match["equals"] is not None:
        return True
    words = words_of(name)
    if not _ERRORS.isdisjoint(words):
        return False
    return len(words) > 1 or bool(_SETTING_BEFORE.search(text, max(match.start() - 8, 0), match.start()))


def _end_of_value(text: str, match: re.Match[str]) -> int | None:
    """Where the value behind a name ends; None where there is none to hide."""
    start = match.end()
    if _CONSTANT.match(text, start) or text.startswith(HIDDEN, start):
        return None
    quoted = match["quoted"] is not None
    if not quoted and match["bare"].isupper() and not text[: match.start()].strip():
        # A line of a settings' listing: the value is the rest of it, whatever it holds.
        rest = _LINE.match(text, start)
        return rest.end() if rest else None
    opening = _OPENING.match(text, start)
    if opening is not None:
        return _end_of_quoted(text, opening.end(), opening["quote"])
    if quoted and text[start : start + 1] in ("{", "["):
        return _end_of_block(text, start)
    if quoted:
        bare = re.compile(r"""[^\s,;&}\])"']+""").match(text, start)
    elif match["colon"] is not None:
        bare = _REST.match(text, start)
    else:
        bare = _BARE.match(text, start)
    return bare.end() if bare else None


def _end_of_quoted(text: str, start: int, quote: str) -> int:
    """The position behind the quote that closes a string; the text's end where it was cut off before."""
    depth = len(quote) - 1
    position = start
    while (position := text.find(quote[-1], position)) >= 0:
        slashes = position - len(text[start:position].rstrip("\\")) - start
        # A quote that is escaped once more than the opening one belongs to the string.
        if slashes <= depth:
            return position + 1
        position += 1
    return len(text)


def _end_of_block(text: str, start: int) -> int:
    """The position behind the bracket that closes an object or a list; the text's end where it was cut off before."""
    depth, position = 0, start
    while position < len(text):
        character = text[position]
        if character in "\"'":
            position = _end_of_quoted(text, position + 1, character)
            continue
        depth += (character in "{[") - (character in "}]")
        position += 1
        if depth == 0:
            return position
    return len(text)


class Masker:
    """Masks the messages of one stream of a log, in their order: a secret may go on in the next message.

    A private key printed by lines does; so does a value in a message that CloudWatch's limit of 256 KiB, or the 16 KiB after which
    a container's runtime cuts a line, has cut (Docker's documentation of log drivers).
    """

    _CUT = 16 * 1024
    _END_OF_KEY = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")

    def __init__(self) -> None:
        self._in_key = False
        # The quote that ends the secret which the last message began; empty for one that ends with its word.
        self._open: str | None = None

    def message(self, text: str) -> list[str]:
        """The lines of one message, each without its secrets; at least one."""
        lines = [self._line(line) for line in text.splitlines() or [""]]
        if len(text.encode(errors="replace")) >= self._CUT:
            self._open = self._left_open(text.splitlines()[-1]) if text.splitlines() else None
        return lines

    def _line(self, line: str) -> str:
        hidden = ""
        if self._in_key:
            end = self._END_OF_KEY.search(line)
            if end is None:
                return HIDDEN
            self._in_key, line, hidden = False, line[end.end() :], HIDDEN
        if self._open is not None:
            quote, self._open = self._open, None
            end_at = _end_of_quoted(line, 0, quote) if quote else len(line) - len(line.lstrip("".join(set(line) - set(" \t,;@\"'}"))))
            closed = bool(quote) and line[:end_at].endswith(quote)
            line, hidden = line[end_at:], HIDDEN + (quote if closed else "")
        begins = [match.start() for match in re.finditer(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----", line)]
        self._in_key = bool(begins) and not self._END_OF_KEY.search(line, begins[-1])
        return hidden + mask(line)

    @staticmethod
    def _left_open(line: str) -> str | None:
        """The quote of a secret's value that ``line`` does not close; empty for a value without quotes that reaches its end."""
        position = 0
        while match := _NAMED.search(line, position):
            position = match.end()
            end = _end_of_value(line, match) if _names_a_secret(line, match) else None
            if end is None:
                continue
            position = end
            opening = _OPENING.match(line, match.end())
            if end == len(line) and opening is None:
                return ""
            if opening is not None and end == len(line) and not line.endswith(opening["quote"], opening.end()):
                return opening["quote"]
        return "" if _URL_CUT.search(line) else None


def mask_arguments(arguments: Sequence[str]) -> list[str]:
    """Words of a command: a value in a word, or in the word behind an option such as ``--password``, is hidden."""
    masked: list[str] = []
    hide = False
    for word in arguments:
        masked.append(HIDDEN if hide and word else mask(word))
        hide = word.startswith("-") and "=" not in word and is_secret_name(word.lstrip("-"))
    return masked


def mask_value(name: str, value: str) -> str:
    """``value`` as it may be seen under ``name``."""
    if is_secret_name(name) and value.strip().lower() not in _NO_SECRET:
        return HIDDEN
    return mask(value)


# ---- inside the image --------------------------------------------------------------------------------

# What a command prints reaches CloudWatch and stays there; masking on the way to the screen is too late. So a small program masks it
# in the container, which knows no more than regular expressions: Python 2.7 and newer, a few thousand characters. What it has to know
# is what Redash prints there: options as JSON, settings as NAME = value, SQLAlchemy's parameters.
# Each pattern holds a first group, which stays, and a second, empty or a quote, which stands on both sides of the mask. @N is the name.
NAME_IN_CONTAINER = (
    r"(?:(?![\w.-]*_(?:age|arn|column|count|enabled|expiry|header|id|issuer|length|method|mode|path|pattern|policy|reset|secure|ttl|type|uri|user)\b)"
    r"[\w.-]*(?:passw|passphrase|passcode|pwd|secret|token|credential|bearer|webhook|api_?key|(?:dsn|salt|auth|authorization|cookie|jwt|_pw|_pass)\b"
    r"|signature|signing)[\w.-]*|(?:[\w-]*(?:access|account|auth|cert|client|encryption|integration|json|license|master|private|service|shared"
    r"|sign|ssh|ssl|tls)_?)?key(?:_?file)?|ssl(?:root)?cert(?:ificate)?file|(?:ssl_)?(?:ca_)?cert_file|pat|pw)"
)
IN_CONTAINER = (
    # A setting: the rest of the line.
    r"(?im)^([ \t]*(?:REDASH_)?@N[ \t]*=(?![ \t]*(?:None|True|False|[0-9]{1,3})?[ \t]*$)[ \t]*)()[^\n]+",
    # "name": "value" and 'name': u'value', or a number.
    r"""(?i)((["'])@N["'] *: *u?)(?!null|None|true|false|""|'')"""
    r"""(?:"(?:\\[^\n]|[^"\\\n])*"?|'(?:\\[^\n]|[^'\\\n])*'?|[^\s,;}\]"'{\[]+)""",
    r"""(?i)(\b(?:password|passwd|pwd|token|api_?key|secret)=)()(?!\*)[^\s;&"']+""",
    r"""(?i)(\b[a-z][a-z0-9+.-]{0,30}://[^\s/?#@:"'<>]*:)()(?![0-9]{1,5}(?:[/?#,;"'\s)}\]]|\Z))[^\s"'<>]+(?=@)""",
    r"""(https?://(?:hooks?\.[^\s/"']+/|[^\s/"']*webhooks?\.[^\s/"']+/|[^\s"']+/(?:hooks|webhooks?)/))()[^\s"']+""",
    r"()()\$(?:2[aby]|5|6|argon2\w*|pbkdf2[\w-]*)\$[\w./=,$+-]{8,}",
    r"""()()-----BEGIN [A-Z ]*PRIVATE KEY-----[^\n"']*""",
)
# For the row of a user that could not be written, which is all that commands about users print: short, since fifty fit into one task.
ROW_IN_CONTAINER = (r"""('(?:@N)': u?)(')[^']*'""", r"()()\$\w+\$[\w./=,$+-]{8,}")
ROW_NAMES = "password_hash|api_key"
