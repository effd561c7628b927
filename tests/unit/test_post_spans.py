"""What each network makes of a text: links, tags, mentions, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.channels import Channel
from aicmo.posts import facets
from aicmo.posts.post import Post
from aicmo.posts.spans import spans_of
from tests.unit.post_samples import NETWORKS, draft, vectors, warnings

X, LINKEDIN, INSTAGRAM = Channel.TWITTER, Channel.LINKEDIN, Channel.INSTAGRAM
BLUESKY, MASTODON = Channel.BLUESKY, Channel.MASTODON
IDS = {"@Acme": "urn:li:organization:5", "@acme.example": "did:plc:acme"}
PIECES = st.sampled_from(
    ["#tag", "#", "@", "@acme", "@acme.example", "@a@b.example", "@Acme", "https://example.com/a_(b)",
     "example.com", "$ACME", " ", "\n", "é", "e\u0301", "日本", "👍🏽", "\ufe0f", "\u200d", "(", ")", ".", "_"]
)  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))


def marks(text: str, network: Channel) -> list[tuple[str, str, str]]:
    found = spans_of(text, network, IDS)
    return [(span.kind, span.text, span.target) for span in found if span.kind != "plain"]


@given(ANY_TEXT, st.sampled_from(NETWORKS))
def test_the_pieces_of_a_text_are_the_text(text: str, network: Channel) -> None:
    spans = spans_of(text, network, IDS)
    assert "".join(span.text for span in spans) == text
    assert all(span.text for span in spans)
    kinds = [span.kind for span in spans]
    assert ("plain", "plain") not in pairwise(kinds)


@pytest.mark.parametrize(
    ("network", "text", "expected"),
    [
        (X, "#Brot #1 #1a C#sharp #日本", [("tag", "#Brot", "Brot"), ("tag", "#1a", "1a"), ("tag", "#日本", "日本")]),
        (X, "#a#b &#c #d_e", [("tag", "#d_e", "d_e")]),
        (X, "@acme, ann@example.com @é", [("mention", "@acme", "acme")]),
        (X, "$ACME up, US$5, $5", [("tag", "$ACME", "$ACME")]),
        (X, "(https://example.com/a_(b)).", [("link", "https://example.com/a_(b)", "https://example.com/a_(b)")]),
        (X, "see example.com/x, Node.js", [("link", "example.com/x", "https://example.com/x")]),
        (LINKEDIN, "Hi @Acme, @Other #ai_now #1", [("mention", "@Acme", "urn:li:organization:5"), ("tag", "#ai_now", "ai_now")]),
        (LINKEDIN, "@Acmes and x@Acme", []),
        (LINKEDIN, "https://a.example/#top", [("link", "https://a.example/#top", "https://a.example/#top")]),
        (INSTAGRAM, "@acme.shop. #100 #a👍 https://a.example", [("mention", "@acme.shop", "acme.shop"), ("tag", "#100", "100"), ("tag", "#a👍", "a👍")]),
        (BLUESKY, "@acme.example and @other.example", [("mention", "@acme.example", "did:plc:acme")]),
        (BLUESKY, "#Köln! x#y #123 $acme", [("tag", "#Köln", "Köln"), ("tag", "$acme", "$ACME")]),
        (BLUESKY, "#" + "x" * 64 + " #" + "y" * 65, [("tag", "#" + "x" * 64, "x" * 64)]),
        (MASTODON, "@ann@social.example @bob /#no #ja", [("mention", "@ann@social.example", "ann@social.example"), ("mention", "@bob", "bob"), ("tag", "#ja", "ja")]),
        (MASTODON, "example.com", []),
        (MASTODON, "https:// and https://:80/x", []),
        (BLUESKY, "https://example.comを見て", [("link", "https://example.com", "https://example.com")]),
        (LINKEDIN, "http://localhost:80/x!", [("link", "http://localhost:80/x", "http://localhost:80/x")]),
        (MASTODON, "@ann.https://a.example", [("link", "https://a.example", "https://a.example")]),
    ],
)  # fmt: skip
def test_each_network_has_its_own_grammar(
    network: Channel, text: str, expected: list[tuple[str, str, str]]
) -> None:
    assert marks(text, network) == expected


@pytest.mark.parametrize("vector", vectors("facets")[0]["vectors"])
def test_facets_are_counted_in_bytes(vector: dict[str, object]) -> None:
    text = str(vector["text"])
    post = Post(network=BLUESKY, spans=spans_of(text, BLUESKY, {}), language="en")
    found = [
        [one["index"]["byteStart"], one["index"]["byteEnd"], one["features"][0]["$type"].partition("#")[2]]
        for one in facets.of(post)
    ]  # fmt: skip
    assert found == vector["facets"]


def test_a_facet_says_where_it_leads() -> None:
    text = "Hi @acme.example #Brot https://example.com"
    post = Post(network=BLUESKY, spans=spans_of(text, BLUESKY, IDS), language="en")
    kind = "app.bsky.richtext.facet#"
    assert [one["features"] for one in facets.of(post)] == [
        [{"$type": f"{kind}mention", "did": "did:plc:acme"}],
        [{"$type": f"{kind}tag", "tag": "Brot"}],
        [{"$type": f"{kind}link", "uri": "https://example.com"}],
    ]


@given(ANY_TEXT)
def test_a_facet_s_bytes_are_its_text(text: str) -> None:
    spans = spans_of(text, BLUESKY, IDS)
    post = Post(network=BLUESKY, spans=spans, language="en")
    marked = [span.text for span in spans if span.kind != "plain"]
    raw = text.encode()
    found = [one["index"] for one in facets.of(post)]
    assert [raw[one["byteStart"] : one["byteEnd"]].decode() for one in found] == marked


@pytest.mark.parametrize(
    ("network", "handle", "fix"),
    [
        ("bluesky", "@other.example", "Give content.mentions @other.example with its DID, did:plc:…"),
        ("linkedin", "@Other", "Give content.mentions @Other with its URN, urn:li:organization:…"),
    ],
)  # fmt: skip
def test_a_mention_without_an_id_stays_plain_and_says_how_it_becomes_one(
    network: str, handle: str, fix: str
) -> None:
    found = draft(network, text=f"With {handle}.")
    assert [span.kind for span in found.post.spans] == ["plain"]
    [problem] = found.problems
    assert (problem.severity, problem.place, problem.fix) == ("warning", "content.text", fix)


def test_ids_of_another_network_are_no_concern_of_this_one() -> None:
    named = draft("linkedin", text="With @Acme.", mentions=IDS)
    assert named.post.text == "With Acme."  # as LinkedIn shows a mention
    assert named.problems == ()
    assert warnings(draft("linkedin", text="Alone.", mentions=IDS)) == [
        ("content.mentions", "@Acme doesn’t stand in the text")
    ]
    assert draft("twitter", text="Alone.", mentions=IDS).problems == ()
