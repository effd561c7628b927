"""Shows that Instagram gets each post once, by one container, and that its errors are believed by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from aicmo.channels import Channel
from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.contract import (
    Attachment,
    Found,
    LivePermit,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    Scope,
    Staged,
)
from aicmo.gateways.instagram import InstagramGateway
from tests.contract.gateway_contract import NOT_SENT, SENT, UNKNOWN, Mode, always, permit
from tests.contract.mail_api_contract import ACCOUNT, COMMON, FOR_GOOD, FOR_NOW, mode
from tests.contract.readable_contract import ReadableContract
from tests.contract.social_samples import NOW, Tokens, picture
from tests.peers.http_exchange import Fault
from tests.peers.instagram_peer import InstagramPeer, graph_error
from tests.peers.routed_peer import KEY

LINK = "https://store.example/posts/{}?X-Amz-Signature=canary-link"
USAGE = {"X-Business-Use-Case-Usage": '{"17841": [{"type": "instagram", "call_count": 100, '
         '"estimated_time_to_regain_access": 19}]}'}  # fmt: skip


def said(code: int, subcode: int = 0, status: int = 400, **more: Any) -> Fault:
    content = {"error": graph_error(code, subcode)}
    return Fault(status=status, content=content, **more)


def live_all_the_same(code: int, subcode: int = 0) -> Fault:
    return said(code, subcode, applies=True)


AT_PUBLISH = {
    "not ready": mode(said(9007, 2207027), FOR_NOW),
    "the day is full": mode(said(9, 2207042, 403), FOR_NOW),
    "the account is restricted": mode(said(25, 2207050, 403), ACCOUNT),
    "the token has ended": mode(said(190, 463, 400), ACCOUNT),
    "a permission lacks": mode(said(10, 0, 403), ACCOUNT),
    "another permission lacks": mode(said(200, 0, 403), ACCOUNT),
    "the container is unknown": mode(said(24, 2207008), UNKNOWN),
    "the container has expired": mode(said(-2, 2207020), UNKNOWN),
    "action blocked, but live": mode(live_all_the_same(4, 2207051), UNKNOWN),
    "a server's error, but live": mode(live_all_the_same(-1, 2207001), UNKNOWN),
    "throttled, but live": mode(live_all_the_same(4), UNKNOWN),
    "an error nobody knows, but live": mode(live_all_the_same(12345, 9), UNKNOWN),
    "a token's error in a server's failure": mode(said(190, 0, 500, applies=True), UNKNOWN),
    "200 with an error": mode(Fault(applies=True, content={"error": {"code": 4}}), UNKNOWN),
}
NO_PROOF = {name: mode(COMMON[name].script, UNKNOWN) for name in (
    "403", "413", "422", "422, and cut", "apply, then 422", "425", "429",
)}  # fmt: skip


class TestInstagramGateway(ReadableContract):
    channel = Channel.INSTAGRAM
    peer_type = InstagramPeer
    recalls = False
    staging = ("limit", "create", "node")
    asked = "node"
    by_text = False  # its container is asked
    modes: ClassVar[Mapping[str, Mode]] = COMMON | NO_PROOF | AT_PUBLISH

    def open(
        self, permit: LivePermit, account: ProviderAccount, tokens: TokenSource, **options: Any
    ) -> InstagramGateway:
        return InstagramGateway(permit, account, tokens, publish, polls=(0, 0, 0), **options)

    def pictures(self) -> tuple[Attachment, ...]:
        return (picture(),)

    @pytest.mark.parametrize("form", ["business usage", "app usage", "nothing"])
    def test_a_limit_lets_the_whole_account_wait_as_long_as_the_network_says(
        self, form: str
    ) -> None:
        headers = {
            "business usage": USAGE,
            "app usage": {
                "X-App-Usage": '{"call_count": 1, "estimated_time_to_regain_access": 19}'
            },
            "nothing": {"X-App-Usage": "?", "X-Business-Use-Case-Usage": "[[[1]]]"},
        }[form]
        wait = timedelta(hours=1) if form == "nothing" else timedelta(minutes=19)
        for fault in (
            said(4, headers=headers),
            said(80002, headers=headers),
            said(17, 0, 403, headers=headers),
        ):
            objection = staged_with({"create": [fault]}).objection
            assert objection is not None
            assert (objection.kind, objection.scope) == (FOR_NOW, Scope.RUN)
            assert objection.not_before == NOW + wait
        outcome = send_with(said(4, 2207051, headers=headers))
        assert (outcome.kind, outcome.scope) == (UNKNOWN, Scope.RUN)
        assert outcome.not_before == NOW + wait


def publish(media: Attachment) -> str:
    return LINK.format(media.sha256[:6])


CONTRACT = TestInstagramGateway()


def open_on(peer: InstagramPeer, **options: Any) -> InstagramGateway:
    gateway = CONTRACT.gateway(permit(Channel.INSTAGRAM), peer, clock=lambda: NOW, **options)
    assert isinstance(gateway, InstagramGateway)
    return gateway


def staged_with(other_faults: Mapping[str, Sequence[Fault | None]], **options: Any) -> Staged:
    with InstagramPeer(other_faults=other_faults, **options) as peer, open_on(peer) as gateway:
        return gateway.stage(CONTRACT.outgoing())


def send_with(fault: Fault) -> Outcome:
    with InstagramPeer({1: fault}) as peer, open_on(peer) as gateway:
        return gateway.send(CONTRACT.ready(peer, gateway, CONTRACT.outgoing()), always)


def film() -> Attachment:
    return Attachment("f" * 64, "video/mp4", 1080, 1920, "A film of the café", b"a film")


def outgoing_of(*media: Attachment, form: str = "post") -> Outgoing:
    post = CONTRACT.post(1, media).model_copy(update={"format": form})
    return dataclasses.replace(CONTRACT.outgoing_of(post), attachments=media)


def containers_of(*media: Attachment, form: str = "post") -> list[Mapping[str, str]]:
    with InstagramPeer() as peer, open_on(peer) as gateway:
        ready = CONTRACT.ready(peer, gateway, outgoing_of(*media, form=form))
        assert gateway.send(ready, always).kind is SENT
    assert not peer.misshapen
    assert len(peer.posts) == 1
    return [each.fields for each in peer.containers.values()]


# What is made of a post

TEXT = CONTRACT.text()
PICTURE, FILM = LINK.format(picture().sha256[:6]), LINK.format("ffffff")
ALT = picture().alt_text


def test_a_picture_has_its_caption_and_its_alt_text() -> None:
    assert containers_of(picture()) == [{"caption": TEXT, "alt_text": ALT, "image_url": PICTURE}]


@pytest.mark.parametrize("form", ["post", "reel"])
def test_a_film_is_a_reel(form: str) -> None:
    assert containers_of(film(), form=form) == [
        {"media_type": "REELS", "caption": TEXT, "video_url": FILM}
    ]


def test_a_story_has_neither_caption_nor_alt_text() -> None:
    assert containers_of(picture(), form="story") == [
        {"media_type": "STORIES", "image_url": PICTURE}
    ]
    assert containers_of(film(), form="story") == [{"media_type": "STORIES", "video_url": FILM}]


@pytest.mark.parametrize("form", ["post", "carousel"])
def test_several_media_are_a_carousel_in_their_order(form: str) -> None:
    first, second, whole = containers_of(picture(), film(), form=form)
    assert first == {"is_carousel_item": "true", "alt_text": ALT, "image_url": PICTURE}
    assert second == {"is_carousel_item": "true", "media_type": "VIDEO", "video_url": FILM}
    assert whole == {
        "media_type": "CAROUSEL", "caption": TEXT, "children": "17800000000000001,17800000000000002",
    }  # fmt: skip


def test_the_picture_of_a_links_card_is_no_media() -> None:
    draft = dataclasses.replace(outgoing_of(picture()), attachments=(picture(), picture(b"card")))
    with InstagramPeer() as peer, open_on(peer) as gateway:
        gateway.stage(draft)
    assert [each.fields["image_url"] for each in peer.containers.values()] == [PICTURE]


PNG = dataclasses.replace(picture(), media_type="image/png")


@pytest.mark.parametrize(
    ("media", "form", "why"),
    [
        ([], "post", "without a picture"),
        ([PNG], "post", "JPEG"),
        ([picture()], "reel", "one film"),
        ([film(), film()], "reel", "one film"),
        ([picture(), picture()], "story", "one picture or film"),
        ([picture()], "carousel", "2 to 10"),
        ([picture()] * 11, "post", "2 to 10"),
        ([picture()], "article", "articles"),
    ],
)
def test_what_instagram_has_not_is_refused_for_good(
    media: Sequence[Attachment], form: str, why: str
) -> None:
    with InstagramPeer() as peer, open_on(peer) as gateway:
        objection = gateway.stage(outgoing_of(*media, form=form)).objection

    assert objection is not None
    assert (objection.kind, why in objection.detail) == (FOR_GOOD, True)
    assert not peer.containers


def test_there_are_no_threads() -> None:
    draft = dataclasses.replace(CONTRACT.outgoing(), thread=("1",))
    with InstagramPeer() as peer, open_on(peer) as gateway:
        objection = gateway.stage(draft).objection
    assert objection is not None
    assert objection.kind is FOR_GOOD


def test_links_to_media_are_kept_nowhere() -> None:
    staged = staged_with({"create": [said(190)]})
    assert "canary-link" not in repr(staged)
    assert "canary-link" not in repr(staged_with({}))


# Containers


def test_a_container_is_waited_for() -> None:
    states = [["IN_PROGRESS", "IN_PROGRESS", "FINISHED"]]
    with InstagramPeer(states=states) as peer, open_on(peer) as gateway:
        assert gateway.stage(CONTRACT.outgoing()).objection is None
    assert len(peer.containers) == 1


def test_a_film_that_takes_long_comes_back_with_the_same_container() -> None:
    with (
        InstagramPeer(states=[["IN_PROGRESS"] * 9 + ["FINISHED"]]) as peer,
        open_on(peer) as gateway,
    ):
        first = gateway.stage(outgoing_of(film()))
        assert first.objection is not None
        assert (first.objection.kind, first.objection.scope) == (FOR_NOW, Scope.DELIVERY)
        assert first.objection.not_before == NOW + timedelta(minutes=1)
        peer.last_container().states = ["FINISHED"]
        second = gateway.stage(dataclasses.replace(outgoing_of(film()), staged=first.values))

    assert second.objection is None
    assert second.values == first.values
    assert len(peer.containers) == 1


def test_a_carousel_goes_on_where_it_was_cut() -> None:
    cut = Fault(then="close")
    draft = outgoing_of(picture(), film(), picture(b"third"))
    faults = {"create": [None, cut, None, cut]}
    with InstagramPeer(other_faults=faults) as peer, open_on(peer) as gateway:
        first = gateway.stage(draft)
        second = gateway.stage(dataclasses.replace(draft, staged=first.values))
        third = gateway.stage(dataclasses.replace(draft, staged=second.values))

    made = [len(each.values.get("children", ())) for each in (first, second, third)]
    assert made == [1, 2, 3]  # what was kept of a step isn't changed by the next one
    assert [each.objection is None for each in (first, second, third)] == [False, False, True]
    assert len(peer.containers) == 4  # three children and the carousel: none of them twice
    assert not peer.misshapen


@pytest.mark.parametrize("state", ["ERROR", "EXPIRED", "unknown"])
def test_a_container_that_has_ended_is_made_anew(state: str) -> None:
    with InstagramPeer() as peer, open_on(peer) as gateway:
        ready = CONTRACT.ready(peer, gateway, CONTRACT.outgoing())
        container = peer.last_container()
        container.states = [state]
        if state == "unknown":
            del peer.containers[container.id]
            peer.containers["17800000000000099"] = container
        again = CONTRACT.ready(peer, gateway, ready)
        outcome = gateway.send(again, always)

    assert again.staged["container"] != ready.staged["container"]
    assert (outcome.kind, len(peer.posts)) == (SENT, 1)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Error: Media upload has failed with error code 2207026", FOR_GOOD),
        ("Error: Media upload has failed with error code 2207053.", FOR_NOW),
        ("Error: Media upload has failed with error code 2207052", FOR_NOW),
        ("Error", FOR_NOW),
    ],
)
def test_a_container_that_fails_says_what_can_be_done(text: str, kind: OutcomeKind) -> None:
    staged = staged_with({}, states=[["IN_PROGRESS", "ERROR"]], text=text)

    assert staged.objection is not None
    assert staged.objection.kind is kind
    assert "container" not in staged.values  # the next time begins anew


def test_a_post_that_was_changed_gets_a_container_of_its_own() -> None:
    with InstagramPeer() as peer, open_on(peer) as gateway:
        before = CONTRACT.ready(peer, gateway, CONTRACT.outgoing(1))
        changed = dataclasses.replace(CONTRACT.outgoing(2), staged=before.staged)
        outcome = gateway.send(CONTRACT.ready(peer, gateway, changed), always)

    assert outcome.kind is SENT
    assert [post.mark for post in peer.posts] == ["part:2"]


def test_a_container_that_was_published_is_never_followed_by_another() -> None:
    with InstagramPeer({1: said(9007, 2207027, applies=True)}) as peer, open_on(peer) as gateway:
        ready = CONTRACT.ready(peer, gateway, CONTRACT.outgoing())
        assert gateway.send(ready, always).kind is FOR_NOW  # which was a lie
        again = CONTRACT.ready(peer, gateway, ready)
        changed = dataclasses.replace(CONTRACT.outgoing(2), staged=ready.staged)
        outcomes = [
            gateway.send(CONTRACT.ready(peer, gateway, each), always) for each in (again, changed)
        ]

    assert {each.kind for each in outcomes} == {OutcomeKind.DUPLICATE}
    assert (len(peer.posts), len(peer.begun)) == (1, 1)


def test_without_a_container_nothing_is_sent() -> None:
    with InstagramPeer() as peer, open_on(peer) as gateway:
        assert gateway.send(CONTRACT.outgoing(), always).kind is NOT_SENT
    assert not peer.begun


# The quota


def test_a_full_day_makes_the_account_wait_before_anything_is_made() -> None:
    with InstagramPeer(quota=(100, 100)) as peer, open_on(peer) as gateway:
        objection = gateway.stage(CONTRACT.outgoing()).objection

    assert objection is not None
    assert (objection.kind, objection.scope) == (FOR_NOW, Scope.RUN)
    assert objection.not_before == NOW + timedelta(hours=1)
    assert not peer.containers


def test_a_full_day_at_the_last_step_makes_the_account_wait() -> None:
    outcome = send_with(said(9, 2207042, 403))
    assert (outcome.kind, outcome.scope) == (FOR_NOW, Scope.RUN)
    assert outcome.not_before == NOW + timedelta(hours=1)


# Errors before anything is seen


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (said(-2, 2207003), FOR_NOW),
        (said(9004, 2207052), FOR_NOW),
        (said(-1, 2207053), FOR_NOW),
        (said(36000, 2207004), FOR_GOOD),
        (said(36003, 2207009), FOR_GOOD),
        (said(36004, 2207010), FOR_GOOD),
        (said(100), FOR_GOOD),
        (said(9, 2207042), FOR_NOW),
        (said(25, 2207050), ACCOUNT),
        (said(190), ACCOUNT),
        (said(10), ACCOUNT),
        (said(299), ACCOUNT),
        (said(-1, 2207001), FOR_NOW),
        (said(2, 0, 500), FOR_NOW),
        (said(190, 0, 503), FOR_NOW),
        (said(613), FOR_NOW),
        (said(32), FOR_NOW),
        (said(80002), FOR_NOW),
        (Fault(content={"id": "not-a-number"}), FOR_NOW),
        (Fault(content={"id": 17}), FOR_NOW),
    ],
    ids=repr,
)
def test_an_error_at_a_container_is_a_refusal(fault: Fault, kind: OutcomeKind) -> None:
    staged = staged_with({"create": [fault]})
    assert staged.objection is not None
    assert staged.objection.kind is kind
    assert "canary" not in repr(staged)


def test_a_store_that_instagram_can_not_reach_is_named() -> None:
    objection = staged_with({"create": [said(9004, 2207052)]}).objection
    assert objection is not None
    assert "store" in objection.detail


# Doubts


def doubt(peer: InstagramPeer) -> Outgoing:
    return CONTRACT.lost(peer)


def ask(peer: InstagramPeer, lost: Outgoing, **changes: Any) -> Reading:
    return CONTRACT.ask(peer, lost, **changes)


@pytest.mark.parametrize("code", [(4, 2207051), (-1, 2207001), (1, 0)])
def test_a_post_that_is_live_despite_an_error_is_found(code: tuple[int, int]) -> None:
    with InstagramPeer({1: live_all_the_same(*code)}) as peer:
        with open_on(peer) as gateway:
            ready = CONTRACT.ready(peer, gateway, CONTRACT.outgoing())
            assert gateway.send(ready, always).kind is UNKNOWN
        reading = ask(peer, ready)

    assert (reading.found, reading.ref) == (Found.PRESENT, peer.posts[0].ref)


def test_a_published_post_is_found_by_caption_and_time_never_as_the_first() -> None:
    with InstagramPeer() as peer:
        lost = doubt(peer)
        peer.post_elsewhere(TEXT, datetime.now(UTC) - timedelta(hours=1))
        peer.post_elsewhere(f"{TEXT}!")
        newest = peer.post_elsewhere("another", datetime.now(UTC) + timedelta(minutes=1))
        reading = ask(peer, lost)

    assert reading.ref == peer.posts[0].ref != newest.ref
    assert reading.permalink == f"https://www.instagram.com/p/{reading.ref[-4:]}/"


def test_published_without_being_listed_yet_is_still_proof() -> None:
    with InstagramPeer(visible_after=timedelta(minutes=9)) as peer:
        reading = ask(peer, doubt(peer))
    assert (reading.found, reading.ref) == (Found.PRESENT, "")


def test_two_posts_that_could_be_it_leave_the_reference_open() -> None:
    with InstagramPeer() as peer:
        lost = doubt(peer)
        other = peer.post_elsewhere(TEXT)
        assert ask(peer, lost) == Reading(
            Found.PRESENT, "", "published, but which post it is can't be told"
        )
        assert ask(peer, lost, taken=frozenset({other.ref})).ref == peer.posts[0].ref


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("FINISHED", Found.ABSENT),
        ("ERROR", Found.ABSENT),
        ("EXPIRED", Found.ABSENT),
        ("IN_PROGRESS", Found.CANNOT_TELL),
        ("SOMETHING_NEW", Found.CANNOT_TELL),
    ],
)
def test_the_container_decides(state: str, found: Found) -> None:
    with InstagramPeer() as peer:
        lost = CONTRACT.lost(peer, applies=False)
        peer.last_container().states = [state]
        assert ask(peer, lost).found is found


def test_a_container_that_is_gone_proves_nothing_but_the_post_does() -> None:
    with InstagramPeer() as peer:
        lost = CONTRACT.lost(peer, applies=False)
        peer.containers.clear()
        assert ask(peer, lost).found is Found.CANNOT_TELL
        post = peer.post_elsewhere(TEXT)
        assert ask(peer, lost) == Reading(
            Found.PRESENT, post.ref, "", f"https://www.instagram.com/p/{post.ref[-4:]}/"
        )


def test_a_doubt_without_a_container_is_a_persons() -> None:
    with InstagramPeer() as peer, open_on(peer) as gateway:
        question = Question(1, "t", "", datetime.now(UTC), CONTRACT.outgoing().payload)
        assert gateway.reconcile(question).found is Found.CANNOT_TELL
    assert not peer.seen


def test_a_story_has_no_caption_to_be_found_by() -> None:
    with InstagramPeer() as peer:
        with open_on(peer) as gateway:
            ready = CONTRACT.ready(peer, gateway, outgoing_of(picture(), form="story"))
            peer.faults[1] = Fault(applies=True, then="close")
            assert gateway.send(ready, always).kind is UNKNOWN
        assert ask(peer, ready).found is Found.PRESENT
    assert not peer.misshapen


# After the effect


@pytest.mark.parametrize(
    "fault",
    [
        Fault(then="close"),
        Fault(status=500),
        Fault(content={"permalink": "javascript:x"}),
        said(190),
    ],
    ids=repr,
)
def test_a_post_whose_address_is_not_told_is_sent_all_the_same(fault: Fault) -> None:
    with InstagramPeer(other_faults={"node": [None, fault]}) as peer, open_on(peer) as gateway:
        outcome = gateway.send(CONTRACT.ready(peer, gateway, CONTRACT.outgoing()), always)

    assert outcome == Outcome(SENT, code="200", ref=peer.posts[0].ref)


# Who is logged in


def test_the_profile_tells_rights_quota_and_the_versions_end() -> None:
    tokens = Tokens(scopes="instagram_business_basic", ends_at="2027-01-20T09:00:00+00:00")
    with InstagramPeer(quota=(7, 50)) as peer, open_on(peer, tokens=tokens) as gateway:
        profile = gateway.profile()

    assert (profile.name, profile.handle) == ("Acme & Söhne", "@acme")
    assert (profile.quota_used, profile.quota_total) == (7, 50)
    assert profile.facts["permalink"] == "https://www.instagram.com/acme/"
    assert profile.avatar_url == "https://cdn.example/a.jpg"
    assert profile.expires_at == datetime(2027, 1, 20, 9, tzinfo=UTC)
    assert (profile.api_version, profile.api_ends_on) == (
        "v26.0",
        datetime(2028, 7, 29, tzinfo=UTC),
    )
    assert profile.scopes == ("instagram_business_basic",)
    assert KEY not in repr(profile)


def test_a_quota_that_is_not_told_keeps_nobody_from_being_known() -> None:
    faults = {"limit": [Fault(status=500)]}
    with InstagramPeer(other_faults=faults) as peer, open_on(peer) as gateway:
        assert gateway.identify() is None
