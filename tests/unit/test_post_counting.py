"""Every network's own counting, against vectors that its own software made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.channels import Channel
from aicmo.posts.counting import length
from aicmo.posts.rules import rules_of
from aicmo.posts.spans import spans_of
from tests.unit.post_samples import draft, errors, problem, vectors

COUNTED = [
    pytest.param(
        Channel(group["network"]), vector, id=f"{group['network']}-{vector['text'][:20]!a}"
    )
    for group in vectors("counting")
    for vector in group["vectors"]
]


def count(network: Channel, text: str, warning: str = "") -> int:
    return length(spans_of(text, network, {}), rules_of(network), warning)


@pytest.mark.parametrize(("network", "vector"), COUNTED)
def test_a_text_is_as_long_as_its_network_says(network: Channel, vector: dict[str, Any]) -> None:
    assert count(network, vector["text"], vector.get("content_warning", "")) == vector["length"]
    if "bytes" in vector:
        assert len(vector["text"].encode()) == vector["bytes"]


@pytest.mark.parametrize(
    ("network", "limit", "unit", "letter", "letters"),
    [
        ("twitter", 280, "weighted characters", "y", 280),
        ("twitter", 280, "weighted characters", "日", 140),
        ("linkedin", 3_000, "UTF-16 units", "y", 3_000),
        ("linkedin", 3_000, "UTF-16 units", "👍", 1_500),
        ("instagram", 2_200, "characters", "👍", 2_200),
        ("bluesky", 300, "characters", "e\u0301", 300),
        ("mastodon", 500, "characters", "👍🏽", 500),
    ],
)
def test_the_limit_is_let_through_and_one_more_is_not(
    network: str, limit: int, unit: str, letter: str, letters: int
) -> None:
    media = ("image/jpeg",) if network == "instagram" else ()
    fits = draft(network, media_types=media, text=letter * letters)
    assert (fits.used, fits.limit, fits.unit) == (limit, limit, unit)
    assert errors(fits) == []
    over = draft(network, media_types=media, text=letter * letters + "!")
    assert errors(over) == [("content.text", f"{limit + 1:,} of {limit:,} {unit}")]
    assert problem(over, " of ").fix == "Shorten it by 1"


def test_bluesky_counts_bytes_as_well() -> None:
    family = "👨‍👩‍👧‍👦"  # one character of 25 bytes
    assert errors(draft("bluesky", text=family * 120)) == []
    assert errors(draft("bluesky", text=family * 120 + "!")) == [
        ("content.text", "3,001 of 3,000 bytes")
    ]


def test_a_mastodon_server_says_its_own_limits() -> None:
    facts = {"max_characters": 60, "characters_reserved_per_url": 30}
    text = "y" * 29 + " https://example.com/a"
    assert draft("mastodon", text=text, facts=facts).used == 60
    assert errors(draft("mastodon", text=text, facts=facts)) == []
    assert errors(draft("mastodon", text=f"{text} ", content_warning="A", facts=facts)) == [
        ("content.text", "61 of 60 characters")
    ]


def test_x_counts_what_may_be_no_address_by_its_letters_when_they_are_more() -> None:
    unknown = "https://shop.unheard-of/" + "x" * 40
    assert count(Channel.TWITTER, unknown) == len(unknown)
    assert count(Channel.TWITTER, "https://a.unheard-of") == 23
    host = "x" * 64
    assert count(Channel.TWITTER, f"https://{host}.com") == len(f"https://{host}.com")
    assert count(Channel.TWITTER, f"https://{host[1:]}.com") == 23


@given(st.text(max_size=80), st.sampled_from(list(Channel)))
def test_no_text_is_too_strange_to_be_counted(text: str, network: Channel) -> None:
    if network in (Channel.EMAIL, Channel.CRM):
        return
    assert 0 <= count(network, text) <= 2 * len(text) + 23 * text.count(".")
