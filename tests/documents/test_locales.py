"""Every word of ours in a package stands in every catalogue, with the same names to fill in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from aicmo.packaging.translation import LOCALES, translation

LANGUAGES = ("ar", "de", "es", "fr", "hi", "ja", "pt")
_ROOT = LOCALES.parents[1]
_KEYWORDS: dict[str, Any] = {"text": None, "plural": (1, 2)}
_WAYS = [("**.py", "python"), ("**.j2", "jinja2")]
_TRIMMED = {"**.j2": {"trim_blocks": "true"}}
_NAME = re.compile(r"\{\w+\}")

Key = str | tuple[str, ...]


@pytest.fixture(scope="module")
def messages() -> set[Key]:
    found: set[Key] = set()
    for folder in ("packaging", "delivery", "web"):
        lines = extract_from_dir(_ROOT / folder, _WAYS, _TRIMMED, keywords=_KEYWORDS)
        found |= {message for _, _, message, _, _ in lines}
    return found


def catalogue(language: str) -> dict[Key, Message]:
    with (LOCALES / f"{language}.po").open("rb") as written:
        return {_key(message): message for message in read_po(written) if message.id}


def _key(message: Message) -> Key:
    return tuple(message.id) if isinstance(message.id, list | tuple) else message.id


def test_the_code_has_words_to_translate(messages: set[Key]) -> None:
    assert "Executive summary" in messages
    assert ("{number} sent", "{number} sent") in messages
    assert len(messages) > 250


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_message_and_no_other(language: str, messages: set[Key]) -> None:
    written = catalogue(language)
    # gettext finds a word alone in an entry that has its plural as well.
    singulars = {key[0] for key in written if isinstance(key, tuple)}
    assert messages - written.keys() - singulars == set()
    assert written.keys() - messages == set()
    assert [m.id for m in written.values() if m.fuzzy or not _forms(m)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_in_the_same_names(language: str) -> None:
    for key, message in catalogue(language).items():
        wanted = set(_NAME.findall(" ".join(key) if isinstance(key, tuple) else key))
        # Arabic says "two pieces" in one word: the number may be left out of a plural.
        optional = {"{number}"} if isinstance(key, tuple) else set[str]()
        for form in _forms(message):
            named = set(_NAME.findall(form))
            assert named <= wanted, form
            assert wanted - named <= optional, form


def _forms(message: Message) -> tuple[str, ...]:
    said = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return said if all(said) else ()


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", "1 sent", "1,200 sent"),
        ("de-CH", "1 versandt", "1’200 versandt"),
        ("fr", "1 envoyé", "1\u202f200 envoyés"),
        ("pt-BR", "1 enviado", "1.200 enviados"),
        ("ja", "送信済み1件", "送信済み1,200件"),
        ("xx", "1 sent", "1,200 sent"),
    ],
)
def test_numbers_are_written_as_the_language_does(language: str, one: str, many: str) -> None:
    say = translation(language)
    assert say.plural("{number} sent", "{number} sent", 1) == one
    assert say.plural("{number} sent", "{number} sent", 1200) == many


def test_arabic_counts_in_its_own_forms_and_runs_from_right_to_left() -> None:
    say = translation("ar")
    pieces = [say.plural("on {number} channel", "on {number} channels", n) for n in (1, 2, 3, 11)]
    assert pieces == ["على قناة واحدة", "على قناتين", "على 3 قنوات", "على 11 قناة"]
    assert say.direction == "rtl"
    assert translation("ja").direction == "ltr"


def test_a_language_without_a_catalogue_is_english_from_left_to_right() -> None:
    # Hebrew has no catalogue here: its words would be English, so they run as English does.
    assert translation("he").text("Budget") == "Budget"
    assert translation("he").direction == "ltr"
    assert Path(LOCALES / "he.po").exists() is False
