"""From claim to outcome against a real SMTP server: at most once, never lost, every doubt visible."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixAccount, TryLater
from aicmo.execution import approvals, claims, dispatch, pauses, runs
from aicmo.execution.arming import arm
from aicmo.execution.composing import Composed
from aicmo.execution.contacts import suppress
from aicmo.execution.dispatch import BATCH
from aicmo.execution.preview import preview_items
from aicmo.execution.report import Books, ExecutionReport, read_books
from aicmo.execution.runs import ExecutionRequest, OpenRun
from aicmo.execution.settling import settle
from aicmo.execution.states import State
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.gateways.smtp import SmtpGateway, open_smtp_gateway
from aicmo.models import Attempt, Contact, Delivery, Item, Suppression
from aicmo.settings import ExecutionConfig
from tests.peers.smtp_peer import Answer, Script, SmtpPeer
from tests.projects import NOW, approved, contact, email, imported

CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["email"])
LIVE = ExecutionRequest("studio", enabled=True, dry_run=False, started_by="tester")


def started(database: Database, at: datetime = NOW, **changes: Any) -> OpenRun:
    return runs.open_run(database, replace(LIVE, **changes), CONFIG, clock=lambda: at)


def execute(
    database: Database, peer: SmtpPeer, at: datetime = NOW, **changes: Any
) -> ExecutionReport:
    run = started(database, at, **changes)
    items = runs.extract_items(run)
    result = runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(peer.relay))
    report = ExecutionReport("studio", items_sent_successfully=result["success"])
    report.items_failed = result["failed"]
    report.add_results(result["results"])
    return runs.close_run(run, report)


def books(database: Database, at: datetime = NOW) -> Books:
    with database.read() as session:
        return read_books(session, "studio", now=at)


def ready(database: Database, people: int = 3) -> None:
    imported(database, contacts=[contact(number) for number in range(1, people + 1)])
    approved(database)


def test_what_is_approved_and_due_is_sent_once_and_never_again(database: Database) -> None:
    ready(database)
    with SmtpPeer() as peer:
        first, second = execute(database, peer), execute(database, peer)
        assert set(peer.effects.values()) == {1}
        assert peer.effects.total() == 3
    assert (first.items_sent_successfully, second.items_sent_successfully) == (3, 3)
    assert first.execution_results == second.execution_results
    assert first.balanced


def test_the_bytes_on_the_wire_are_the_bytes_of_the_preview(database: Database) -> None:
    ready(database, people=1)
    run = started(database)
    shown = preview_items(database, run.plan, runs.extract_items(run), NOW).items[0].samples[0]
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.messages == [shown.payload]


def test_the_intent_is_committed_before_the_first_byte(database: Database) -> None:
    ready(database, people=1)
    seen: list[tuple[str, str]] = []

    class Watching(SmtpPeer):
        """Looks at the ledger when the first connection arrives."""

        def _serve(self, connection: Any) -> None:
            with database.read() as session:
                state = session.scalars(select(Delivery.state)).one()
                outcome = session.scalars(select(Attempt.outcome)).one()
            seen.append((state, outcome))
            super()._serve(connection)

    with Watching() as peer:
        execute(database, peer)
    assert seen == [("sending", "")]


LOST = [
    Answer(then="close", applies=True),
    Answer(reply="garbage", applies=True),
]


@pytest.mark.parametrize("answer", LOST, ids=["closed", "garbage"])
def test_a_lost_answer_is_a_doubt_that_no_run_repeats(database: Database, answer: Answer) -> None:
    ready(database, people=1)
    with SmtpPeer(Script(answers={"dot": answer})) as peer:
        report = execute(database, peer)
        execute(database, peer, at=NOW + timedelta(hours=5))
        assert peer.effects.total() == 1
    assert (report.items_unknown, report.items_failed, report.items_sent_successfully) == (1, 0, 0)
    assert report.needs_attention
    assert books(database).count("unknown") == 1


def test_a_refusal_for_now_is_tried_again_later_and_not_at_once(database: Database) -> None:
    ready(database, people=1)
    with SmtpPeer(Script(answers={"RCPT": Answer(reply="451 4.3.0 later")})) as peer:
        report = execute(database, peer)
        assert report.items_waiting == 1
        assert "to be tried again" in next(iter(report.reasons["waiting"]))
        assert peer.connections == 1
    with SmtpPeer() as peer:
        execute(database, peer, at=NOW + timedelta(minutes=1))
        assert peer.effects.total() == 0
        execute(database, peer, at=NOW + timedelta(minutes=6))
        assert peer.effects.total() == 1


def test_after_five_refusals_it_fails_with_the_reason(database: Database) -> None:
    ready(database, people=1)
    at = NOW
    with SmtpPeer(Script(answers={"RCPT": Answer(reply="451 4.3.0 later")})) as peer:
        for _ in range(6):
            approved(database, at=at)
            report = execute(database, peer, at=at)
            at += timedelta(hours=5)
    assert report.items_failed == 1
    assert "attempt 5 of 5" in next(iter(report.reasons["failed"]))


def test_an_address_that_does_not_exist_fails_and_is_suppressed(database: Database) -> None:
    ready(database)
    script = Script(recipients={"person2@example.com": "550 5.1.1 no such user"})
    with SmtpPeer(script) as peer:
        report = execute(database, peer)
    assert (report.items_sent_successfully, report.items_failed) == (2, 1)
    with database.read() as session:
        assert session.scalars(select(Suppression.reason)).one() == "hard bounced"


def test_a_refused_login_pauses_the_account_and_burns_no_delivery(database: Database) -> None:
    ready(database, people=5)
    script = Script(answers={"AUTH": Answer(reply="535 5.7.8 no")}, mechanisms="PLAIN")
    with SmtpPeer(script) as peer:
        with pytest.raises(FixAccount, match=r"refused and paused: 535 5\.7\.8") as caught:
            execute(database, peer)
        assert (peer.effects.total(), peer.connections) == (0, 1)
    assert "aicmo unpause studio --channel email" in caught.value.next_step
    with SmtpPeer() as peer:
        held = execute(database, peer)
        assert held.reasons["held"] == {"account paused: 535 5.7.8": 5}
        pauses.unpause(database, project_id="studio", channel="email", by="Ann")
        assert execute(database, peer).items_sent_successfully == 5
    with database.read() as session:
        names = [row.event for row in audit.events(session, "studio", newest=50)]
    assert names.count("account.paused") == 1


def test_a_relay_that_is_down_ends_the_run_and_costs_no_attempt(database: Database) -> None:
    ready(database, people=5)
    with SmtpPeer() as peer:
        gone = peer.relay
    run = started(database)
    items = runs.extract_items(run)
    with pytest.raises(TryLater, match="email stopped: connection failed"):
        runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(gone))
    report = runs.close_run(run, ExecutionReport("studio"))
    assert report.items_waiting == 5
    assert "to be tried again: connection failed" in next(iter(report.reasons["waiting"]))
    with database.read() as session:
        tries = session.scalars(select(Delivery.attempts - Delivery.uncounted))
        assert set(tries) == {0}
    with SmtpPeer() as peer:
        assert execute(database, peer).items_sent_successfully == 5


def test_a_relay_that_goes_away_in_the_middle_keeps_what_was_sent(database: Database) -> None:
    ready(database, people=4)
    peer = SmtpPeer(Script(closes_after_messages=2))
    with ExitStack() as running:
        running.enter_context(peer)
        settled: list[State | None] = []

        def stop_after_two(state: State | None) -> None:
            settled.append(state)
            if len(settled) == 2:
                running.close()

        run = started(database)
        items = runs.extract_items(run)
        with pytest.raises(TryLater):
            runs.execute_channel(
                run, "email", items, lambda: open_smtp_gateway(peer.relay), stop_after_two
            )
        assert peer.effects.total() == 2
    report = runs.close_run(run, ExecutionReport("studio"))
    assert (report.items_sent_successfully, report.items_waiting) == (2, 2)


def test_a_limit_is_kept(database: Database) -> None:
    ready(database, people=5)
    with SmtpPeer() as peer:
        report = execute(database, peer, limit=2)
        assert peer.effects.total() == 2
    assert (report.items_sent_successfully, report.items_waiting) == (2, 3)


def test_a_pause_in_the_middle_stops_before_the_next_message(database: Database) -> None:
    ready(database, people=4)

    with SmtpPeer() as peer:
        settled: list[State | None] = []

        def pause_after_two(state: State | None) -> None:
            settled.append(state)
            if len(settled) == 2:
                pauses.pause(database, by="Ann", now=NOW)

        run = started(database)
        runs.execute_channel(
            run, "email", runs.extract_items(run), lambda: open_smtp_gateway(peer.relay),
            pause_after_two,
        )  # fmt: skip
        assert peer.effects.total() == 2
    assert books(database).count("sent") == 2
    assert books(database).count("waiting") + books(database).count("held") == 2


def test_more_than_one_batch_is_sent_whole(database: Database) -> None:
    ready(database, people=BATCH + 5)
    with SmtpPeer() as peer:
        report = execute(database, peer)
        assert peer.effects.total() == BATCH + 5
    assert report.items_sent_successfully == BATCH + 5


def claimed(database: Database) -> tuple[OpenRun, claims.Claim]:
    run = started(database)
    items = [item.id for item in runs.extract_items(run)]
    claim = claims.claim(database, run.mover(), items, at_most=10)
    assert claim is not None
    return run, claim


def lapse(database: Database) -> None:
    with database.write() as session:
        past = datetime(2020, 1, 1, tzinfo=NOW.tzinfo)
        session.execute(update(Delivery).values(lease_until=past))


def test_a_worker_that_stopped_before_arming_loses_nothing(database: Database) -> None:
    ready(database)
    claimed(database)
    with SmtpPeer() as peer:
        assert execute(database, peer).items_waiting == 3
        lapse(database)
        assert execute(database, peer).items_sent_successfully == 3
        assert set(peer.effects.values()) == {1}


def message(delivery_id: int) -> Composed:
    return Composed(f"token-{delivery_id}", "a@example.com", "b@example.com", b"x")


def armed(run: OpenRun, claim: claims.Claim) -> tuple[int, ...]:
    composed = {each: message(each) for each in claim.delivery_ids}
    batch = arm(run.database, run.mover(), claim, composed, CHANNELS_WITH_GATEWAY, run.plan.version)
    return tuple(each.delivery_id for each in batch.outgoing)


def test_a_worker_that_stopped_after_arming_leaves_doubts(database: Database) -> None:
    ready(database)
    run, claim = claimed(database)
    assert armed(run, claim) == claim.delivery_ids
    lapse(database)
    with SmtpPeer() as peer:
        report = execute(database, peer)
        assert peer.effects.total() == 0
    assert report.items_unknown == 3
    assert "worker stopped" in next(iter(report.reasons["unknown"]))


def test_a_late_answer_closes_a_doubt_and_opens_nothing(database: Database) -> None:
    ready(database, people=2)
    run, claim = claimed(database)
    composed = {each: message(each) for each in claim.delivery_ids}
    batch = arm(database, run.mover(), claim, composed, CHANNELS_WITH_GATEWAY, run.plan.version)
    lapse(database)
    claims.recover_lapsed(database, run.mover())
    sent, refused = batch.outgoing
    ok, no = Outcome(OutcomeKind.SENT, ref="Q1"), Outcome(OutcomeKind.NOT_SENT)
    assert settle(database, run.mover(), batch.fence, sent, ok) is State.SENT
    assert settle(database, run.mover(), batch.fence, refused, no) is None
    assert (books(database).count("sent"), books(database).count("unknown")) == (1, 1)


def test_a_refusal_after_a_doubt_proves_nothing(database: Database) -> None:
    ready(database, people=1)
    with database.write() as session:
        session.execute(update(Delivery).values(ambiguous=True))
    with SmtpPeer(Script(answers={"RCPT": Answer(reply="550 5.7.1 no")})) as peer:
        report = execute(database, peer)
    assert (report.items_failed, report.items_unknown) == (0, 1)


def test_an_item_whose_time_was_put_off_after_the_claim_is_not_armed(database: Database) -> None:
    ready(database)
    run, claim = claimed(database)
    with database.write() as session:
        session.execute(update(Item).values(send_at=NOW + timedelta(hours=1)))
    assert armed(run, claim) == ()
    assert books(database).reasons("waiting") == {"not due yet": 3}


def test_a_claim_that_was_taken_over_can_not_be_armed(database: Database) -> None:
    ready(database)
    run, claim = claimed(database)
    lapse(database)
    claims.recover_lapsed(database, run.mover())
    _, second = claimed(database)
    assert armed(run, claim) == ()
    assert armed(run, second) == second.delivery_ids


def opt_out(database: Database) -> None:
    with database.write() as session:
        hmac = session.scalars(select(Contact.address_hmac)).one()
        suppress(session, "studio", hmac, "unsubscribed", NOW)


Change = Callable[[Database], object]
BETWEEN: list[tuple[str, Change, tuple[str, str]]] = [
    ("pause", lambda db: pauses.pause(db, by="Ann", now=NOW), ("held", "paused")),
    ("opt-out", opt_out, ("skipped", "unsubscribed")),
    (
        "revoked",
        lambda db: approvals.revoke(db, "studio", None, by="Ann", now=NOW),
        ("held", "not approved"),
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"), [row[1:] for row in BETWEEN], ids=[row[0] for row in BETWEEN]
)
def test_what_happens_between_claim_and_arming_wins(
    database: Database, change: Change, expected: tuple[str, str]
) -> None:
    ready(database, people=1)
    run, claim = claimed(database)
    change(database)
    assert armed(run, claim) == ()
    assert {(tally.state, tally.reason) for tally in books(database).tallies} == {expected}


def revised(database: Database) -> None:
    imported(database, mail("Second text"))
    approved(database)


def mail(text: str) -> dict[str, Any]:
    return email(content={"subject": "Hello", "body": text})


@pytest.mark.parametrize("first_is_approved", [True, False])
def test_a_run_never_sends_a_text_that_was_replaced_meanwhile(
    database: Database, *, first_is_approved: bool
) -> None:
    imported(database, mail("First text"))
    if first_is_approved:
        approved(database)
    run = started(database)
    items = runs.extract_items(run)
    revised(database)
    runs.extract_items(started(database))
    with SmtpPeer() as peer:
        with pytest.raises(TryLater, match="plan was changed during the run"):
            runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(peer.relay))
        assert peer.messages == []
        execute(database, peer)
        assert peer.effects.total() == 3
        assert all(b"Second text" in message for message in peer.messages)


def test_a_contact_corrected_between_composing_and_arming_gets_the_correction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(database, people=1)

    def arm_after_a_correction(*arguments: Any) -> Any:
        imported(database, contacts=[contact(1, first_name="Corrected")])
        approved(database)
        return arm(*arguments)

    monkeypatch.setattr(dispatch, "arm", arm_after_a_correction)
    with SmtpPeer() as peer:
        with pytest.raises(TryLater):
            execute(database, peer)
        monkeypatch.undo()
        execute(database, peer)
        assert [b"Corrected" in message for message in peer.messages] == [True]


def test_a_plan_that_changes_before_its_items_are_read_stops_the_run(database: Database) -> None:
    ready(database)
    run = started(database)
    revised(database)
    with pytest.raises(TryLater, match="plan was changed"):
        runs.extract_items(run)


def test_an_interrupted_run_leaves_one_doubt_and_the_rest_waiting(database: Database) -> None:
    ready(database, people=10)
    settled: list[State | None] = []

    def interrupt_at_the_third(state: State | None) -> None:
        settled.append(state)
        if len(settled) == 3:
            raise KeyboardInterrupt

    with SmtpPeer() as peer:
        run = started(database)
        items = runs.extract_items(run)
        with pytest.raises(KeyboardInterrupt):
            runs.execute_channel(
                run, "email", items, lambda: open_smtp_gateway(peer.relay), interrupt_at_the_third
            )
        assert peer.effects.total() == 3
        now = books(database)
        assert (now.count("sent"), now.count("unknown"), now.count("waiting")) == (3, 0, 7)
        execute(database, peer)
        assert set(peer.effects.values()) == {1}
        assert peer.effects.total() == 10


def test_an_interruption_inside_a_request_leaves_that_one_in_doubt(database: Database) -> None:
    ready(database, people=5)

    class Interrupting(SmtpGateway):
        """Ctrl-C while the second message is on its way."""

        calls = 0

        def send(self, outgoing: Any, still_allowed: Any) -> Outcome:
            Interrupting.calls += 1
            if Interrupting.calls == 2:
                raise KeyboardInterrupt
            return super().send(outgoing, still_allowed)

    with SmtpPeer() as peer:
        run = started(database)
        items = runs.extract_items(run)
        with pytest.raises(KeyboardInterrupt):
            runs.execute_channel(
                run, "email", items, lambda: lambda permit: Interrupting(permit, peer.relay)
            )
    now = books(database)
    assert (now.count("sent"), now.count("unknown"), now.count("waiting")) == (1, 1, 3)


def test_a_doubt_is_in_the_books_as_soon_as_its_lease_has_lapsed(database: Database) -> None:
    ready(database)
    run, claim = claimed(database)
    armed(run, claim)
    assert books(database).reasons("waiting") == {"in progress": 3}
    lapse(database)
    assert books(database).reasons("unknown") == {
        "the worker stopped between arming and recording": 3
    }
    assert books(database).balanced


def test_a_row_that_vanished_makes_the_books_red(database: Database) -> None:
    ready(database)
    with database.write() as session:
        first = session.scalars(select(Delivery.id).limit(1)).one()
        session.execute(delete(Delivery).where(Delivery.id == first))
    with SmtpPeer() as peer:
        report = execute(database, peer)
    assert not report.balanced
    assert report.needs_attention
    assert "books don't balance" in report.errors[0]


def test_two_workers_share_the_work_and_nobody_gets_two(database: Database) -> None:
    ready(database, people=40)
    with SmtpPeer() as peer, ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: execute(database, peer), range(4)))
        assert set(peer.effects.values()) == {1}
        assert peer.effects.total() == 40
    assert books(database).count("sent") == 40
    assert all(report.balanced for report in reports)
    with database.read() as session:
        assert audit.verify(session, "studio").broken_at is None
