"""Every word of ours that reaches a client goes through the catalogues.

A catalogue is made of all messages that the code has, each within ⟦⟧; the document speaks Cyrillic.
What is left in small Latin letters outside of the marks is a word that no translator would see.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from aicmo.channels import parse_channel
from aicmo.packaging import translation as catalogues
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ItemStatus, ProjectContent
from aicmo.packaging.outline import Outline, imprint, texts
from aicmo.packaging.wording import CHANNEL_NAMES
from tests.documents.fixture_long import long_data
from tests.documents.fixtures import content_of, missing_data, results_content, sample_data

PACKAGING = Path(catalogues.__file__).parent
LANGUAGE = "eo"
CYRILLIC = str.maketrans(string.ascii_lowercase, "абвгдежзийклмнопрстуфхцчшщ")
KEPT = {
    "id", "timezone", "language", "url", "link", "website", "audience",
    "send_at", "send_until", "starts_on", "ends_on", "currency", "tier", "better", "format",
    "action", "primary", "accent", "typeface", "schema_version",
}  # fmt: skip


@pytest.fixture(scope="module")
def messages() -> list[str | tuple[str, str]]:
    """All messages of the code, as `pybabel extract` finds them."""
    found = extract_from_dir(
        PACKAGING, [("**.py", "python")], keywords={"text": None, "plural": (1, 2)}
    )
    return [message for _, _, message, _, _ in found]


@pytest.fixture
def marked(
    messages: list[str | tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    catalogue = Catalog(locale=LANGUAGE)
    for message in messages:
        of_all = (message,) if isinstance(message, str) else message
        translated = tuple(f"⟦{one}⟧" for one in of_all)
        catalogue.add(message, translated if len(of_all) > 1 else translated[0])
    with (tmp_path / f"{LANGUAGE}.po").open("wb") as file:
        write_po(file, catalogue)
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path)
    catalogues.translation.cache_clear()
    yield
    catalogues.translation.cache_clear()


def in_cyrillic(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: one if k in KEPT else in_cyrillic(one) for k, one in value.items()}
    if isinstance(value, list):
        return [in_cyrillic(one) for one in value]
    if isinstance(value, str) and parse_channel(value):
        return value
    return value.translate(CYRILLIC) if isinstance(value, str) else value


def of(data: dict[str, Any]) -> dict[str, Any]:
    market = {"market": data["market"]}  # its `primary` is a text, a brand's a colour
    written = in_cyrillic(data) | {"language": LANGUAGE}
    written["market"]["primary"] = market["market"]["primary"].translate(CYRILLIC)
    return written


def words_of_babel() -> set[str]:
    locale = Locale.parse(LANGUAGE)
    names = [*locale.months["format"].values(), *locale.days["format"].values()]
    texts_of = [str(one) for each in names for one in dict(each).values()]
    texts_of += ["kaj", "Central Time", "Centra", "Tempo", "USD"]
    return set(re.findall(r"[^\W\d_]+", " ".join(texts_of).lower()))


def outside(outline: Outline) -> set[str]:
    """Small Latin words that are neither marked, nor Babel's, a channel's name or an address."""
    known = words_of_babel()
    known |= {word.lower() for name in CHANNEL_NAMES.values() for word in re.findall(r"\w+", name)}
    found: set[str] = set()
    for said in (*texts(outline.chapters), outline.version, outline.period, *imprint(outline)):
        bare, before = said, ""
        while bare != before:
            before, bare = bare, re.sub(r"⟦[^⟦⟧]*⟧", "", bare)
        bare = re.sub(r"https://\S+|mailto:\S+", "", bare)
        found |= set(re.findall(r"[A-Za-z]*[a-z][A-Za-z]*", bare))
    keys = {one.key for one in outline.chapters} | {"decision", "warning", "higher", "lower"}
    return {word for word in found - keys if word.lower() not in known}


def with_every_outcome(content: ProjectContent) -> ProjectContent:
    reasons = {
        "unsubscribed": 1, "complained": 1, "no consent": 1, "hard bounced": 1, "550 5.1.1": 1,
        "not approved": 1, "paused": 1, "due": 1, "outside the send window in X until 08:00": 1,
        "no gateway for crm": 1, "no longer in the plan": 1, "late": 1, "can't be composed: x": 1,
        "cancelled": 1, "restored from a backup: x": 1, "given up: x": 1, "no answer": 1, "x": 1,
        "operator task: x": 1, "the same text goes out": 1, "a part before it": 1,
        "can't be put up: x": 1, "proven absent": 1, "had 2 emails in 7 days": 1, "channel x is not enabled in this run": 1,
    }  # fmt: skip
    states = ("sent", "failed", "unknown", "skipped", "held", "cancelled", "expired")
    kinds = ("bounced", "delayed", "delivered", "complained", "unsubscribed", "else")
    first = next(iter(content.items))
    status = ItemStatus(
        approved=True,
        counts=dict.fromkeys(states, 2),
        reasons=reasons,
        first_sent_at=content.imported_at,
        last_sent_at=content.imported_at,
        links=("https://posts.example.com/1",),
        feedback=dict.fromkeys(kinds, 1),
    )
    each = {
        key: ItemStatus(approved=True, counts={state: 1})
        for key, state in zip(content.items, states, strict=False)
    }
    return replace(content, items={**content.items, **each, first: status})


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("make", [sample_data, missing_data, long_data])
@pytest.mark.parametrize("executed", [False, True])
def test_no_word_of_ours_is_left_in_english(make: Any, *, executed: bool) -> None:
    content = content_of(of(make()), approved=executed)
    if executed:
        content = replace(with_every_outcome(content), ledger=results_content().ledger)
    outline = compose(content)
    assert outline.version.startswith("⟦")
    assert outside(outline) == set()


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("total", [18000, 17000, 0])
def test_the_arithmetic_of_a_budget_is_told_in_the_language(total: int) -> None:
    data = sample_data()
    data["budget"]["total"] = total
    assert outside(compose(content_of(of(data)))) == set()


def test_no_message_is_glued_of_pieces(messages: list[str | tuple[str, str]]) -> None:
    """A message names what it is filled with, and no plural is made by a letter."""
    for message in messages:
        for one in (message,) if isinstance(message, str) else message:
            assert "%" not in one
            assert "{}" not in one
            assert one == one.strip()
