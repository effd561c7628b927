"""Shows that X gets each post once, that its answers are taken for what they say, and its timeline is read right."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

import pytest

from aicmo.channels import Channel
from aicmo.gateways import staging_time
from aicmo.gateways.account_gateway import Profile, ProviderAccount, TokenSource
from aicmo.gateways.contract import (
    Attachment,
    Found,
    LivePermit,
    Outcome,
    OutcomeKind,
    Outgoing,
    RateLimit,
    Reading,
    RepeatClass,
)
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.x import XGateway
from aicmo.posts.post import Span
from tests.contract.gateway_contract import SENT, UNKNOWN, Mode, permit
from tests.contract.mail_api_contract import ACCOUNT, COMMON, FOR_GOOD, FOR_NOW, PATIENT, mode
from tests.contract.readable_contract import ReadableContract
from tests.contract.social_samples import NOW, Tokens
from tests.peers.http_exchange import Fault
from tests.peers.x_peer import XPeer


class TestXGateway(ReadableContract):
    channel = Channel.TWITTER
    peer_type = XPeer
    asked = "timeline_page"
    staging = ("upload", "describe")
    threads = True
    modes: ClassVar[Mapping[str, Mode]] = COMMON | {
        "apply, then another success": mode(Fault(applies=True, status=202), SENT),
    }

    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> XGateway:
        return XGateway(
            permit, account, tokens, times=times, clock=clock, pause=lambda _seconds: None
        )


def problem(status: int, kind: str, detail: str = "no", **fields: Any) -> Fault:
    content = {"type": kind, "title": "no", "detail": detail, "status": status} | fields
    return Fault(status=status, content=content)


def of_api(status: int, kind: str) -> Fault:
    return problem(status, f"https://api.x.com/2/problems/{kind}")


def legacy(status: int, code: int, message: str = "no") -> Fault:
    return Fault(status=status, content={"errors": [{"code": code, "message": message}]})


X = TestXGateway()
DUPLICATE = problem(
    403, "about:blank", "You are not allowed to create a Tweet with duplicate content."
)


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (of_api(400, "invalid-request"), FOR_GOOD, "400 invalid-request"),
        (problem(401, "about:blank"), ACCOUNT, "401"),
        (of_api(402, "credits"), ACCOUNT, "402 credits"),
        (Fault(status=402), ACCOUNT, "402"),
        (of_api(403, "usage-capped"), ACCOUNT, "403 usage-capped"),
        (of_api(429, "usage-capped"), ACCOUNT, "429 usage-capped"),
        (of_api(403, "client-forbidden"), ACCOUNT, "403 client-forbidden"),
        (of_api(403, "unsupported-authentication"), ACCOUNT, "403 unsupported-authentication"),
        (problem(403, "about:blank"), ACCOUNT, "403"),
        (DUPLICATE, OutcomeKind.DUPLICATE, "403 duplicate"),
        (legacy(403, 187, "Status is a duplicate."), OutcomeKind.DUPLICATE, "403 duplicate"),
        (legacy(403, 186), FOR_GOOD, "403 error 186"),
        (legacy(403, 64), ACCOUNT, "403 error 64"),
        (legacy(403, 326), ACCOUNT, "403 error 326"),
        (legacy(403, 185), FOR_NOW, "403 error 185"),
        (problem(403, "https://api.x.com/2/problems/@person said"), ACCOUNT, "403"),
        (problem(500, "about:blank", "duplicate content"), UNKNOWN, "500"),
        (of_api(503, "client-forbidden"), UNKNOWN, "503 client-forbidden"),
    ],
)
def test_an_error_means_what_x_says_and_repeats_none_of_its_words(
    fault: Fault, kind: OutcomeKind, code: str
) -> None:
    with X.peer(fault) as peer:
        outcome = X.send(peer, X.outgoing())

    assert (outcome.kind, outcome.code) == (kind, code)
    assert "no" not in outcome.detail.split()
    assert "allowed" not in outcome.detail


def test_an_answer_that_x_does_not_allow_ends_that_part_and_not_the_account() -> None:
    detail = "Reply to this conversation is not allowed because you have not been mentioned."
    fault = problem(403, "about:blank", detail)
    with X.peer(fault) as peer:
        alone = X.send(peer, X.outgoing())
    with X.peer(fault) as peer:
        part = X.send(peer, dataclasses.replace(X.outgoing(), thread=("1234",)))

    assert (alone.kind, part.kind) == (ACCOUNT, FOR_GOOD)


def test_a_success_with_errors_is_sent_and_says_so() -> None:
    errors = [{"type": "https://api.x.com/2/problems/resource-not-found", "title": "Not Found"}]
    with X.peer(None) as peer:
        peer.faults[1] = Fault(applies=True, content={"data": {"id": "77"}, "errors": errors})
        peer.faults[2] = Fault(applies=True, content={"errors": errors})
        sent, unclear = X.send(peer, X.outgoing(1)), X.send(peer, X.outgoing(2))

    assert (sent.kind, sent.ref) == (SENT, "77")
    assert sent.detail == "published; X lists errors as well"
    assert unclear.kind is UNKNOWN


@pytest.mark.parametrize("name", ["x-user-limit-24hour", "x-app-limit-24hour"])
def test_a_day_that_is_used_up_is_waited_for_to_its_end(name: str) -> None:
    in_minutes, tomorrow = NOW + timedelta(minutes=15), NOW + timedelta(hours=20)
    headers = {
        "x-rate-limit-reset": str(int(in_minutes.timestamp())),
        f"{name}-remaining": "0",
        f"{name}-reset": str(int(tomorrow.timestamp())),
    }
    with X.peer(Fault(status=429, headers=headers)) as peer:
        with X.gateway(permit(X.channel), peer, clock=lambda: NOW) as gateway:
            full = gateway.send(X.outgoing(), lambda group: group)
        peer.faults[2] = Fault(status=429, headers=headers | {f"{name}-remaining": "9"})
        with X.gateway(permit(X.channel), peer, clock=lambda: NOW) as gateway:
            quarter = gateway.send(X.outgoing(), lambda group: group)

    assert (full.not_before, quarter.not_before) == (tomorrow, in_minutes)


def test_a_post_has_x_s_fields_and_no_others() -> None:
    with X.peer(None) as peer:
        first = X.send(peer, X.with_picture(1))
        X.send(peer, dataclasses.replace(X.outgoing(2), thread=(first.ref or "",)))

    alone, reply = (json.loads(each.body) for each in peer.seen if each.path == "/2/tweets")
    (media_id,) = peer.media
    assert alone == {"text": X.text(1), "media": {"media_ids": [media_id]}}
    assert reply == {"text": X.text(2), "reply": {"in_reply_to_tweet_id": first.ref}}
    assert first.permalink == f"https://x.com/acme/status/{first.ref}"


def test_a_part_whose_post_before_is_not_known_is_no_post_of_its_own() -> None:
    with X.peer(None) as peer:
        outcome = X.send(peer, dataclasses.replace(X.outgoing(), thread=("12", "")))

    assert outcome.kind is FOR_GOOD
    assert (len(peer.begun), peer.effects.total()) == (0, 0)


def test_an_account_posts_a_hundred_times_in_a_quarter_of_an_hour() -> None:
    assert XGateway.limits == (RateLimit(100, timedelta(minutes=15)),)
    assert XGateway.repeat_class is RepeatClass.READABLE
    assert XGateway.timing.quiet == 300


def test_who_is_logged_in_is_shown_as_readers_know_them() -> None:
    tokens = Tokens(scopes="tweet.read tweet.write", ends_at="2027-01-01T00:00:00+00:00")
    with X.peer(None) as peer, X.gateway(permit(X.channel), peer, tokens) as gateway:
        profile = gateway.profile()

    assert profile == Profile(
        identity="1001", name="Acme", handle="@acme",
        avatar_url="https://pbs.twimg.com/profile_images/1/a.jpg",
        facts={"permalink": "https://x.com/acme"}, scopes=("tweet.read", "tweet.write"),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC), api_version="2",
    )  # fmt: skip


# Media


def medium(media_type: str, size: int, alt_text: str = "A dog") -> Attachment:
    content = bytes(index % 251 for index in range(size))
    return Attachment(sha256(content).hexdigest(), media_type, 640, 480, alt_text, content)


def with_media(*media: Attachment) -> Outgoing:
    return dataclasses.replace(X.outgoing_of(X.post(1, media)), attachments=media)


def test_a_film_goes_up_in_parts_and_is_waited_for() -> None:
    film, pauses = medium("video/mp4", 9_000_000), list[float]()
    with XPeer(polls=2) as peer, gateway_to(peer, pauses.append) as gateway:
        staged = gateway.stage(with_media(film))
        outcome = gateway.send(
            dataclasses.replace(with_media(film), staged=staged.values), lambda group: group
        )

    (there,) = peer.media.values()
    assert (there.content, there.category, there.segments) == (film.content, "tweet_video", 3)
    assert there.alt_text == "", "X takes descriptions of pictures only"
    assert pauses == [7, 7]
    assert outcome.kind is SENT
    assert not peer.misshapen


def test_a_gif_goes_up_in_parts_with_its_description() -> None:
    with X.peer(None) as peer:
        outcome = X.send(peer, with_media(medium("image/gif", 100)))

    (there,) = peer.media.values()
    assert (there.category, there.alt_text) == ("tweet_gif", "A dog")
    assert outcome.kind is SENT
    assert not peer.misshapen


def test_pictures_keep_their_order_and_their_own_words() -> None:
    media = [medium("image/png", 90, "one"), medium("image/webp", 80, "two")]
    with X.peer(None) as peer:
        X.send(peer, with_media(*media))

    assert [each["alt"] for each in peer.posts[0].content["media"]] == ["one", "two"]
    assert [each.content for each in peer.media.values()] == [each.content for each in media]


def test_a_film_that_x_can_not_process_never_goes_out() -> None:
    with XPeer(breaks_films=True) as peer, gateway_to(peer) as gateway:
        staged = gateway.stage(with_media(medium("video/mp4", 100)))

    assert staged.objection
    assert staged.objection.kind is FOR_GOOD
    assert not staged.values["media"], "another try begins anew"


def test_a_film_that_takes_too_long_is_asked_for_again_and_not_sent_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = medium("video/mp4", 100)
    with XPeer(polls=1) as peer, gateway_to(peer) as gateway:
        peer.other_faults["status"] = [Fault(status=503)]
        early = gateway.stage(with_media(film))
        late = gateway.stage(dataclasses.replace(with_media(film), staged=early.values))
        monkeypatch.setattr(staging_time, "STAGING_SECONDS", 0)
        slow = gateway.stage(with_media(film))

    assert early.objection
    assert early.objection.kind is FOR_NOW
    assert late.objection is None
    assert len(peer.media) == 1
    assert slow.objection == Outcome(FOR_NOW, detail="its media aren't through yet")


def test_an_upload_whose_answer_is_cut_is_made_again() -> None:
    cut = Fault(content={"data": {"id": "5"}, "more": "is cut"}, then="cut")
    with XPeer(other_faults={"upload": [cut]}) as peer, gateway_to(peer) as gateway:
        failed = gateway.stage(X.with_picture())
        again = dataclasses.replace(X.with_picture(), staged=failed.values)
        staged = gateway.stage(again)

    assert failed.objection
    assert failed.objection.kind is FOR_NOW
    assert [each["id"] for each in staged.values["media"].values()] == list(peer.media)


def test_an_upload_that_has_expired_is_made_again() -> None:
    moments = [NOW]
    with XPeer(expires_after=7_200) as peer:
        gateway = X.gateway(permit(X.channel), peer, clock=lambda: moments[-1])
        with gateway:
            once = gateway.stage(X.with_picture())
            again = dataclasses.replace(X.with_picture(), staged=once.values)
            moments.append(NOW + timedelta(minutes=80))
            still = gateway.stage(again)
            moments.append(NOW + timedelta(minutes=95))
            anew = gateway.stage(again)

    assert still.values == once.values
    assert anew.values != once.values
    assert len(peer.media) == 2


def test_a_post_whose_picture_is_not_up_is_not_published_without() -> None:
    with X.peer(None) as peer, gateway_to(peer) as gateway:
        outcome = gateway.send(X.with_picture(), lambda group: group)

    assert outcome.kind is FOR_GOOD
    assert len(peer.begun) == 0


# The timeline


def doubt(peer: XPeer, text: str, **changes: Any) -> Reading:
    """What X says of a post with that text whose answer was lost just now."""
    post = X.post().model_copy(update={"spans": (Span(text=text),)})
    return X.ask(peer, X.outgoing_of(post), **changes)


@pytest.mark.parametrize(
    "text",
    [
        "Read https://client.example/a_b?utm_source=x&utm_medium=social now",
        "https://client.example/1 and https://client.example/2",
        "See client.example/a today",
        "a < b && c > d &amp; done",
        "Zwei\n\n\nLeerzeilen",
        "cafe\u0301",
    ],
)
def test_links_and_signs_that_x_rewrites_are_the_same_text(text: str) -> None:
    with X.peer(None) as peer:
        peer.post_elsewhere(text)
        reading = doubt(peer, text)

    assert (reading.found, reading.ref) == (Found.PRESENT, peer.posts[0].ref)


def test_letters_are_the_same_composed_or_not() -> None:
    with X.peer(None) as peer:
        peer.post_elsewhere("caf\u00e9")
        assert doubt(peer, "cafe\u0301").found is Found.PRESENT


def test_the_link_to_a_post_s_own_picture_is_no_part_of_its_text() -> None:
    with X.peer(None) as peer:
        X.send(peer, X.with_picture())
        assert X.ask(peer, X.with_picture()).found is Found.PRESENT
        bare = X.ask(peer, X.outgoing())

    assert bare.found is Found.CANNOT_TELL, "the same text with a picture may be another post"


def test_a_post_that_differs_in_its_link_alone_proves_nothing() -> None:
    with X.peer(None) as peer:
        peer.post_elsewhere("Read https://client.example/a")
        reading = doubt(peer, "Read client.example/b")

    assert reading == Reading(Found.CANNOT_TELL, detail="a post is like it, but not the same")


def test_two_posts_with_the_text_prove_nothing() -> None:
    with X.peer(None) as peer:
        for _ in range(2):
            peer.post_elsewhere("Hello")
        reading = doubt(peer, "Hello")

    assert reading == Reading(Found.CANNOT_TELL, detail="2 posts have this text")


@pytest.mark.parametrize(("seconds", "found"), [(590, Found.PRESENT), (610, Found.ABSENT)])
def test_clocks_may_differ_by_ten_minutes(seconds: int, found: Found) -> None:
    now = datetime.now(UTC)
    with X.peer(None) as peer:
        peer.post_elsewhere("Hello", now - timedelta(seconds=seconds))
        assert doubt(peer, "Hello", armed_at=now).found is found


def test_every_page_is_read_before_absence_is_believed() -> None:
    with XPeer(page_size=2) as peer:
        for number in range(7):
            peer.post_elsewhere(f"Post {number}")
        assert doubt(peer, "Post 0").found is Found.PRESENT
        assert doubt(peer, "Post 9").found is Found.ABSENT
        for number in range(10, 20):
            peer.post_elsewhere(f"Post {number}")
        assert doubt(peer, "Post 9") == Reading(Found.CANNOT_TELL, detail="ValueError")


def test_a_part_of_a_thread_is_found_among_the_replies() -> None:
    with X.peer(None) as peer:
        first = X.send(peer, X.outgoing(1)).ref or ""
        X.send(peer, dataclasses.replace(X.outgoing(2), thread=(first,)))
        reading = X.ask(peer, X.outgoing(2), taken=frozenset({first}))

    assert (reading.found, reading.ref) == (Found.PRESENT, peer.posts[1].ref)


@pytest.mark.parametrize(
    "content",
    [
        {"data": [], "meta": {}},
        {"meta": {"result_count": 0}, "errors": [{"title": "Authorization Error"}]},
        {"data": {}, "meta": {"result_count": 0}},
        {"data": ["post"], "meta": {"result_count": 1}},
        {"data": [{"id": "1", "text": "Hello"}], "meta": {"result_count": 1}},
        {"data": [{"id": "1", "created_at": "yesterday"}], "meta": {"result_count": 1}},
    ],
)
def test_a_page_that_is_not_understood_proves_nothing(content: dict[str, Any]) -> None:
    with X.peer(None) as peer:
        peer.other_faults["timeline_page"] = [Fault(content=content)]
        assert doubt(peer, "Other").found is Found.CANNOT_TELL


def test_a_stranger_s_log_in_reads_nothing_out_of_an_empty_timeline() -> None:
    with X.peer(None) as peer:
        peer.user["id"] = "1002"
        reading = doubt(peer, "Hello")

    assert reading.found is Found.CANNOT_TELL
    assert "logged in as 1002" in reading.detail


# Recall


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=401), ACCOUNT),
        (Fault(status=500), UNKNOWN),
        (Fault(then="close"), UNKNOWN),
        (Fault(content={"data": {"deleted": False}}), UNKNOWN),
        (Fault(status=404), SENT),
    ],
)
def test_a_recall_says_what_became_of_it(fault: Fault, kind: OutcomeKind) -> None:
    with X.peer(None) as peer, gateway_to(peer) as gateway:
        ref = gateway.send(X.outgoing(), lambda group: group).ref or ""
        peer.other_faults["delete"] = [fault]
        assert gateway.recall(ref).kind is kind


def test_a_recall_goes_to_a_post_and_nowhere_else() -> None:
    with X.peer(None) as peer, gateway_to(peer) as gateway:
        assert gateway.recall("../users/1001").kind is FOR_GOOD
        assert peer.connections == 0


def gateway_to(peer: XPeer, pause: Callable[[float], None] = lambda _: None) -> XGateway:
    account = X.account(peer)
    return XGateway(permit(X.channel), account, Tokens(), times=PATIENT, pause=pause)
