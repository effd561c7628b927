"""What a text, a link and a card become on each network, and what is told of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.channels import Channel
from aicmo.errors import FixInput
from aicmo.plans.document import ProjectDocument
from aicmo.posts.composer import compose_post
from aicmo.posts.links import find_links
from aicmo.posts.post import Post
from aicmo.posts.rules import rules_of
from tests.unit.plan_documents import email_item, plain_document
from tests.unit.post_samples import (
    NETWORKS,
    draft,
    errors,
    links,
    problem,
    warnings,
)  # fmt: skip

UTM = {"source": "newsletter", "medium": "email", "campaign": "spring"}
LINK = "https://acme.com/spring"
CARD = {"title": "Spring sale", "description": "All week"}
JPEG, PNG, WEBP, GIF, FILM = "image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4"


def tags(network: str) -> str:
    return f"utm_source={network}&utm_medium=social&utm_campaign=spring"


@pytest.mark.parametrize("network", ["twitter", "mastodon", "linkedin", "bluesky"])
def test_a_link_that_the_text_lacks_stands_on_a_line_of_its_own(network: str) -> None:
    assert draft(network, text="Come.", link=LINK).post.text == f"Come.\n\n{LINK}"


@pytest.mark.parametrize("network", ["twitter", "mastodon", "linkedin", "bluesky"])
def test_a_link_that_the_text_has_is_not_said_twice(network: str) -> None:
    assert draft(network, text=f"Come: {LINK}/!", link=LINK).post.text == f"Come: {LINK}/!"


def test_instagram_makes_no_links() -> None:
    found = draft("instagram", media_types=(JPEG,), text="At https://acme.com", link=LINK)
    assert found.post.text == "At https://acme.com"
    assert links(found.post) == []
    assert warnings(found) == [
        ("content.text", "An address in the text is no link on Instagram"),
        ("content.link", "Instagram makes no links in posts, so the address isn’t in the text"),
    ]


@pytest.mark.parametrize("network", ["twitter", "mastodon"])
def test_links_carry_the_tags_of_their_network(network: str) -> None:
    found = draft(network, text="Read https://acme.com/a?b=1#c.", link=LINK, utm=UTM).post
    first, second = f"https://acme.com/a?b=1&{tags(network)}#c", f"{LINK}?{tags(network)}"
    assert found.text == f"Read {first}.\n\n{second}"
    assert links(found) == [(first, first), (second, second)]


def test_on_bluesky_the_tags_are_behind_the_link_and_take_no_room() -> None:
    found = draft("bluesky", text="Come.", link=LINK, utm=UTM)
    assert links(found.post) == [(LINK, f"{LINK}?{tags('bluesky')}")]
    assert found.used == len(f"Come.\n\n{LINK}")


def test_linkedin_s_tags_hold_no_markup() -> None:
    found = draft("linkedin", text="Come.", link=LINK, utm=UTM).post
    url = f"{LINK}?{tags('linkedin').replace('_', '%5F')}"
    assert links(found) == [(url, url)]


def test_the_campaign_is_the_post_on_all_networks() -> None:
    item = {"id": "launch-twitter", "part_of": "launch", "channel": "twitter", "title": "T",
            "send_at": "2026-03-03T07:30", "content": {"text": "Come.", "link": LINK}}  # fmt: skip
    document = ProjectDocument.model_validate(plain_document(items=[item], sending={"utm": {}}))
    [(_, url)] = links(compose_post(document, document.items[0]).post)
    assert url == f"{LINK}?utm_source=twitter&utm_medium=social&utm_campaign=launch"


@pytest.mark.parametrize("network", ["linkedin", "bluesky"])
def test_a_card_takes_the_link_s_place(network: str) -> None:
    post = draft(network, text="Come.", link=LINK, card=CARD, utm=UTM).post
    assert post.text == "Come."
    assert post.card
    assert post.card.url == f"{LINK}?{tags(network)}"
    assert (post.card.title, post.card.description) == ("Spring sale", "All week")


@pytest.mark.parametrize("network", ["twitter", "mastodon", "instagram"])
def test_where_the_network_looks_at_the_page_itself_no_card_is_sent(network: str) -> None:
    assert draft(network, link=LINK, card=CARD).post.card is None


@pytest.mark.parametrize("network", ["linkedin", "bluesky"])
def test_pictures_take_the_card_s_place(network: str) -> None:
    found = draft(network, media_types=(JPEG,), text="Come.", link=LINK, card=CARD)
    assert (found.post.card, found.post.text) == (None, f"Come.\n\n{LINK}")
    assert "pictures or a card" in problem(found, "card").message


@pytest.mark.parametrize("network", ["linkedin", "bluesky"])
def test_a_link_without_a_title_has_no_card(network: str) -> None:
    found = draft(network, link=LINK)
    assert found.post.card is None
    assert problem(found, "card").fix == "Give content.card a title"
    assert problem(draft(network, card=CARD), "card").fix == "Give content.link"


def test_an_article_is_a_card() -> None:
    assert errors(draft("linkedin", format="article", link=LINK, card=CARD)) == []
    assert errors(draft("linkedin", format="article", link=LINK)) == [
        ("content.card", "An article is a card with a link, and this one has none")
    ]


def test_the_parts_of_a_thread_have_their_own_text_media_and_limit() -> None:
    thread: list[dict[str, Any]] = [
        {"text": "y" * 301, "media": [{"file": "a.jpg"}]}, {"text": "End."},
    ]  # fmt: skip
    first, second, third = (
        draft("bluesky", part=part, text="Start.", link=LINK, card=CARD, thread=thread)
        for part in (1, 2, 3)
    )
    assert (first.post.text, third.post.text) == ("Start.", "End.")
    assert (bool(first.post.card), second.post.card, third.post.card) == (True, None, None)
    assert errors(first) == errors(third) == []
    assert errors(second) == [
        ("content.thread[0].text", "301 of 300 characters"),
        ("content.thread[0].media[0].alt_text", "The picture has no alternative text"),
    ]


@pytest.mark.parametrize(
    ("network", "has_threads"),
    [("twitter", True), ("bluesky", True), ("mastodon", True), ("linkedin", False), ("instagram", False)],
)  # fmt: skip
def test_a_thread_where_there_is_none_is_an_error(network: str, has_threads: bool) -> None:  # noqa: FBT001
    media = (JPEG,) if network == "instagram" else ()
    found = errors(draft(network, media_types=media, thread=[{"text": "More."}]))
    name = rules_of(Channel(network)).name
    assert found == ([] if has_threads else [("content.thread", f"{name} has no threads")])


def test_a_thread_says_nothing_twice() -> None:
    thread = [{"text": "Come."}, {"text": "come. "}, {"text": "End."}]
    found = draft("twitter", text="Come.", thread=thread)
    assert errors(found) == [
        ("content.thread[0].text", "Part 2 says what part 1 says, which X may refuse"),
        ("content.thread[1].text", "Part 3 says what part 1 says, which X may refuse"),
    ]
    assert errors(draft("twitter", text="Come.", thread=thread, same_text_again=True)) == []


def test_that_x_may_not_let_an_app_go_on_with_a_thread_is_told_once() -> None:
    thread = [{"text": "More."}]
    first, second = (draft("twitter", part=part, thread=thread) for part in (1, 2))
    assert "may end after its first part" in problem(first, "answer only").message
    assert (errors(first), warnings(second)) == ([], [])
    assert warnings(draft("bluesky", thread=thread)) == []


def test_x_tells_its_price_by_the_post() -> None:
    assert draft("twitter").price_usd == 0.015
    linked = draft("twitter", text="At example.com")
    assert linked.price_usd == 0.20
    assert "costs 0.20 USD on X, one without 0.015" in problem(linked, "costs").message
    thread = [{"text": LINK}]
    assert [draft("twitter", part=part, thread=thread).price_usd for part in (1, 2)] == [
        0.015,
        0.20,
    ]
    assert draft("bluesky", text=LINK).price_usd == 0


def test_an_address_without_a_scheme_is_told() -> None:
    assert warnings(draft("twitter", text="At example.com."))[0] == (
        "content.text", "X makes a link of “example.com”, which counts 23"
    )  # fmt: skip
    for network, name in (("mastodon", "Mastodon"), ("linkedin", "LinkedIn")):
        found = draft(network, text="At example.com.")
        assert warnings(found) == [("content.text", f"“example.com” is no link on {name}")]
        assert found.problems[0].fix == "Write https://example.com"
    assert draft("bluesky", text="At example.com, Node.js.").problems == ()


@pytest.mark.parametrize(
    ("network", "text", "place", "message"),
    [
        ("twitter", "$ACME and $OTHR", "content.text", "2 of 1 cashtags"),
        ("twitter", "Hello {{ contact.first_name }}", "content.text", "{{ contact.first_name }} is replaced in email only"),
        ("bluesky", "\u2800\u200b", "content.text", "There is nothing to read in it"),
    ],
)  # fmt: skip
def test_what_can_t_go_out_is_an_error(network: str, text: str, place: str, message: str) -> None:
    assert (place, message) in errors(draft(network, text=text))


def test_what_seems_unfinished_is_a_warning() -> None:
    assert warnings(draft("mastodon", text="From TBD on.")) == [
        ("content.text", "Still says “TBD”")
    ]


def test_instagram_counts_tags_and_mentions() -> None:
    full = " ".join([*(f"#t{n}" for n in range(30)), *(f"@u{n}" for n in range(20))])
    assert errors(draft("instagram", media_types=(JPEG,), text=full)) == []
    assert errors(draft("instagram", media_types=(JPEG,), text=f"{full} #t @u")) == [
        ("content.text", "31 of 30 hashtags"), ("content.text", "21 of 20 mentions"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("network", "most", "post_format"),
    [
        ("twitter", 4, "post"), ("linkedin", 20, "post"), ("bluesky", 4, "post"), ("mastodon", 4, "post"),
        ("instagram", 10, "post"), ("instagram", 10, "carousel"), ("instagram", 1, "story"),
    ],
)  # fmt: skip
def test_as_many_pictures_as_the_network_takes(network: str, most: int, post_format: str) -> None:
    assert errors(draft(network, media_types=(JPEG,) * most, format=post_format)) == []
    over = draft(network, media_types=(JPEG,) * (most + 1), format=post_format)
    name = rules_of(Channel(network)).name
    assert errors(over) == [
        ("content.media", f"{most + 1} of {most} pictures or films that a {post_format} takes on {name}")
    ]  # fmt: skip


def test_a_mastodon_server_says_how_many() -> None:
    facts = {"max_media_attachments": 2, "description_limit": 6, "supported_mime_types": [JPEG]}
    assert errors(draft("mastodon", media_types=(JPEG, JPEG), facts=facts)) == []
    assert errors(draft("mastodon", media_types=(JPEG, JPEG, PNG), facts=facts)) == [
        ("content.media", "3 of 2 pictures or films that a post takes on Mastodon"),
        ("content.media[2]", "Mastodon takes no PNG there"),
    ]


@pytest.mark.parametrize(("post_format", "count"), [("post", 0), ("carousel", 1), ("story", 0)])
def test_instagram_needs_pictures(post_format: str, count: int) -> None:
    [(place, message)] = errors(draft("instagram", media_types=(JPEG,) * count, format=post_format))
    assert place == "content.media"
    assert message.startswith(
        f"{count} of at least {count + 1} pictures or films that a {post_format}"
    )


@pytest.mark.parametrize(
    ("network", "types", "place", "message"),
    [
        ("twitter", (GIF, JPEG), "content.media", "A post on X has one animation and nothing besides"),
        ("twitter", (FILM, FILM), "content.media", "A post on X has one film and nothing besides"),
        ("mastodon", (JPEG, FILM), "content.media", "A post on Mastodon has one film and nothing besides"),
        ("bluesky", (GIF,), "content.media[0]", "Bluesky takes no animations there"),
        ("bluesky", (JPEG, FILM), "content.media[1]", "Bluesky takes no films there"),
        ("linkedin", (WEBP,), "content.media[0]", "LinkedIn takes no WEBP there"),
        ("instagram", (PNG,), "content.media[0]", "Instagram takes no PNG there"),
    ],
)  # fmt: skip
def test_kinds_that_don_t_go_or_don_t_go_together(
    network: str, types: tuple[str, ...], place: str, message: str
) -> None:
    assert errors(draft(network, media_types=types)) == [(place, message)]


def test_what_may_go_together() -> None:
    assert errors(draft("mastodon", media_types=(JPEG, GIF))) == []
    assert errors(draft("instagram", media_types=(JPEG, FILM))) == []
    assert errors(draft("instagram", media_types=(JPEG,), format="reel")) == [
        ("content.media[0]", "Instagram takes no pictures there")
    ]


@pytest.mark.parametrize(
    ("types", "post_format"),
    [((JPEG,), "post"), ((FILM,), "reel"), ((JPEG, JPEG), "carousel"), ((JPEG, FILM), "carousel")],
)
def test_on_instagram_the_media_say_what_a_post_is(
    types: tuple[str, ...], post_format: str
) -> None:
    assert draft("instagram", media_types=types).post.format == post_format
    assert draft("instagram", media_types=types, format="story").post.format == "story"


@pytest.mark.parametrize(
    ("network", "limit"),
    [("twitter", 1_000), ("linkedin", 4_085), ("instagram", 1_000), ("bluesky", 2_000), ("mastodon", 1_500)],
)  # fmt: skip
def test_every_picture_has_an_alternative_text_that_fits(network: str, limit: int) -> None:
    limit = min(limit, 500)  # a document's own
    medium = {"file": "a.jpg", "alt_text": "y" * limit}
    assert errors(draft(network, media_types=(JPEG,), media=[medium])) == []
    [(place, message)] = errors(draft(network, media_types=(JPEG,), media=[{"file": "a.jpg"}]))
    assert (place, message) == ("content.media[0].alt_text", "The picture has no alternative text")


def test_an_alternative_text_is_never_cut() -> None:
    medium = {"file": "a.jpg", "alt_text": "yyyyyyy"}
    facts = {"description_limit": 6}
    assert errors(draft("mastodon", media_types=(JPEG,), media=[medium], facts=facts)) == [
        ("content.media[0].alt_text", "7 of 6 characters of alternative text on Mastodon")
    ]


def test_a_picture_still_to_be_made_keeps_the_post_back() -> None:
    found = draft("bluesky", media=[{"brief": "A loaf on a table", "alt_text": "A loaf"}])
    assert errors(found) == [("content.media[0]", "The picture is still to be made")]
    reel = draft("instagram", format="reel", media=[{"brief": "Bread", "alt_text": "Bread"}])
    assert errors(reel) == [("content.media[0]", "The film is still to be made")]
    media = [{"brief": "A loaf", "alt_text": "A loaf"}, {"file": "a.gif", "alt_text": "A loaf"}]
    assert errors(draft("bluesky", media=media, media_types=(GIF,)))[1] == (
        "content.media[1]",
        "Bluesky takes no animations there",
    )


@pytest.mark.parametrize("network", [each.value for each in NETWORKS])
@pytest.mark.parametrize("post_format", ["post", "reel", "story", "carousel", "article"])
def test_only_what_the_network_offers(network: str, post_format: str) -> None:
    offered = {"linkedin": {"post", "article"}, "instagram": {"post", "reel", "story", "carousel"}}
    found = [message for place, message in errors(draft(network, format=post_format)) if place == "content.format"]  # fmt: skip
    name = rules_of(Channel(network)).name
    is_offered = post_format in offered.get(network, {"post"})
    assert found == ([] if is_offered else [f"{name} has no {post_format}"])


@pytest.mark.parametrize(
    ("network", "shown"),
    [("twitter", set()), ("instagram", set()), ("bluesky", set()), ("linkedin", {"followers"}), ("mastodon", {"unlisted", "followers"})],
)  # fmt: skip
def test_to_whom_a_post_can_be_shown(network: str, shown: set[str]) -> None:
    for visibility in ("unlisted", "followers"):
        found = [place for place, _ in errors(draft(network, visibility=visibility))]
        assert ("content.visibility" in found) == (visibility not in shown)


def test_only_mastodon_has_content_warnings() -> None:
    assert draft("mastodon", content_warning="Ads").post.content_warning == "Ads"
    other = draft("bluesky", content_warning="Ads")
    assert other.post.content_warning == ""
    assert warnings(other)[0][0] == "content.content_warning"


def test_a_mail_address_is_no_link_of_a_post() -> None:
    found = draft("twitter", text="Write!", link="mailto:a@example.com")
    assert found.post.text == "Write!"
    assert errors(found) == [("content.link", "A post can’t link to an email address")]


def test_the_first_error_stops_it_with_its_fix() -> None:
    with pytest.raises(FixInput, match=r"content.text: 281 of 280") as refused:
        draft("twitter", text="y" * 281).require_sound()
    assert refused.value.next_step == "Shorten it by 1"
    assert draft("twitter").require_sound().text == "Hello."


def test_an_email_is_no_post() -> None:
    document = ProjectDocument.model_validate(plain_document(items=[email_item("e1")]))
    with pytest.raises(FixInput, match="carries no post"):
        compose_post(document, document.items[0])


WORDS = st.lists(
    st.sampled_from(["Hi", "#tag", "@acme", LINK, "https://a.com/ü_(b)", "日本", "👍🏽", "example.com", "\n"]),
    min_size=1, max_size=8,
).map(" ".join)  # fmt: skip


@given(WORDS, st.sampled_from([each.value for each in NETWORKS]))
def test_the_same_item_is_the_same_bytes(text: str, network: str) -> None:
    one, two = (draft(network, text=f"A {text}", link=LINK, utm=UTM).post for _ in range(2))
    assert one.to_bytes() == two.to_bytes()
    assert Post.from_bytes(one.to_bytes()) == one


@given(WORDS, st.sampled_from(["twitter", "mastodon", "linkedin"]))
def test_what_was_rewritten_is_still_a_link_to_the_network(text: str, network: str) -> None:
    post = draft(network, text=f"A {text}", link=LINK, utm=UTM).post
    seen = [(each.target, each.end - each.start) for each in find_links(post.text, post.network)]
    assert seen == [(target, len(shown)) for shown, target in links(post)]
