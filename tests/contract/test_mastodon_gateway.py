"""Shows that a post on Mastodon goes out once, as approved, whatever software its server runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from aicmo.channels import Channel
from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.contract import Found, LivePermit, Outgoing, Question, Reading, RepeatClass
from aicmo.gateways.http_answers import Clock, utc_now
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.mastodon import MastodonGateway
from aicmo.posts.post import Post, PostCard, PostPicture, Span
from tests.contract.gateway_contract import NOT_SENT, SENT, UNKNOWN, Mode, always, permit
from tests.contract.mail_api_contract import ACCOUNT, COMMON, FOR_GOOD, FOR_NOW, mode
from tests.contract.readable_contract import ReadableContract
from tests.contract.social_samples import Tokens, picture
from tests.peers.http_exchange import Fault
from tests.peers.mastodon_peer import LIMITS, MastodonPeer
from tests.peers.social_peer import SocialPeer

MASTODON = {"keeps_keys": True}
LOST = Fault(applies=True, then="close")


class TestMastodonGateway(ReadableContract):
    channel = Channel.MASTODON
    peer_type = MastodonPeer
    staging: ClassVar[Sequence[str]] = ("upload",)
    asked = "statuses"
    threads = True
    lag = timedelta(minutes=4)
    modes: ClassVar[Mapping[str, Mode]] = COMMON | {
        "the post that it answers is gone": mode(Fault(status=404), FOR_GOOD),
        "it can't be processed": mode(Fault(status=422, content={"error": "no"}), FOR_GOOD),
        # It can be repeated or read, and then its reference is known: a thread needs it.
        "apply, then cut": mode(Fault(applies=True, then="cut"), UNKNOWN),
        "apply, then 200 without a reference": mode(Fault(applies=True, content={}), UNKNOWN),
        "200 that is no answer to it": mode(Fault(content={"status": "maintenance"}), UNKNOWN),
    }

    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> MastodonGateway:
        return MastodonGateway(
            permit, account, tokens, times=times, clock=clock, wait=lambda _: None
        )

    def account(self, peer: SocialPeer) -> ProviderAccount:
        account = super().account(peer)
        return dataclasses.replace(account, server="https://social.test", profile=MASTODON)


CONTRACT = TestMastodonGateway()


def post(text: str = "Grüße 👋 part:1", **changes: Any) -> Post:
    return Post(network=Channel.MASTODON, spans=(Span(text=text),), language="en-GB", **changes)


def gateway(
    peer: MastodonPeer, tokens: TokenSource | None = None, clock: Clock = utc_now, **changes: Any
) -> MastodonGateway:
    opened = CONTRACT.gateway(permit("mastodon"), peer, tokens, clock=clock, **changes)
    assert isinstance(opened, MastodonGateway)
    return opened


def as_picture(file: Any) -> PostPicture:
    return PostPicture(
        sha256=file.sha256, media_type=file.media_type, width=file.width, height=file.height,
        alt_text=file.alt_text,
    )  # fmt: skip


def posted(sent: Post, *attachments: Any, **changes: Any) -> dict[str, Any]:
    """What the server was asked to publish."""
    outgoing = CONTRACT.outgoing_of(sent)
    with MastodonPeer() as peer:
        peer.publish("The first one, part:9")
        first = dataclasses.replace(outgoing, attachments=attachments, **changes)
        assert CONTRACT.send(peer, first).kind is SENT
        assert peer.misshapen == []
        return dict(peer.posts[-1].content)


def test_a_status_is_what_was_approved() -> None:
    sent = post("Grüße 👋 part:1", visibility="followers", content_warning="Café")
    first = "115000000000000001"
    fields = posted(sent, thread=(first,))
    plain = posted(post(visibility="unlisted"))

    assert fields == {
        "status": "Grüße 👋 part:1",
        "visibility": "private",
        "language": "en",
        "spoiler_text": "Café",
        "sensitive": True,
        "in_reply_to_id": first,
        "media": [],
    }
    assert plain == {
        "status": "Grüße 👋 part:1", "visibility": "unlisted", "language": "en", "media": [],
    }  # fmt: skip


def test_pictures_go_out_in_their_order_with_alt_text_and_without_the_links_one() -> None:
    files = [dataclasses.replace(picture(bytes([n])), alt_text=f"“Café” {n}\r\n") for n in (1, 2)]
    thumb = picture(b"of the link")
    card = PostCard(url="https://example.com", title="T", picture=as_picture(thumb))
    fields = posted(post(pictures=tuple(map(as_picture, files)), card=card), *files, thumb)

    assert [each["description"] for each in fields["media"]] == ["“Café” 1\r\n", "“Café” 2\r\n"]


def test_a_repeat_with_the_key_is_one_post() -> None:
    with MastodonPeer({1: LOST}) as peer, gateway(peer) as opened:
        ready = CONTRACT.ready(peer, opened, CONTRACT.with_picture())
        assert opened.send(ready, always).kind is UNKNOWN
        again = CONTRACT.ready(peer, opened, ready)
        outcome = opened.send(again, always)

    assert (outcome.kind, outcome.ref) == (SENT, peer.posts[0].ref)
    assert peer.effects == {"part:1": 1}
    assert {each.token for each in peer.begun} == {ready.token}


def test_a_failure_of_a_repeat_is_answered_by_the_timeline() -> None:
    with MastodonPeer({1: LOST, 2: Fault(status=500)}) as peer, gateway(peer) as opened:
        ready = CONTRACT.ready(peer, opened, CONTRACT.outgoing())
        assert [opened.send(ready, always).kind for _ in range(2)] == [UNKNOWN, UNKNOWN]
        reading = CONTRACT.ask(peer, ready)

    assert (reading.found, reading.ref) == (Found.PRESENT, peer.posts[0].ref)
    assert reading.permalink == f"https://social.test/@acme/{peer.posts[0].ref}"


def test_a_part_whose_post_before_is_not_known_is_no_post_of_its_own() -> None:
    with MastodonPeer() as peer:
        part = dataclasses.replace(CONTRACT.outgoing(2), thread=("",))
        outcome = CONTRACT.send(peer, part)
    assert (outcome.kind, peer.effects.total()) == (NOT_SENT, 0)


def test_nothing_is_ever_scheduled_there() -> None:
    with MastodonPeer() as peer:
        CONTRACT.send(peer, CONTRACT.outgoing())
    assert "scheduled_at" not in peer.seen[-1].body.decode()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a.test/\n", "https://" + "a" * 500, 7, None]
)
def test_an_address_that_nobody_should_click_is_left_out(url: Any) -> None:
    answer = Fault(applies=True, content={"id": "7", "url": url})
    with MastodonPeer({1: answer}) as peer:
        outcome = CONTRACT.send(peer, CONTRACT.outgoing())
    assert (outcome.kind, outcome.ref, outcome.permalink) == (SENT, "7", "")


# Which software it is


@pytest.mark.parametrize(
    ("version", "source", "keeps_keys"),
    [
        ("4.5.2", "https://github.com/mastodon/mastodon", True),
        ("4.6.0-beta.1+glitch", "https://github.com/glitch-soc/mastodon", True),
        ("3.5.19", "https://github.com/mastodon/mastodon", False),
        ("4.5.2", "https://git.example/our-own-mastodon", False),
        ("4.0.0 (not true; really snac/2.75)", "https://comam.es/what-is-snac", False),
        ("2.7.2 (compatible; Pleroma 2.9.1)", "https://github.com/mastodon/mastodon", False),
        ("4.5.2", None, False),
        (None, "https://github.com/mastodon/mastodon", False),
    ],
)
def test_only_software_that_is_known_to_keep_keys_is_repeated(
    version: str | None,
    source: str | None,
    keeps_keys: bool,  # noqa: FBT001
) -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        peer.instance |= {"version": version, "source_url": source}
        profile = opened.profile()
        pinned = gateway(peer, profile=profile.facts)

    assert profile.facts["keeps_keys"] is keeps_keys
    wanted = RepeatClass.REPEAT_SAFE if keeps_keys else RepeatClass.READABLE
    assert pinned.repeat_class is wanted


def test_a_server_of_which_nothing_is_known_is_not_repeated() -> None:
    with MastodonPeer() as peer:
        assert gateway(peer, profile={}).repeat_class is RepeatClass.READABLE


@pytest.mark.parametrize("has_v2", [True, False])
def test_the_servers_own_limits_are_told(has_v2: bool) -> None:  # noqa: FBT001
    with MastodonPeer() as peer, gateway(peer, Tokens(scopes="read write")) as opened:
        peer.has_v2 = has_v2
        profile = opened.profile()

    limits = {**LIMITS["statuses"], **LIMITS["media_attachments"]}
    assert limits.items() <= profile.facts.items()
    assert profile.facts["permalink"] == "https://social.test/@acme"
    assert (profile.handle, profile.name) == ("@acme@social.test", "Acme")
    assert profile.avatar_url == "https://files.social.test/acme.png"
    assert profile.scopes == ("read", "write")
    json.dumps(dict(profile.facts))


def test_a_limit_that_is_none_is_not_taken_for_one() -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        statuses = {"max_characters": "many", "max_media_attachments": 0}
        peer.instance["configuration"] = {"statuses": statuses}
        facts = opened.profile().facts

    assert not {"max_characters", "max_media_attachments"} & set(facts)


def test_a_token_that_snac_does_not_know_stops_the_account() -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        peer.other_faults["who"] = [Fault(status=422)]
        objection = opened.identify()
    assert objection
    assert objection.kind is ACCOUNT


# Files


def test_a_film_is_waited_for() -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        peer.looks = 3
        outcome = opened.send(CONTRACT.ready(peer, opened, CONTRACT.with_picture()), always)

    assert outcome.kind is SENT
    assert [each for each in peer.paths("GET") if "media" in each] == ["/api/v1/media/1"] * 4


def test_a_film_that_takes_too_long_goes_out_later_without_a_second_upload() -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        peer.looks = -1
        late = opened.stage(CONTRACT.with_picture())
        peer.media["1"]["looks"] = 0
        draft = dataclasses.replace(CONTRACT.with_picture(), staged=late.values)
        outcome = opened.send(CONTRACT.ready(peer, opened, draft), always)

    assert late.objection
    assert (late.objection.kind, outcome.kind) == (FOR_NOW, SENT)
    assert len(peer.media) == 1


def test_a_film_that_can_not_be_processed_is_refused() -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        peer.looks = 1
        peer.other_faults["medium"] = [Fault(status=422)]
        objection = opened.stage(CONTRACT.with_picture()).objection
    assert objection
    assert (objection.kind, objection.detail) == (FOR_GOOD, "the server can't process a file")


def test_a_file_that_the_server_dropped_goes_up_again() -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        once = CONTRACT.ready(peer, opened, CONTRACT.with_picture())
        peer.media["1"]["is_attached"] = True
        outcome = opened.send(CONTRACT.ready(peer, opened, once), always)

    assert (outcome.kind, len(peer.media)) == (SENT, 2)


def test_another_description_goes_up_with_its_file() -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        once = CONTRACT.ready(peer, opened, CONTRACT.with_picture())
        file = dataclasses.replace(picture(), alt_text="A better one")
        sent = CONTRACT.outgoing_of(post(pictures=(as_picture(file),)))
        sent = dataclasses.replace(sent, attachments=(file,), staged=once.staged)
        opened.send(CONTRACT.ready(peer, opened, sent), always)

    assert peer.posts[0].content["media"][0]["description"] == "A better one"


# Doubts


def doubt(sent: Post, arrange: Callable[[MastodonPeer], None], **changes: Any) -> Reading:
    """What the server says of a post that never arrived, after `arrange`."""
    outgoing = dataclasses.replace(CONTRACT.outgoing_of(sent), **changes)
    with MastodonPeer() as peer:
        peer.post_elsewhere("An old one", datetime.now(UTC) - timedelta(days=1))
        arrange(peer)
        return CONTRACT.ask(peer, outgoing)


def test_others_text_warning_parent_or_pictures_make_another_post() -> None:
    sent = post("The same text, part:1", content_warning="Café")

    def other_texts(peer: MastodonPeer) -> None:
        peer.post_elsewhere("Another text", content={"spoiler_text": "Café"})
        peer.post_elsewhere("The same text, part:1", content={"spoiler_text": "Tea and cake"})

    def other_parent(peer: MastodonPeer) -> None:
        found = peer.post_elsewhere("The same text, part:1", content={"spoiler_text": "Café"})
        found.parent = peer.posts[0].ref

    def other_pictures(peer: MastodonPeer) -> None:
        content = {"spoiler_text": "Café", "media": [{"id": "1"}]}
        peer.post_elsewhere("The same text, part:1", content=content)

    assert doubt(sent, other_texts).found is Found.ABSENT
    assert doubt(sent, other_parent).found is Found.CANNOT_TELL
    assert doubt(sent, other_pictures).found is Found.CANNOT_TELL


def test_a_timeline_is_read_back_to_the_doubt() -> None:
    def many(peer: MastodonPeer) -> None:
        for number in range(39):
            peer.post_elsewhere(f"Post number {number}")

    def too_many(peer: MastodonPeer) -> None:
        many(peer)
        many(peer)

    assert doubt(post(), many).found is Found.ABSENT
    reading = doubt(post(), too_many)
    assert (reading.found, reading.detail) == (
        Found.CANNOT_TELL,
        "there are too many posts since then",
    )


def test_a_server_with_one_page_proves_nothing_unless_it_reaches_back() -> None:
    def one_page(peer: MastodonPeer) -> None:
        peer.pages = False
        peer.post_elsewhere("A new one")

    def all_new(peer: MastodonPeer) -> None:
        one_page(peer)
        del peer.posts[0]

    def none_at_all(peer: MastodonPeer) -> None:
        peer.pages = False
        peer.posts.clear()

    assert doubt(post(), one_page).found is Found.ABSENT
    assert doubt(post(), all_new).detail == "the server doesn't list older posts"
    assert doubt(post(), none_at_all).found is Found.ABSENT


def test_a_post_that_is_there_is_found_however_little_the_server_lists() -> None:
    with MastodonPeer({1: LOST}) as peer:
        peer.pages = False
        with gateway(peer, profile={}) as opened:
            sent = CONTRACT.outgoing()
            assert opened.send(sent, always).kind is UNKNOWN
            reading = opened.reconcile(asked_about(sent))

    assert (reading.found, reading.ref) == (Found.PRESENT, peer.posts[0].ref)


def test_a_text_that_can_not_be_read_proves_nothing() -> None:
    def no_source(peer: MastodonPeer) -> None:
        peer.has_source = False
        peer.post_elsewhere("Any other text")

    reading = doubt(post(), no_source)
    assert (reading.found, reading.detail) == (
        Found.CANNOT_TELL,
        "a post's text can't be read (404)",
    )


def test_what_is_for_followers_is_not_absent_where_the_server_does_not_list_it() -> None:
    sent = CONTRACT.outgoing_of(post(visibility="followers"))
    with MastodonPeer({1: LOST}) as peer:
        peer.lists_private = False
        with gateway(peer, profile={}) as opened:
            assert opened.send(sent, always).kind is UNKNOWN
            question = asked_about(sent)
            reading = opened.reconcile(question)

    assert peer.effects == {"part:1": 1}
    assert (reading.found, reading.detail) == (
        Found.CANNOT_TELL,
        "this server doesn't list what is for followers only",
    )


def asked_about(sent: Outgoing) -> Question:
    return Question(1, sent.token, "", datetime.now(UTC), sent.payload, sent.staged)


def test_another_account_is_not_asked() -> None:
    with MastodonPeer() as peer:
        sent = CONTRACT.outgoing()
        with gateway(peer, identity="1002") as opened:
            reading = opened.reconcile(asked_about(sent))
    assert (reading.found, reading.detail) == (
        Found.CANNOT_TELL,
        "another account is logged in",
    )


# Recalls


def test_a_server_that_deletes_nothing_says_so() -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        ref = opened.send(CONTRACT.ready(peer, opened, CONTRACT.outgoing()), always).ref
        assert ref
        peer.can_delete = False
        outcome = opened.recall(ref)

    assert outcome.kind is FOR_GOOD
    assert "delete it on its own pages" in outcome.detail
    assert not peer.posts[0].is_deleted


@pytest.mark.parametrize("handler", ["delete", "status"])
def test_a_recall_without_an_answer_is_a_doubt(handler: str) -> None:
    with MastodonPeer() as peer, gateway(peer) as opened:
        peer.can_delete = False
        ref = opened.send(CONTRACT.ready(peer, opened, CONTRACT.outgoing()), always).ref
        assert ref
        peer.other_faults[handler] = [Fault(status=500)]
        assert opened.recall(ref).kind is UNKNOWN


def test_all_times_fit_into_the_bound() -> None:
    timing = MastodonGateway.timing
    assert HttpTimes().whole < timing.request_bound
    assert timing.quiet >= 2 * timing.request_bound
    assert MastodonGateway.token_lifetime <= timedelta(minutes=30)
