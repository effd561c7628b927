"""LinkedIn's little text: nothing that it reserves is left bare, and it reads back as it was meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.channels import Channel
from aicmo.posts import little_text
from aicmo.posts.post import Span
from aicmo.posts.spans import spans_of
from tests.unit.post_samples import draft, links, vectors

IDS = {"@Acme (UK)": "urn:li:organization:5"}
TEXT = st.text(st.one_of(st.sampled_from(r"\|{}@[]()<>#*_~ aé"), st.characters()), max_size=60)
MARKUP = re.compile(r"\\.|@\[(?:\\.|[^\\\]])*\]\(urn:[\w:]+\)|\{hashtag\|\\#\|(?:\\.|[^\\}])*\}|#\w", re.DOTALL)  # fmt: skip


@pytest.mark.parametrize("vector", vectors("little_text")[0]["vectors"])
def test_what_is_reserved_is_escaped(vector: dict[str, list[list[str]]]) -> None:
    spans = [
        Span.model_validate({"kind": kind, "text": text, "target": target})
        for kind, text, target in vector["spans"]
    ]
    assert little_text.escape(spans) == vector["little_text"]


@pytest.mark.parametrize("pair", vectors("little_text")[1]["read_back"])
def test_what_linkedin_writes_is_read(pair: list[str]) -> None:
    assert little_text.unescape(pair[0]) == pair[1]


@given(TEXT)
def test_any_text_comes_back(text: str) -> None:
    spans = spans_of(text, Channel.LINKEDIN, IDS)
    assert little_text.unescape(little_text.escape(spans)) == text


@given(TEXT)
def test_nothing_reserved_is_left_bare(text: str) -> None:
    written = little_text.escape(spans_of(text, Channel.LINKEDIN, IDS))
    assert not re.search(r"[\\|{}@\[\]()<>#*_~]", MARKUP.sub("", written))


def test_a_mention_is_its_name_and_urn() -> None:
    post = draft("linkedin", text="With @Acme (UK) today", mentions=IDS).post
    assert post.text == "With Acme (UK) today"
    assert little_text.escape(post.spans) == r"With @[Acme \(UK\)](urn:li:organization:5) today"


def test_addresses_hold_no_markup_so_that_they_stay_links() -> None:
    post = draft("linkedin", text="See https://example.com/a_b~(c)?d=*&e=[1]#f").post
    url = "https://example.com/a%5Fb%7E%28c%29?d=%2A&e=%5B1%5D#f"
    assert links(post) == [(url, url)]
    assert little_text.escape(post.spans) == "See " + url.replace("#", r"\#")
    assert links(draft("bluesky", text="https://example.com/a_b").post)[0][0].endswith("a_b")
