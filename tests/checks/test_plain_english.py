# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pages that people read first are written for people who read English as a second language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "docs/first-hour.md")
MOST_WORDS = 25
# For each of these words there is a plain one: again, fix, retry, who or anyone, someone, no one, three times.
FORBIDDEN = ("anew", "mend", "mended", "mends", "whoever", "somebody", "nobody", "thrice", "foretold", "is begun", "it the")
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs, list items, headings and table cells of a page of Markdown; code that is named counts as one word."""
    text = re.sub(r"`[^`]+`", "code", FENCE.sub("\n\n", text))
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*] |\d+\. |\||#))", text):
        for part in block.split("|"):
            if words := " ".join(part.split()).lstrip("-*#").strip():
                yield re.sub(r"^\d+\. ", "", words)


def sentences(text: str) -> Iterator[str]:
    """A sentence ends with a full stop or a question mark."""
    for paragraph in paragraphs(text):
        yield from (sentence for sentence in re.split(r"(?<=[.?!])[)*\"]*\s+", paragraph) if sentence)


def test_a_long_sentence_is_found_wherever_it_stands() -> None:
    long = " ".join(["word"] * (MOST_WORDS + 1))
    for text in (
        f"{long}.",
        f"- one\n- {long}\n",
        f"| a | {long} |\n",
        f"Short. {long}. Short.",
        f"# {long}\n",
        f"one two:\n\n```console\nx\n```\n{long}\n",
    ):
        assert [len(found.split()) for found in sentences(text) if len(found.split()) > MOST_WORDS] == [MOST_WORDS + 1], text
    assert list(sentences("```console\n$ a b c\n```\nRun `a b c` and [look there](x.md). Then go.")) == [
        "Run code and look there.",
        "Then go.",
    ]


@pytest.mark.parametrize("page", PAGES)
def test_sentences_are_short(page: str) -> None:
    long = [sentence for sentence in sentences((ROOT / page).read_text()) if len(sentence.split()) > MOST_WORDS]
    assert not long, "\n".join(f"{len(sentence.split())} words: {sentence}" for sentence in long)


@pytest.mark.parametrize("page", PAGES)
def test_words_are_plain(page: str) -> None:
    found = [
        f"{word}: {paragraph}"
        for paragraph in paragraphs((ROOT / page).read_text())
        for word in FORBIDDEN
        if re.search(rf"\b{word}\b", paragraph, re.IGNORECASE)
    ]
    assert not found, "\n".join(found)
