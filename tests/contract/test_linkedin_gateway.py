"""Shows that LinkedIn gets each post once and whole, as a page and as a member, and what its answers mean."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from aicmo.channels import Channel
from aicmo.gateways import linkedin_version
from aicmo.gateways.account_gateway import ProviderAccount, Refused, TokenSource
from aicmo.gateways.contract import (
    Attachment,
    Found,
    LivePermit,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    RepeatClass,
    Scope,
)
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.linkedin import LinkedInGateway
from aicmo.gateways.linkedin_media import upload_place
from aicmo.posts.post import PostCard, PostPicture, Span
from tests.contract.gateway_contract import SENT, UNKNOWN, Mode, permit
from tests.contract.mail_api_contract import ACCOUNT, COMMON, FOR_GOOD, FOR_NOW, PATIENT, mode
from tests.contract.readable_contract import ReadableContract
from tests.contract.social_contract import SocialContract
from tests.contract.social_samples import LIMITS, NOW, Tokens, picture
from tests.peers.http_exchange import Fault
from tests.peers.linkedin_peer import LinkedInPeer
from tests.peers.routed_peer import KEY

DUPLICATE = OutcomeKind.DUPLICATE
MEMBER = "urn:li:person:aB3_x-9"


@pytest.fixture(autouse=True)
def _version_of_this_month(monkeypatch: pytest.MonkeyPatch) -> None:  # the real one will end
    monkeypatch.setattr(linkedin_version, "VERSION", f"{datetime.now(UTC):%Y%m}")


class LinkedInContract(SocialContract):
    channel = Channel.LINKEDIN
    peer_type = LinkedInPeer
    modes: ClassVar[Mapping[str, Mode]] = COMMON | {
        # The reference stands in the head, so that an empty body can't be cut.
        "apply, then cut": mode(Fault(applies=True, then="cut"), UNKNOWN),
        "apply, then another success": mode(Fault(applies=True, status=202), SENT),
        "a success without a reference": mode(Fault(status=200), UNKNOWN),
    }

    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> LinkedInGateway:
        return LinkedInGateway(
            permit, account, tokens, times=times, clock=clock, pause=lambda _seconds: None
        )

    def text(self, number: int = 1) -> str:
        return f"Grüße 👋 from part:{number}, a (café) & {{tea}} @ 20_~*#|\\[x] <now>."

    @pytest.mark.parametrize("form", LIMITS)
    def test_a_limit_lets_the_whole_account_wait_as_long_as_the_network_says(
        self, form: str
    ) -> None:
        """It says nothing: its days are those of UTC."""
        midnight = datetime(2026, 11, 23, tzinfo=UTC)
        with self.peer(Fault(status=429, headers=LIMITS[form])) as peer:
            gateway = self.gateway(permit(self.channel), peer, clock=lambda: NOW)
            outcome = gateway.send(self.outgoing(), lambda group: group)

        assert (outcome.kind, outcome.scope) == (FOR_NOW, Scope.RUN)
        assert outcome.not_before
        assert midnight < outcome.not_before <= midnight + timedelta(minutes=10)


class TestLinkedInPage(LinkedInContract, ReadableContract):
    asked = "find"
    staging = ("initialize", "put", "image")
    lag = timedelta(minutes=5)


class TestLinkedInMember(LinkedInContract):
    staging = ("initialize", "put")

    def peer(self, script: Fault | None) -> LinkedInPeer:
        return LinkedInPeer({1: script} if script else {}, identity=MEMBER)


PAGE, PERSON = TestLinkedInPage(), TestLinkedInMember()


def with_spans(*spans: Span, **changes: Any) -> Outgoing:
    post = PAGE.post().model_copy(update={"spans": spans, **changes})
    return PAGE.outgoing_of(post)


def failure(status: int, code: str, message: str = "no") -> Fault:
    return Fault(status=status, content={"status": status, "code": code, "message": message})


def duplicate_of(urn: str) -> Fault:
    error = {"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"}
    content = {
        "errorDetailType": "com.linkedin.common.error.BadRequest",
        "message": f"com.linkedin…: Content is a duplicate of {urn}",
        "errorDetails": {"inputErrors": [error]},
        "status": 422,
    }
    return Fault(status=422, content=content)


def open_page(
    peer: LinkedInPeer, pause: Callable[[float], None] = lambda _: None, **options: Any
) -> LinkedInGateway:
    account = PAGE.account(peer)
    return LinkedInGateway(
        permit(PAGE.channel), account, Tokens(), times=PATIENT, pause=pause, **options
    )


# What is asked


def test_a_page_s_post_has_linkedin_s_headers_and_fields_and_no_others() -> None:
    with LinkedInPeer() as peer:
        outcome = PAGE.send(peer, PAGE.outgoing())

    (request,) = (each for each in peer.seen if each.method == "POST")
    assert json.loads(request.body) == {
        "author": "urn:li:organization:2414183",
        "commentary": "Grüße 👋 from part:1, a \\(café\\) & \\{tea\\} \\@ 20\\_\\~\\*\\#\\|\\\\\\[x\\] \\<now\\>.",
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }  # fmt: skip
    sent = {
        name: request.headers[name]
        for name in ("authorization", "linkedin-version", "content-type")
    }
    assert sent == {
        "authorization": f"Bearer {KEY}", "linkedin-version": linkedin_version.VERSION, "content-type": "application/json",
    }  # fmt: skip
    ref = "urn:li:share:7000000000000000001"
    link = f"https://www.linkedin.com/feed/update/{ref}/"
    assert outcome == Outcome(SENT, code="201", ref=ref, permalink=link)
    assert peer.posts[0].text == PAGE.text()


def test_tags_and_mentions_are_such_and_everything_else_is_text() -> None:
    spans = (
        Span(text="Save 20% (today) @ ACME_shop "),
        Span(kind="tag", text="#sale", target="sale"),
        Span(text=" with "),
        Span(kind="mention", text="Acme", target="urn:li:organization:5"),
    )
    with LinkedInPeer() as peer:
        PAGE.send(peer, with_spans(*spans))

    commentary = peer.posts[0].content["commentary"]
    assert (
        commentary == r"Save 20% \(today\) \@ ACME\_shop #sale with @[Acme](urn:li:organization:5)"
    )
    assert peer.posts[0].text == "Save 20% (today) @ ACME_shop #sale with Acme"


def images(*contents: bytes) -> tuple[Attachment, ...]:
    return tuple(
        dataclasses.replace(picture(each), alt_text=each.decode(), media_type="image/png")
        for each in contents
    )


def as_picture(medium: Attachment) -> PostPicture:
    return PostPicture(
        sha256=medium.sha256, media_type=medium.media_type, width=1200, height=900,
        alt_text=medium.alt_text,
    )  # fmt: skip


def with_content(attachments: tuple[Attachment, ...], **content: Any) -> Outgoing:
    post = PAGE.post().model_copy(update=content)
    return dataclasses.replace(PAGE.outgoing_of(post), attachments=attachments)


def test_one_picture_and_several_are_different_content() -> None:
    one, two = images(b"one"), images(b"one", b"two")
    with LinkedInPeer() as peer:
        PAGE.send(peer, with_content(one, pictures=tuple(map(as_picture, one))))
        text = (Span(text="Another"),)
        PAGE.send(peer, with_content(two, pictures=tuple(map(as_picture, two)), spans=text))

    first, second = (each.content["content"] for each in peer.posts)
    assert first == {"media": {"id": "urn:li:image:I1", "altText": "one"}}
    assert second == {
        "multiImage": {
            "images": [
                {"id": "urn:li:image:I2", "altText": "one"},
                {"id": "urn:li:image:I3", "altText": "two"},
            ]
        }
    }
    assert [each["content"] for each in peer.images.values()] == [b"one", b"one", b"two"]
    assert not peer.misshapen


def test_a_link_s_card_is_an_article_with_our_own_picture() -> None:
    (thumbnail,) = images(b"card")
    card = PostCard(
        url="https://client.example/a", title="News", description="Why",
        picture=as_picture(thumbnail),
    )  # fmt: skip
    bare = PostCard(url="https://client.example/b", title="More")
    with LinkedInPeer() as peer:
        PAGE.send(peer, with_content((thumbnail,), card=card))
        PAGE.send(peer, with_content((), card=bare, spans=(Span(text="Another"),)))

    assert [each.content["content"] for each in peer.posts] == [
        {
            "article": {
                "source": "https://client.example/a", "title": "News", "description": "Why",
                "thumbnail": "urn:li:image:I1",
            }
        },
        {"article": {"source": "https://client.example/b", "title": "More"}},
    ]  # fmt: skip
    assert not peer.misshapen


def test_connections_alone_see_a_member_s_post_and_never_a_page_s() -> None:
    followers = with_spans(Span(text="Hello"), visibility="followers")
    unlisted = with_spans(Span(text="Hello"), visibility="unlisted")
    with PERSON.peer(None) as peer:
        assert PERSON.send(peer, followers).kind is SENT
        assert PERSON.send(peer, unlisted).kind is FOR_GOOD
        assert peer.posts[0].content["visibility"] == "CONNECTIONS"
    with LinkedInPeer() as peer:
        assert PAGE.send(peer, followers).kind is FOR_GOOD
        assert peer.connections == 0


# What is answered


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (failure(400, "FIELD_LENGTH_TOO_LONG"), FOR_GOOD, "400 FIELD_LENGTH_TOO_LONG"),
        (failure(401, "EXPIRED_ACCESS_TOKEN"), ACCOUNT, "401 EXPIRED_ACCESS_TOKEN"),
        (failure(401, "REVOKED_ACCESS_TOKEN"), ACCOUNT, "401 REVOKED_ACCESS_TOKEN"),
        (failure(403, "ACCESS_DENIED"), ACCOUNT, "403 ACCESS_DENIED"),
        (failure(409, "CONFLICT"), UNKNOWN, "409 CONFLICT"),
        (failure(409, "CONFLICT", "Concurrent change"), FOR_NOW, "409 CONFLICT"),
        (failure(426, "NONEXISTENT_VERSION"), ACCOUNT, "426 NONEXISTENT_VERSION"),
        (Fault(status=426), ACCOUNT, "426"),
        (failure(400, "VERSION_MISSING"), ACCOUNT, "400 VERSION_MISSING"),
        (failure(422, "Ada Acme said"), FOR_GOOD, "422"),
        (failure(500, "VERSION_MISSING"), UNKNOWN, "500 VERSION_MISSING"),
        (failure(504, "ACCESS_DENIED"), UNKNOWN, "504 ACCESS_DENIED"),
    ],
)
def test_an_error_means_what_linkedin_says(fault: Fault, kind: OutcomeKind, code: str) -> None:
    with LinkedInPeer({1: fault}) as peer:
        outcome = PAGE.send(peer, PAGE.outgoing())

    assert (outcome.kind, outcome.code) == (kind, code)


def test_a_success_without_the_header_is_sent_without_a_reference() -> None:
    with LinkedInPeer({1: Fault(applies=True, headers={"x-restli-id": "none"})}) as peer:
        outcome = PAGE.send(peer, PAGE.outgoing())

    assert (outcome.kind, outcome.ref) == (SENT, None)


def test_a_cut_body_does_not_cost_the_reference_in_the_head() -> None:
    fault = Fault(applies=True, content={"some": "body that is cut"}, then="cut")
    with LinkedInPeer({1: fault}) as peer:
        outcome = PAGE.send(peer, PAGE.outgoing())

    assert (outcome.kind, outcome.ref) == (SENT, peer.posts[0].ref)


def test_a_copy_names_the_post_that_is_there_already() -> None:
    with LinkedInPeer() as peer:
        first = PAGE.send(peer, PAGE.outgoing())
        again = PAGE.send(peer, PAGE.outgoing())

    assert (again.kind, again.ref) == (DUPLICATE, first.ref)
    assert again.permalink == first.permalink
    assert peer.effects.total() == 1


def test_a_copy_of_a_page_s_post_that_is_gone_is_refused_with_the_reason() -> None:
    with LinkedInPeer({1: duplicate_of("urn:li:share:99")}) as peer:
        ghost = PAGE.send(peer, PAGE.outgoing())
        peer.other_faults["read"] = [Fault(status=500)]
        peer.faults[2] = duplicate_of("urn:li:ugcPost:99")
        unclear = PAGE.send(peer, PAGE.outgoing())

    assert (ghost.kind, ghost.ref) == (FOR_GOOD, None)
    assert "24 to 48 hours" in ghost.detail
    assert (unclear.kind, unclear.ref) == (DUPLICATE, "urn:li:ugcPost:99")


def test_a_person_s_urn_is_no_post() -> None:
    with LinkedInPeer({1: duplicate_of(MEMBER)}) as peer:
        outcome = PAGE.send(peer, PAGE.outgoing())

    assert (outcome.kind, outcome.ref, len(peer.seen)) == (DUPLICATE, None, 1)


def test_a_page_s_post_that_linkedin_cuts_off_is_told() -> None:
    text = "Save 20% (today)"
    with LinkedInPeer() as peer:
        whole = PAGE.send(peer, with_spans(Span(text=text)))
        peer.other_faults["read"] = [Fault(content={"commentary": "Save 20% "})]
        cut = PAGE.send(peer, with_spans(Span(text="Save 20% (tomorrow)")))
        peer.other_faults["read"] = [Fault(content={"commentary": "See https://lnkd.in/x"})]
        shortened = PAGE.send(peer, with_spans(Span(text="See https://client.example/a/long/one")))
        peer.other_faults["read"] = [Fault(status=500)]
        unread = PAGE.send(peer, with_spans(Span(text="Another one")))

    assert [each.kind for each in (whole, cut, shortened, unread)] == [SENT] * 4
    assert cut.detail == "published, but cut off: 8 of 19 characters are there"
    assert (whole.detail, shortened.detail, unread.detail) == ("", "", "")


def test_a_member_s_post_is_not_read_back() -> None:
    with PERSON.peer(None) as peer:
        PERSON.send(peer, PERSON.outgoing())

    assert peer.paths("GET") == []


def test_a_post_and_reading_it_back_fit_into_one_attempt() -> None:
    with LinkedInPeer() as peer:
        account = PAGE.account(peer)
    gateway = LinkedInGateway(permit(PAGE.channel), account, Tokens())
    assert 2 * gateway._times.whole < gateway.timing.request_bound
    assert gateway.timing.quiet == 600


# Who is logged in


def test_a_page_can_be_asked_and_a_member_can_not() -> None:
    with LinkedInPeer() as page, PERSON.peer(None) as member:
        assert open_page(page).repeat_class is RepeatClass.READABLE
        gateway = PERSON.gateway(permit(PERSON.channel), member)
        assert gateway.repeat_class is RepeatClass.BLIND
        armed = PERSON.outgoing()
        question = Question(1, armed.token, "", datetime.now(UTC), armed.payload)
        reading = gateway.reconcile(question)

    assert reading.found is Found.CANNOT_TELL
    assert reading.detail == "LinkedIn lets nobody read a member's posts: look at the profile"
    assert member.connections == 0


def test_a_page_and_a_member_are_shown_as_readers_know_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linkedin_version, "VERSION", "202609")
    tokens = Tokens(scopes="w_member_social", ends_at="2027-01-01T00:00:00+00:00")
    with LinkedInPeer() as peer:
        page = PAGE.gateway(permit(PAGE.channel), peer, tokens, clock=lambda: NOW).profile()
    with PERSON.peer(None) as peer, PERSON.gateway(permit(PERSON.channel), peer) as gateway:
        person = gateway.profile()

    assert (page.identity, page.name) == ("urn:li:organization:2414183", "Acme")
    assert page.avatar_url == "https://media.licdn.com/logo.png"
    assert page.facts == {"permalink": "https://www.linkedin.com/company/acme/"}
    assert (page.scopes, page.expires_at) == (
        ("w_member_social",),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert (page.api_version, page.api_ends_on) == ("202609", datetime(2027, 9, 15, tzinfo=UTC))
    assert page.problems == []
    assert (person.identity, person.name) == (MEMBER, "Ada Acme")
    assert person.avatar_url == "https://media.licdn.com/ada.jpg"


def test_a_log_in_without_a_role_on_the_page_is_refused() -> None:
    with LinkedInPeer(role_is_known=False) as peer, open_page(peer) as gateway:
        objection = gateway.identify()

    assert objection
    assert (objection.kind, objection.code) == (ACCOUNT, "403 ACCESS_DENIED")


@pytest.mark.parametrize("status", [403, 404])
def test_a_name_that_is_withheld_stops_no_page(status: int) -> None:
    faults = {"organization": [Fault(status=status)]}
    with LinkedInPeer(other_faults=faults) as peer, open_page(peer) as gateway:
        assert gateway.identify() is None


def test_a_version_is_warned_of_in_time_and_never_used_after_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linkedin_version, "VERSION", "202609")
    end = datetime(2027, 9, 15, tzinfo=UTC)
    assert linkedin_version.ends_on("202511") <= datetime(2026, 11, 16, tzinfo=UTC)
    assert linkedin_version.ends_on("202601") == datetime(2027, 1, 15, tzinfo=UTC)
    assert linkedin_version.ends_on("202603") <= datetime(2027, 3, 16, tzinfo=UTC)
    with LinkedInPeer() as peer:
        told = [_profile_at(peer, end - timedelta(days=days)) for days in (61, 60, 1)]
        asked = len(peer.seen)
        with open_page(peer, clock=lambda: end) as gateway:
            objection = gateway.identify()

    says = "LinkedIn's API version 202609 ends in {} days: install a newer AICMO before."
    assert told == [[], [says.format(60)], [says.format(1)]]
    assert objection
    assert objection.kind is ACCOUNT
    assert "has ended" in objection.detail
    assert len(peer.seen) == asked


def _profile_at(peer: LinkedInPeer, now: datetime) -> list[str]:
    with open_page(peer, clock=lambda: now) as gateway:
        return list(gateway.profile().problems)


# Pictures


def test_a_page_s_picture_is_waited_for_until_linkedin_has_it() -> None:
    pauses: list[float] = []
    with LinkedInPeer(polls=2) as peer, open_page(peer, pauses.append) as gateway:
        staged = gateway.stage(PAGE.with_picture())

    assert staged.objection is None
    assert pauses == [3, 3]
    assert "secret-in-the-url" not in json.dumps(dict(staged.values))


def test_a_member_s_picture_is_given_a_fixed_time_once() -> None:
    pauses: list[float] = []
    with PERSON.peer(None) as peer:
        account = PERSON.account(peer)
        gateway = LinkedInGateway(
            permit(PERSON.channel), account, Tokens(), times=PATIENT, clock=lambda: NOW,
            pause=pauses.append,
        )  # fmt: skip
        with gateway:
            once = gateway.stage(PERSON.with_picture())
            gateway.stage(dataclasses.replace(PERSON.with_picture(), staged=once.values))

    assert pauses == [15]
    assert not any(path.startswith("/rest/images/") for path in peer.paths("GET"))


def test_a_picture_that_can_not_be_processed_never_goes_out() -> None:
    with LinkedInPeer(breaks_images=True) as peer, open_page(peer) as gateway:
        staged = gateway.stage(PAGE.with_picture())

    assert staged.objection
    assert staged.objection.kind is FOR_GOOD
    assert staged.values == {"images": {}}


@pytest.mark.parametrize(("times", "kind"), [(10, None), (11, FOR_NOW)])
def test_a_picture_that_linkedin_has_not_got_is_put_up_again(
    times: int, kind: OutcomeKind | None
) -> None:
    waiting = [Fault(content={"status": "WAITING_UPLOAD"})] * times
    with LinkedInPeer(other_faults={"image": waiting}) as peer, open_page(peer) as gateway:
        staged = gateway.stage(PAGE.with_picture())
        again = dataclasses.replace(PAGE.with_picture(), staged=staged.values)
        assert gateway.stage(again).objection is None

    assert (staged.objection and staged.objection.kind) is kind
    assert len(peer.images) == (2 if kind else 1)


def test_an_answer_that_is_cut_tells_nothing_of_a_page() -> None:
    cut = Fault(content={"localizedName": "Acme", "vanityName": "acme"}, then="cut")
    with LinkedInPeer(other_faults={"organization": [cut]}) as peer, open_page(peer) as gateway:
        objection = gateway.identify()

    assert objection
    assert objection.kind is FOR_NOW
    assert gateway.identity == ""


def test_a_picture_of_yesterday_is_put_up_again() -> None:
    moments = [NOW]
    with LinkedInPeer() as peer, open_page(peer, clock=lambda: moments[-1]) as gateway:
        once = gateway.stage(PAGE.with_picture())
        again = dataclasses.replace(PAGE.with_picture(), staged=once.values)
        moments.append(NOW + timedelta(hours=23))
        assert gateway.stage(again).values == once.values
        moments.append(NOW + timedelta(hours=25))
        assert gateway.stage(again).values != once.values

    assert len(peer.images) == 2


def test_a_post_whose_picture_is_not_up_is_not_published_without() -> None:
    with LinkedInPeer() as peer, open_page(peer) as gateway:
        outcome = gateway.send(PAGE.with_picture(), lambda group: group)

    assert outcome.kind is FOR_GOOD
    assert peer.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://linkedin.com.example.org/dms-uploads/I1", "https://evil-linkedin.com/x",
        "http://www.linkedin.com/x", "https://www.linkedin.com:8443/x",
        "https://www.linkedin.com@example.org/x", "https://me@www.linkedin.com/x", "/x", "",
        "https://127.0.0.1/x",
    ],
)  # fmt: skip
def test_the_log_in_goes_to_no_foreign_host_for_an_upload(url: str) -> None:
    with pytest.raises(Refused):
        upload_place(url, "")


def test_an_upload_goes_to_another_host_of_linkedin() -> None:
    place = upload_place("https://www.LinkedIn.com/dms-uploads/I1/uploaded-image?sau=1&t=2", "")
    assert place == (
        "https://www.linkedin.com",
        "www.linkedin.com",
        "/dms-uploads/I1/uploaded-image?sau=1&t=2",
    )


def test_an_upload_elsewhere_gets_nothing_and_nothing_is_sent() -> None:
    with LinkedInPeer() as spy, LinkedInPeer(upload_url=spy.base_url) as peer:
        staged = open_page(peer).stage(PAGE.with_picture())

    assert staged.objection
    assert staged.objection.detail == "LinkedIn named a foreign host for an upload"
    assert spy.connections == 0


# A page's posts


def doubt(peer: LinkedInPeer, text: str, **changes: Any) -> Reading:
    """What LinkedIn says of a post with that text whose answer was lost just now."""
    return PAGE.ask(peer, with_spans(Span(text=text)), **changes)


def test_a_text_is_compared_as_it_is_shown() -> None:
    text = r"Save 20% (today) @ ACME_shop \ #sale"
    with LinkedInPeer() as peer:
        PAGE.send(peer, with_spans(Span(text=text)))
        assert doubt(peer, text, taken=frozenset()).ref == peer.posts[0].ref


def test_a_post_that_may_be_ours_cut_off_proves_nothing() -> None:
    with LinkedInPeer() as peer:
        peer.post_elsewhere("Save 20%")
        assert doubt(peer, "Save 20% (today)").found is Found.CANNOT_TELL
        assert doubt(peer, "Save 20% today").found is Found.ABSENT


def test_the_same_text_with_other_content_proves_nothing() -> None:
    with LinkedInPeer() as peer:
        PAGE.send(peer, PAGE.with_picture())
        assert PAGE.ask(peer, PAGE.outgoing()).found is Found.CANNOT_TELL
        assert PAGE.ask(peer, PAGE.with_picture()).found is Found.PRESENT


@pytest.mark.parametrize(("seconds", "found"), [(590, Found.PRESENT), (610, Found.ABSENT)])
def test_clocks_may_differ_by_ten_minutes(seconds: int, found: Found) -> None:
    now = datetime.now(UTC)
    with LinkedInPeer() as peer:
        peer.post_elsewhere("Hello", now - timedelta(seconds=seconds))
        assert doubt(peer, "Hello", armed_at=now).found is found


def test_every_page_is_read_before_absence_is_believed() -> None:
    with LinkedInPeer() as peer:
        for number in range(25):
            peer.post_elsewhere(f"Post {number}")
        assert doubt(peer, "Post 0").found is Found.PRESENT
        assert doubt(peer, "Never published").found is Found.ABSENT
        for number in range(100, 130):
            peer.post_elsewhere(f"Post {number}")
        assert doubt(peer, "Never published").detail == "ValueError"


def test_a_page_with_fewer_posts_than_asked_for_is_not_taken_for_the_last() -> None:
    with LinkedInPeer() as peer:
        for number in range(15):
            peer.post_elsewhere(f"Post {number}")
        peer.withheld = {peer.posts[-1].ref}
        assert doubt(peer, "Post 0").found is Found.PRESENT


def test_older_posts_end_the_reading() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2)
    with LinkedInPeer() as peer:
        for number in range(60):
            peer.post_elsewhere(f"Post {number}", long_ago)
        assert doubt(peer, "Post 99").found is Found.ABSENT


@pytest.mark.parametrize(
    "content",
    [
        {"paging": {}},
        {"elements": {}},
        {"elements": ["post"]},
        {"elements": [{"id": "urn:li:share:1", "commentary": "Hello"}]},
        {"elements": [{"id": "urn:li:share:1", "createdAt": "yesterday"}]},
    ],
)
def test_a_page_of_posts_that_is_not_understood_proves_nothing(content: dict[str, Any]) -> None:
    with LinkedInPeer() as peer:
        peer.other_faults["find"] = [None, Fault(content=content)]  # the first asks for the role
        assert doubt(peer, "Other").found is Found.CANNOT_TELL


# Recall


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=403), ACCOUNT),
        (Fault(status=426), ACCOUNT),
        (Fault(status=500), UNKNOWN),
        (Fault(then="close"), UNKNOWN),
        (Fault(status=404), SENT),
        (Fault(status=200), SENT),
    ],
)
def test_a_recall_says_what_became_of_it(fault: Fault, kind: OutcomeKind) -> None:
    with LinkedInPeer() as peer, open_page(peer) as gateway:
        ref = gateway.send(PAGE.outgoing(), lambda group: group).ref or ""
        peer.other_faults["delete"] = [fault]
        assert gateway.recall(ref).kind is kind


def test_a_recall_goes_to_a_post_and_nowhere_else() -> None:
    with LinkedInPeer() as peer, open_page(peer) as gateway:
        assert gateway.recall("urn:li:organization:2414183").kind is FOR_GOOD
        assert peer.connections == 0
