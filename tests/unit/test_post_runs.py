"""Posts go out as the pinned account, put up before they are armed, and each at most once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from aicmo.execution import claims, guards, runs
from aicmo.execution.approvals import CopyRefused, approve
from aicmo.execution.arming import arm
from aicmo.execution.composing_posts import PostComposers
from aicmo.execution.deciding import Decision, decide
from aicmo.execution.gate import Mode, issue_permit
from aicmo.execution.reconciling import reconcile
from aicmo.gateways.contract import (
    Gateway,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Question,
    RateLimit,
    Reading,
    RepeatClass,
)
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Account, Attempt, Delivery
from aicmo.posts.post import Post
from tests.peers.http_exchange import Fault
from tests.peers.http_peer import HttpPeer
from tests.projects import NOW, approved, imported
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked
from tests.unit.live_runs import LIVE
from tests.unit.post_runs import (
    CONFIG,
    ScriptedNetwork,
    deliveries,
    later,
    mastodon_post,
    opening,
    pin,
    ready,
    run,
    told,
)

LOST = Fault(applies=True, then="close")
SENT = ("sent", "")


@pytest.fixture
def ledger(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(database_url, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def network(ledger: ClockedDatabase) -> Iterator[HttpPeer]:
    with HttpPeer(RepeatClass.READABLE) as peer:
        yield peer


def test_a_post_is_sent_with_its_permalink_and_what_went_out_is_kept(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger)
    report = run(ledger, opening(network))
    (delivery,) = deliveries(ledger)
    assert (delivery.state, delivery.permalink) == ("sent", "https://network.example/M1")
    with ledger.read() as session:
        payload = session.scalars(select(Attempt.payload)).one()
    assert Post.from_bytes(payload.encode()).text == "We open on Monday."
    assert network.applied[0].body == payload.encode()
    assert report.errors == []
    assert report.published == [
        {
            "delivery": delivery.id, "item": "post-1", "channel": "mastodon", "part": 1,
            "url": "https://network.example/M1", "by_hand": False,
        }
    ]  # fmt: skip


def test_what_a_network_says_of_a_post_that_is_out_is_in_the_report(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger)
    network.faults[1] = Fault(applies=True, content={})
    run(ledger, opening(network))
    assert told(ledger) == [("sent", "accepted, but the answer held no reference")]


def test_the_wrong_client_s_account_sends_nothing_and_is_paused(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger)
    report = run(ledger, opening(network, logged_in_as="id-of-bakery"))
    assert network.transmissions.total() == 0
    assert "logged in as @id-of-bakery, but the project's account is @studio" in report.errors[0]
    with ledger.read() as session:
        assert "id-of-bakery" in session.scalars(select(Account.pause_reason)).one()
    later(ledger, minutes=10)
    run(ledger, opening(network))
    assert network.transmissions.total() == 0


def test_an_approval_is_for_one_account(ledger: ClockedDatabase, network: HttpPeer) -> None:
    imported(ledger, mastodon_post())
    pin(ledger, "id-of-bakery")
    approved(ledger)
    pin(ledger)
    run(ledger, opening(network))
    assert told(ledger) == [("held", "changed since its approval")]
    assert network.transmissions.total() == 0
    approved(ledger)
    run(ledger, opening(network))
    assert told(ledger) == [SENT]


def test_an_account_that_is_changed_during_a_run_posts_nothing(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger)
    pin(ledger, "id-of-bakery")
    approved(ledger)
    opened = runs.open_run(ledger, LIVE, CONFIG)
    items = runs.extract_items(opened)
    gateway = opening(network)(issue_permit(Mode.LIVE, opened.run_id, "mastodon"))
    assert gateway.identify() is None
    claim = claims.claim(ledger, opened.mover(), [items[0].id], fence=claims.new_fence(), at_most=1)
    assert claim is not None
    with ledger.read() as session:
        batch = PostComposers(opened.plan.document).compose_batch(
            session, "post-1", claim.delivery_ids, ledger.at
        )
    armed = arm(
        ledger, opened.mover(), claim, batch.composed, CHANNELS_WITH_GATEWAY, opened.plan, gateway
    )
    assert armed.outgoing == ()
    assert told(ledger) == [("held", "another account than the pinned one is logged in")]


def test_without_an_account_a_run_is_no_failure(ledger: ClockedDatabase, network: HttpPeer) -> None:
    imported(ledger, mastodon_post())
    approved(ledger)
    report = run(ledger, opening(network))
    assert told(ledger) == [("held", guards.OPERATOR_TASK)]
    assert report.errors == []


# Staging


def test_what_was_put_up_is_kept_until_the_post_goes_out(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger)
    busy = Outcome(OutcomeKind.REFUSED_FOR_NOW, detail="still being processed")
    open_gateway = opening(network, objections=[busy])
    run(ledger, open_gateway)
    (waiting,) = deliveries(ledger)
    assert (waiting.state, waiting.attempts, waiting.staged) == ("pending", 0, {"uploads": 1})
    assert "still being processed" in waiting.reason
    assert network.transmissions.total() == 0
    later(ledger, minutes=6)
    run(ledger, open_gateway)
    (sent,) = deliveries(ledger)
    assert (sent.state, sent.staged) == ("sent", {"uploads": 2})


def test_what_can_never_be_put_up_is_held_with_its_reason(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger)
    never = Outcome(OutcomeKind.REFUSED_FOR_GOOD, code="400", detail="the film is too long")
    report = run(ledger, opening(network, objections=[never]))
    assert told(ledger) == [("held", "can't be put up: 400 the film is too long")]
    assert network.transmissions.total() == 0
    assert report.errors == []


def test_an_account_that_is_refused_while_staging_is_paused(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, mastodon_post(), mastodon_post("post-2", text="Another one."))
    gone = Outcome(OutcomeKind.REFUSED_ACCOUNT, code="401")
    report = run(ledger, opening(network, objections=[gone]))
    assert network.transmissions.total() == 0
    (said,) = report.errors
    assert "refused and paused: 401" in said
    (said,) = run(ledger, opening(network)).errors
    assert "account is paused" in said  # until somebody releases it
    assert [state for state, _ in told(ledger)] == ["held", "held"]


# Threads


def test_a_thread_goes_out_in_order_each_part_answering_the_one_before(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, mastodon_post("post-1", "Second.", "Third."))
    run(ledger, opening(network))
    assert told(ledger) == [SENT, SENT, SENT]
    assert [Post.from_bytes(each.body).text for each in network.applied] == [
        "We open on Monday.", "Second.", "Third.",
    ]  # fmt: skip
    assert [each.headers["thread"] for each in network.begun] == ["", "M1", "M1,M2"]


def test_a_thread_stops_on_doubt_and_goes_on_when_it_ends(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, mastodon_post("post-1", "Second.", "Third."))
    network.faults[2] = LOST
    run(ledger, opening(network))
    states = [state for state, _ in told(ledger)]
    assert states == ["sent", "unknown", "held"]
    assert told(ledger)[2][1] == "a part before it is in doubt"
    run(ledger, opening(network))
    assert network.transmissions.total() == 2
    later(ledger, minutes=5)
    told_of = reconcile(ledger, "studio", CONFIG, lambda _: opening(network), by="Ann")
    assert told_of.present == 1
    run(ledger, opening(network))
    assert told(ledger) == [SENT, SENT, SENT]
    assert network.begun[-1].headers["thread"] == "M1,M2"
    assert max(network.effects_by_token.values()) == 1


def test_a_later_part_waits_for_the_one_that_another_worker_sends(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, mastodon_post("post-1", "Second."))
    with ledger.write() as session:
        first = update(Delivery).where(Delivery.part == 1)
        session.execute(first.values(state="claimed", lease_until=ledger.at + timedelta(hours=1)))
    run(ledger, opening(network))
    assert network.transmissions.total() == 0
    assert [state for state, _ in told(ledger)] == ["claimed", "pending"]


def test_a_part_that_is_out_without_a_reference_is_answered_by_nobody(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, mastodon_post("post-1", "Second."))
    network.faults[1] = Fault(applies=True, content={})
    run(ledger, opening(network))
    assert [state for state, _ in told(ledger)] == ["sent", "held"]
    assert "its reference isn't known" in told(ledger)[1][1]
    assert network.transmissions.total() == 1


def test_a_person_who_finds_a_post_in_doubt_gives_its_address(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger)
    network.faults[1] = LOST
    run(ledger, opening(network))
    address = "https://social.example/@studio/110000000000000001"
    decide(ledger, "studio", [1], Decision.IS_THERE, by="Ann", reason="I see it", reference=address)
    (delivery,) = deliveries(ledger)
    assert (delivery.state, delivery.permalink) == ("sent", address)
    assert delivery.provider_ref == "110000000000000001"


def test_after_a_part_that_is_refused_nothing_of_a_thread_goes_out(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, mastodon_post("post-1", "Second.", "Third."))
    network.faults[1] = Fault(status=422)
    run(ledger, opening(network))
    run(ledger, opening(network))
    assert [state for state, _ in told(ledger)] == ["failed", "held", "held"]
    assert network.effects.total() == 0


# The same text


def twins(**changes: object) -> list[dict[str, object]]:
    first = mastodon_post("post-1", text="Open  on Monday.")
    second = {**mastodon_post("post-2", text="open on monday."), **changes}
    return [first, second]


def test_the_same_text_is_not_posted_twice_within_a_week(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, *twins())
    run(ledger, opening(network))
    assert told(ledger) == [SENT, ("held", guards.ALIKE)]


def test_a_thread_does_not_begin_with_the_text_of_another_post(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, *twins(content={"text": "open on monday.", "thread": [{"text": "More."}]}))
    run(ledger, opening(network))
    assert told(ledger) == [SENT, ("held", guards.ALIKE), ("held", guards.ALIKE)]


def test_it_is_where_that_is_meant_or_a_week_has_passed(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    again = {"text": "open on monday.", "same_text_again": True}
    ready(ledger, *twins(content=again))
    run(ledger, opening(network))
    assert told(ledger) == [SENT, SENT]


def test_a_week_apart_it_may_be_said_again(ledger: ClockedDatabase, network: HttpPeer) -> None:
    ready(ledger, *twins(send_at="2026-03-17T15:01:00+00:00"))
    run(ledger, opening(network))
    later(ledger, days=8)
    run(ledger, opening(network))
    assert told(ledger) == [SENT, SENT]


def test_what_went_out_late_counts_from_then(ledger: ClockedDatabase, network: HttpPeer) -> None:
    ready(ledger, *twins(send_at="2026-03-16T19:01:00+00:00"))
    run(ledger, opening(network))
    later(ledger, days=6.5)
    run(ledger, opening(network))
    assert told(ledger) == [SENT, ("held", guards.ALIKE)]


def test_of_two_that_still_wait_the_earlier_one_goes(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    ready(ledger, *twins(send_at="2026-03-09T08:00:00+00:00"))
    run(ledger, opening(network))
    assert told(ledger) == [("held", guards.ALIKE), SENT]


@pytest.mark.parametrize(
    ("server", "state"), [("", "held"), ("https://elsewhere.test", "sent")],
    ids=["one account", "the same number on another server"],
)  # fmt: skip
def test_the_same_text_is_not_posted_for_two_projects_of_one_account(
    ledger: ClockedDatabase, network: HttpPeer, server: str, state: str
) -> None:
    ready(ledger)
    imported(ledger, mastodon_post("post-2"), id="campaign")
    pin(ledger)
    with ledger.write() as session:
        ours = update(Account).where(Account.project_id == "campaign")
        session.execute(ours.values(server=server))
    with suppress(CopyRefused):
        approve(ledger, "campaign", None, approved_by="Ann", now=NOW)
    run(ledger, opening(network))
    run(ledger, opening(network), project_id="campaign")
    assert [each.state for each in deliveries(ledger)] == ["sent", state]


def test_the_limit_of_an_account_holds_for_its_projects_together(
    ledger: ClockedDatabase, network: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedNetwork, "limits", (RateLimit(1, timedelta(hours=1)),))
    ready(ledger)
    imported(ledger, mastodon_post("post-2", text="Another one."), id="campaign")
    pin(ledger)
    approve(ledger, "campaign", None, approved_by="Ann", now=NOW)
    run(ledger, opening(network))
    run(ledger, opening(network), project_id="campaign")
    assert [each.state for each in deliveries(ledger)] == ["sent", "pending"]
    later(ledger, hours=2)
    run(ledger, opening(network), project_id="campaign")
    assert [each.state for each in deliveries(ledger)] == ["sent", "sent"]


def test_a_post_of_another_project_is_not_taken_for_the_one_in_doubt(
    ledger: ClockedDatabase,
) -> None:
    asked: list[Question] = []
    ready(ledger)
    imported(ledger, mastodon_post("post-2", text="Another one."), id="campaign")
    pin(ledger)
    approve(ledger, "campaign", None, approved_by="Ann", now=NOW)
    with HttpPeer(RepeatClass.READABLE, {2: LOST}) as peer:
        run(ledger, opening(peer), project_id="campaign")
        run(ledger, opening(peer))
        later(ledger, hours=1)
        reconcile(ledger, "studio", CONFIG, lambda _: noting(opening(peer), asked), by="Ann")
    theirs = next(each for each in deliveries(ledger) if each.project_id == "campaign")
    assert asked[0].taken == {theirs.provider_ref} != {""}


def noting(open_gateway: OpenGateway, asked: list[Question]) -> OpenGateway:
    """The gateway, which notes what it is asked."""

    def opened(permit: LivePermit) -> Gateway:
        gateway = open_gateway(permit)
        answer = gateway.reconcile

        def note(question: Question) -> Reading:
            asked.append(question)
            return answer(question)

        gateway.reconcile = note
        return gateway

    return opened
