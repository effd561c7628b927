"""Cards of posts: text, crop and differences as each network's feed has them; pure, without a ledger."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aicmo.channels import SOCIAL, Channel
from aicmo.execution.post_card import Card, CardAccount, Standing, compared, make_card
from aicmo.execution.post_card_media import frames, layout_of, small_copy
from aicmo.execution.post_card_text import marked, pieces
from aicmo.posts.draft import Draft
from aicmo.posts.post import Post, PostPicture, Span
from tests.unit.social_projects import scene

LI, IG, X, BS, MA = SOCIAL
AT = datetime(2026, 3, 16, 12, 30, tzinfo=UTC)
URL = "https://www.northside.example.com/founders/autumn-2026?utm_source=x"


def link(url: str = URL) -> Span:
    return Span(kind="link", text=url, target=url)


def plain(text: str) -> Span:
    return Span(text=text)


def shown(network: Channel, *spans: Span) -> str:
    return "".join("|" if each.kind == "fold" else each.text for each in pieces(network, spans))


def picture(width: int, height: int, media_type: str = "image/jpeg") -> PostPicture:
    return PostPicture(
        sha256="0" * 64, media_type=media_type, width=width, height=height, alt_text="A hall"
    )


def card(network: Channel, text: str, **changes: Any) -> Card:
    post = Post(
        network=network, spans=(plain(text),), language="en",
        pictures=changes.pop("pictures", ()), card=changes.pop("card", None),
    )  # fmt: skip
    made = make_card(
        Draft(post, len(text), 300, "characters"), CardAccount(pinned=True, name="Studio"),
        Standing("pending", "not approved"), (), item=f"launch-{network}", part=1, parts=1,
        to_make=(), send_at=AT, timezone="America/Chicago",
    )  # fmt: skip
    return replace(made, **changes)


# Text


@pytest.mark.parametrize(
    ("network", "url", "seen"),
    [
        (X, URL, "northside.example.com/founders/autum…"),
        (X, "https://northside.example.com", "northside.example.com"),
        (X, "https://northside.example.com/a", "northside.example.com/a"),
        (MA, URL, "northside.example.com/founders…"),
        (MA, "https://northside.example.com/abcdefgh", "northside.example.com/abcdefgh"),
        (MA, "https://northside.example.com/abcdefghi", "northside.example.com/abcdefgh…"),
        (BS, URL, URL),
        (LI, URL, URL),
    ],
)
def test_a_link_is_shown_as_the_network_shortens_it(network: Channel, url: str, seen: str) -> None:
    (piece,) = pieces(network, [link(url)])
    assert (piece.kind, piece.text) == ("link", seen)


def test_on_instagram_a_link_cannot_be_followed() -> None:
    assert [each.kind for each in pieces(IG, [plain("See "), link()])] == ["plain", "plain"]


def test_linkedin_shows_a_mentions_name_alone() -> None:
    mention = Span(kind="mention", text="@Acme", target="urn:li:organization:5")
    assert shown(LI, plain("With "), mention) == "With Acme"
    assert shown(BS, plain("With "), mention) == "With @Acme"


@pytest.mark.parametrize(("network", "fold"), [(LI, 210), (IG, 125)])
def test_the_feed_stops_at_a_word_once_the_text_is_too_long(network: Channel, fold: int) -> None:
    words = "word " * 100
    assert shown(network, plain(words[:fold])) == words[:fold]
    before, _, after = shown(network, plain(words)).partition("|")
    assert before + after == words
    assert fold - len("word ") < len(before) <= fold
    assert before.endswith(" ")


def test_the_fold_breaks_no_link_and_no_tag() -> None:
    tag = Span(kind="tag", text="#" + "Fitness" * 3, target="Fitness" * 3)
    kinds = [each.kind for each in pieces(IG, [plain("a " * 60), tag, plain(" end")])]
    assert kinds == ["plain", "fold", "tag", "plain"]
    assert "|" not in shown(X, plain("word " * 55))


@given(st.lists(st.text(max_size=90), min_size=1, max_size=6), st.sampled_from(SOCIAL))
def test_no_word_of_a_plain_text_is_lost_or_added(texts: list[str], network: Channel) -> None:
    found = pieces(network, [plain(text) for text in texts])
    assert "".join(each.text for each in found) == "".join(texts)
    again = marked(found, "".join(texts), "some other words")
    assert "".join(each.text for each in again) == "".join(texts)


# Pictures


@pytest.mark.parametrize(
    ("network", "sizes", "layout", "seen"),
    [
        (X, [(1600, 900)], "one", [100]),
        (X, [(900, 1600)], "one", [75]),  # at least 3:4
        (X, [(800, 900)] * 2, "pair", [100, 100]),
        (X, [(800, 900), (1600, 900), (1600, 900)], "three", [100, 100, 100]),
        (X, [(1000, 1000)] * 4, "four", [56] * 4),  # 16:9
        (IG, [(1080, 1350)], "one", [100]),
        (IG, [(1080, 1920)], "one", [70]),  # at least 4:5
        (IG, [(1080, 1350), (1600, 1200), (1000, 1000)], "strip", [100, 60, 80]),
        (LI, [(1080, 1920)], "one", [70]),
        (LI, [(1000, 1000)] * 2, "pair", [100, 100]),
        (LI, [(1500, 1000), (1000, 1000), (1000, 1000)], "lead", [100, 100, 100]),
        (BS, [(1000, 2000)], "one", [100]),
        (BS, [(1000, 1000)] * 3, "three", [100, 100, 100]),
        (MA, [(300, 3000)], "one", [100]),
        (IG, [], "one", []),
        (MA, [(750, 1000)] * 2, "pair", [100, 100]),
        (MA, [(1600, 1200), (1080, 1350)], "pair", [56, 94]),
    ],
)
def test_pictures_lie_and_are_cropped_as_in_the_feed(
    network: Channel, sizes: list[tuple[int, int]], layout: str, seen: list[int]
) -> None:
    assert layout_of(network, len(sizes)) == layout
    found = frames(network, "post", [picture(*size) for size in sizes])
    assert [each.seen for each in found] == seen


def test_the_cropped_sides_are_named() -> None:
    tall, wide = (frames(IG, "post", [picture(*size)])[0] for size in ((500, 2000), (2000, 500)))
    assert (tall.cropped, wide.cropped) == ("top and bottom", "left and right")
    assert frames(MA, "post", [picture(500, 2000)])[0].cropped == ""


def test_reels_and_stories_are_upright() -> None:
    film = picture(1080, 1920, "video/mp4")
    assert [each.seen for each in frames(IG, "reel", [film])] == [100]
    assert frames(IG, "story", [picture(0, 0, "video/mp4")])[0].ratio == 9 / 16


def test_a_small_copy_is_small_upright_and_bare() -> None:
    turned = Image.Exif()
    turned[0x0112], turned[0x010E] = 6, "taken at 12 Example Street"
    made = io.BytesIO()
    Image.open(io.BytesIO(scene(0, 2000, 1000))).save(made, "JPEG", exif=turned)
    copy = small_copy(made.getvalue(), 600)
    with Image.open(io.BytesIO(copy)) as small:
        assert (small.format, small.size) == ("JPEG", (300, 600))
    assert b"Example Street" not in copy


def test_a_transparent_picture_lies_on_white_and_a_film_has_no_copy() -> None:
    made = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(made, "PNG")
    with Image.open(io.BytesIO(small_copy(made.getvalue(), 600))) as small:
        assert small.getpixel((20, 20)) == (255, 255, 255)
    assert small_copy(b"\0\0\0\x18ftypmp42", 600) == b""


# One post on several networks


def test_what_a_network_has_of_its_own_is_told() -> None:
    posts = [
        [card(LI, "We open on Monday.")],
        [card(X, "We open on Monday.", pictures=(picture(4, 3),))],
        [card(BS, "We open on Monday. #Austin")],
        [card(MA, "We open on Monday.", send_at=AT.replace(hour=20))],
    ]
    _, differences = compared(posts)
    assert [each.fields for each in differences] == [(), ("pictures",), ("text",), ("time",)]
    assert [each.item for each in differences] == [
        "launch-linkedin", "launch-twitter", "launch-bluesky", "launch-mastodon",
    ]  # fmt: skip


def test_link_tags_make_no_difference() -> None:
    posts = [[card(LI, "")], [card(X, "")]]
    for at, network in enumerate(("linkedin", "x")):
        spans = (plain("See "), link(f"https://northside.example.com/?utm_source={network}"))
        posts[at] = [
            replace(posts[at][0], post=posts[at][0].post.model_copy(update={"spans": spans}))
        ]
    assert [each.fields for each in compared(posts)[1]] == [(), ()]


def test_words_that_the_first_post_has_not_got_are_marked() -> None:
    first, second = "We open on Monday at nine.", "We open on Tuesday at nine."
    shown_posts, _ = compared([[card(LI, first)], [card(X, second)]])
    assert [each.own for each in shown_posts[0][0].pieces] == [False]
    assert [each.text for each in shown_posts[1][0].pieces if each.own] == ["Tuesday"]


def test_a_wholly_different_text_is_not_marked() -> None:
    shown_posts, differences = compared(
        [[card(LI, "We open on Monday.")], [card(X, "Come and lift things with us!")]]
    )
    assert not any(each.own for each in shown_posts[1][0].pieces)
    assert "text" in differences[1].fields
