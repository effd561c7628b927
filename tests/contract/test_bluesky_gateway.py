"""Shows that a post on Bluesky is one record under one key, as approved, on the account's own server."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from aicmo.channels import Channel
from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.bluesky import BlueskyGateway
from aicmo.gateways.contract import Found, LivePermit, Outcome, OutcomeKind, Outgoing
from aicmo.gateways.http_answers import Clock, utc_now
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.posts.post import Post, PostCard, PostPicture, Span
from tests.contract.gateway_contract import NOT_SENT, SENT, UNKNOWN, Mode, always, permit
from tests.contract.mail_api_contract import ACCOUNT, COMMON, FOR_GOOD, FOR_NOW, mode
from tests.contract.readable_contract import ReadableContract
from tests.contract.social_samples import NOW, picture
from tests.peers.bluesky_peer import COLLECTION, DID, BlueskyPeer, link_of
from tests.peers.http_exchange import Fault
from tests.peers.social_peer import SocialPeer

DUPLICATE = OutcomeKind.DUPLICATE


def error(name: str, status: int = 400) -> Fault:
    return Fault(status=status, content={"error": name, "message": "no"})


class TestBlueskyGateway(ReadableContract):
    channel = Channel.BLUESKY
    peer_type = BlueskyPeer
    staging: ClassVar[Sequence[str]] = ("upload",)
    asked = "record"
    by_text = False
    threads = True
    modes: ClassVar[dict[str, Mode]] = dict(COMMON) | {
        "another record under the key": mode(error("InvalidSwap"), DUPLICATE),
        "a picture is gone": mode(error("BlobNotFound"), FOR_NOW),
        "an expired token": mode(error("ExpiredToken"), ACCOUNT),
        "another token": mode(error("InvalidToken"), ACCOUNT),
        "no token": mode(error("AuthMissing", 401), ACCOUNT),
        "a record that is wrong": mode(error("InvalidRequest"), FOR_GOOD),
        "an account that was taken down": mode(error("AccountTakedown"), ACCOUNT),
        "a name in a failure": mode(error("InvalidToken", 500), UNKNOWN),
        # To repeat it costs nothing, and then it is certain.
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
    ) -> BlueskyGateway:
        return BlueskyGateway(permit, account, tokens, times=times, clock=clock)

    def account(self, peer: SocialPeer) -> ProviderAccount:
        return dataclasses.replace(super().account(peer), server=peer.base_url)


CONTRACT = TestBlueskyGateway()


def post(*spans: Span, **changes: Any) -> Post:
    text = spans or (Span(text="Grüße 👋 part:1"),)
    return Post(network=Channel.BLUESKY, spans=text, language="en", **changes)


def outgoing_of(sent: Post, *attachments: Any) -> Outgoing:
    return dataclasses.replace(CONTRACT.outgoing_of(sent), attachments=attachments)


def gateway(peer: BlueskyPeer, clock: Clock = utc_now, **changes: Any) -> BlueskyGateway:
    opened = CONTRACT.gateway(permit("bluesky"), peer, clock=clock, **changes)
    assert isinstance(opened, BlueskyGateway)
    return opened


def sent_record(sent: Post, *attachments: Any) -> dict[str, Any]:
    """The record that the server has of it."""
    with BlueskyPeer() as peer:
        outcome = CONTRACT.send(peer, outgoing_of(sent, *attachments))
        assert (outcome.kind, peer.misshapen) == (SENT, [])
        return dict(peer.posts[0].content)


def test_a_record_is_what_the_lexicon_says_and_nothing_more() -> None:
    link = Span(kind="link", text="example.com/x", target="https://example.com/x")
    tag = Span(kind="tag", text="#café", target="café")
    mention = Span(kind="mention", text="@friend.test", target="did:plc:friend")
    text = (Span(text="Grüße 👋 see "), link, Span(text=" "), tag, Span(text=" "), mention)

    record = sent_record(post(*text))

    assert set(record) == {"$type", "text", "createdAt", "langs", "facets"}
    assert (record["$type"], record["langs"]) == (COLLECTION, ["en"])
    assert record["text"] == "Grüße 👋 see example.com/x #café @friend.test"
    features = [(each["index"], each["features"][0]) for each in record["facets"]]
    facet = "app.bsky.richtext.facet"
    assert features == [
        (
            {"byteStart": 17, "byteEnd": 30},
            {"$type": f"{facet}#link", "uri": "https://example.com/x"},
        ),
        ({"byteStart": 31, "byteEnd": 37}, {"$type": f"{facet}#tag", "tag": "café"}),
        ({"byteStart": 38, "byteEnd": 50}, {"$type": f"{facet}#mention", "did": "did:plc:friend"}),
    ]


def shown(number: int, alt_text: str) -> Any:
    file = picture(f"picture {number}".encode())
    return dataclasses.replace(file, width=800, height=600, alt_text=alt_text)


def as_picture(file: Any) -> PostPicture:
    return PostPicture(
        sha256=file.sha256, media_type=file.media_type, width=file.width, height=file.height,
        alt_text=file.alt_text,
    )  # fmt: skip


def test_pictures_go_out_in_their_order_with_alt_text_and_ratio() -> None:
    files = [shown(number, f"Picture {number}, “early”") for number in (1, 2)]
    record = sent_record(post(pictures=tuple(map(as_picture, files))), *files)

    images = record["embed"]["images"]
    assert [each["image"]["ref"]["$link"] for each in images] == [
        link_of(file.content) for file in files
    ]
    assert [each["alt"] for each in images] == ["Picture 1, “early”", "Picture 2, “early”"]
    assert images[0]["aspectRatio"] == {"width": 800, "height": 600}
    assert images[0]["image"]["mimeType"] == "image/jpeg"


def test_a_link_has_the_card_that_was_approved() -> None:
    thumb = shown(1, "")
    card = PostCard(
        url="https://example.com/x", title="Title", description="More", picture=as_picture(thumb)
    )
    plain = PostCard(url="https://example.com/x", title="Title")

    external = sent_record(post(card=card), thumb)["embed"]["external"]
    without = sent_record(post(card=plain))["embed"]["external"]

    assert (external["uri"], external["title"]) == ("https://example.com/x", "Title")
    assert (external["description"], without["description"]) == ("More", "")
    assert external["thumb"]["ref"]["$link"] == link_of(thumb.content)
    assert "thumb" not in without


def test_a_repeat_on_another_day_is_the_same_record_and_one_post() -> None:
    lost = Fault(applies=True, then="close")
    with BlueskyPeer({1: lost}) as peer:
        with gateway(peer, lambda: NOW) as today:
            first = CONTRACT.ready(peer, today, CONTRACT.with_picture())
            assert today.send(first, always).kind is UNKNOWN
        peer.forget_blobs()
        with gateway(peer, lambda: NOW + timedelta(days=1)) as tomorrow:
            again = CONTRACT.ready(peer, tomorrow, first)
            outcome = tomorrow.send(again, always)

    assert (outcome.kind, outcome.ref) == (SENT, peer.posts[0].ref)
    assert peer.effects == {"part:1": 1}
    assert peer.posts[0].content["createdAt"] == "2026-11-22T09:00:00.000Z"
    assert peer.begun[0].method == peer.begun[1].method == "POST"


def test_two_posts_of_the_same_moment_have_two_keys() -> None:
    with BlueskyPeer() as peer, gateway(peer, lambda: NOW) as opened:
        keys = {opened.stage(CONTRACT.outgoing(n)).values["rkey"] for n in range(1, 6)}
    assert len(keys) > 1


def test_another_record_under_the_key_stays_as_it_is() -> None:
    other = CONTRACT.outgoing_of(post(Span(text="Something else, part:1")))
    with BlueskyPeer() as peer, gateway(peer) as opened:
        first = CONTRACT.ready(peer, opened, CONTRACT.outgoing())
        opened.send(first, always)
        outcome = opened.send(dataclasses.replace(other, staged=first.staged), always)
        reading = CONTRACT.ask(peer, dataclasses.replace(other, staged=first.staged))

    assert (outcome.kind, outcome.ref, outcome.code) == (DUPLICATE, None, "400 InvalidSwap")
    assert peer.posts[0].text == CONTRACT.text()
    assert (reading.found, reading.detail) == (
        Found.CANNOT_TELL,
        "another record stands under its key",
    )


def test_a_picture_that_the_server_dropped_goes_up_again() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        ready = CONTRACT.ready(peer, opened, CONTRACT.with_picture())
        peer.forget_blobs()
        too_late = opened.send(ready, always)
        again = CONTRACT.ready(peer, opened, ready)
        outcome = opened.send(again, always)

    assert (too_late.kind, too_late.code) == (FOR_NOW, "400 BlobNotFound")
    assert again.staged == ready.staged
    assert (outcome.kind, peer.effects) == (SENT, {"part:1": 1})


def test_2_000_000_bytes_are_a_picture_and_one_more_is_not() -> None:
    def staged(size: int) -> Outcome | None:
        file = picture(b"x" * size)
        with BlueskyPeer() as peer, gateway(peer) as opened:
            sent = post(pictures=(as_picture(file),))
            return opened.stage(outgoing_of(sent, file)).objection

    assert staged(2_000_000) is None
    refused = staged(2_000_001)
    assert refused
    assert (refused.kind, refused.detail) == (FOR_GOOD, "a picture has more than 2,000,000 bytes")


def test_other_bytes_than_the_approved_ones_are_not_sent() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        blob = {"$type": "blob", "ref": {"$link": link_of(b"made smaller")}, "size": 12}
        peer.other_faults["upload"] = [Fault(content={"blob": {**blob, "mimeType": "image/jpeg"}})]
        objection = opened.stage(CONTRACT.with_picture()).objection

    assert objection
    assert objection.kind is FOR_GOOD
    assert "other bytes" in objection.detail


def test_a_reply_names_the_first_post_and_the_one_before_it() -> None:
    with BlueskyPeer() as peer:
        refs: list[str] = []
        for number in (1, 2, 3):
            part = dataclasses.replace(CONTRACT.outgoing(number), thread=tuple(refs))
            outcome = CONTRACT.send(peer, part)
            assert outcome.ref
            refs.append(outcome.ref)

    replies = [each.content.get("reply") for each in peer.posts]
    assert replies[0] is None
    assert [reply["root"]["uri"] for reply in replies[1:]] == [refs[0], refs[0]]
    assert [reply["parent"]["uri"] for reply in replies[1:]] == [refs[0], refs[1]]


def test_a_reply_to_a_post_that_was_deleted_is_held() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        gone = f"at://{DID}/{COLLECTION}/3ke6kg3wk222b"
        reply = dataclasses.replace(CONTRACT.outgoing(2), thread=(gone,))
        objection = opened.stage(reply).objection

    assert objection
    assert (objection.kind, objection.detail) == (
        FOR_GOOD,
        "the post that it answers isn't there any more",
    )


def test_a_reply_to_a_part_that_is_not_out_waits_without_an_objection() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        reply = dataclasses.replace(CONTRACT.with_picture(), thread=("",))
        early = opened.stage(reply)
        outcome = opened.send(dataclasses.replace(reply, staged=early.values), always)

    assert (early.objection, early.values) == (None, {})
    assert (outcome.kind, peer.seen, peer.effects.total()) == (NOT_SENT, [], 0)


def test_an_account_that_moved_to_another_server_is_refused() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        peer.home = "https://elsewhere.example"
        pinned, objection = peer.base_url, opened.identify()

    assert objection
    assert objection.kind is ACCOUNT
    assert objection.detail == f"the account's server isn't {pinned}"


def test_a_home_that_is_written_otherwise_is_the_same() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        peer.home = peer.base_url.upper() + "/"
        assert opened.identify() is None


def test_a_server_without_a_view_of_the_network_still_says_who_it_is() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        seen = opened.profile()
        peer.has_view, peer.is_active = False, False
        unseen = opened.profile()

    assert (seen.name, seen.handle) == ("Acme", "@acme.test")
    assert seen.avatar_url == "https://cdn.bsky.app/img/avatar/plain/acme"
    assert seen.facts["permalink"] == f"https://bsky.app/profile/{DID}"
    assert (unseen.name, unseen.avatar_url, unseen.identity) == ("acme.test", "", DID)
    assert unseen.problems == ["The account is deactivated: nobody sees its posts."]
    assert seen.problems == []


def test_a_post_of_another_account_is_not_recalled() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        outcome = opened.recall(f"at://did:plc:other/{COLLECTION}/3ke6kg3wk222b")

    assert (outcome.kind, peer.seen) == (FOR_GOOD, [])


def test_a_recall_without_an_answer_is_a_doubt() -> None:
    with BlueskyPeer() as peer, gateway(peer) as opened:
        peer.other_faults["delete"] = [Fault(applies=True, then="close"), None]
        ref = f"at://{DID}/{COLLECTION}/3ke6kg3wk222b"
        assert opened.recall(ref).kind is UNKNOWN
        assert opened.recall(ref).kind is SENT


def test_all_times_fit_into_the_bound() -> None:
    timing = BlueskyGateway.timing
    uploads_and_reads = (4 + 2) * HttpTimes().whole
    assert HttpTimes().whole < timing.request_bound
    assert timing.staging >= uploads_and_reads
    assert BlueskyGateway.token_lifetime == timedelta(hours=24)


def test_the_permalink_is_the_posts() -> None:
    with BlueskyPeer() as peer:
        outcome = CONTRACT.send(peer, CONTRACT.outgoing())
    key = peer.posts[0].ref.rpartition("/")[2]
    assert outcome.permalink == f"https://bsky.app/profile/{DID}/post/{key}"
    assert datetime.fromisoformat(peer.posts[0].content["createdAt"]).tzinfo
