"""From approval to outcome against a real SMTP server: at most once, never lost, in words."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixAccount, TryLater
from aicmo.execution import approvals, pauses, runs
from aicmo.execution.cancelling import cancel
from aicmo.execution.contacts import suppress as leave
from aicmo.execution.dispatch import BATCH
from aicmo.execution.preview import preview_items
from aicmo.execution.report import ExecutionReport
from aicmo.gateways.smtp import open_smtp_gateway
from aicmo.models import Attempt, Contact, Delivery, Suppression
from tests.peers.smtp_peer import Answer, Script, SmtpPeer
from tests.projects import NOW, approved, contact, email, imported
from tests.unit.live_runs import (
    books,
    execute,
    ready,
    started,
)


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
    shown = (
        preview_items(database, run.plan, runs.extract_items(run), NOW).items[0].samples[0].email
    )
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
        assert held.needs_attention
        assert "The email account is paused (535 5.7.8)" in held.errors[0]
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
    with pytest.raises(TryLater, match=r"email stopped: 127\.0\.0\.1:\d+: connection failed"):
        runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(gone))
    report = runs.close_run(run, ExecutionReport("studio"))
    assert report.items_waiting == 5
    assert "connection failed" in next(iter(report.reasons["waiting"]))
    with database.read() as session:
        tries = session.scalars(select(Delivery.attempts - Delivery.uncounted))
        assert set(tries) == {0}
    with SmtpPeer() as peer:
        assert execute(database, peer).items_sent_successfully == 5


def test_a_relay_that_goes_away_in_the_middle_keeps_what_was_sent(database: Database) -> None:
    ready(database, people=4)
    peer = SmtpPeer(Script(closes_after_messages=2))
    with peer:
        peer.after_effect = lambda taken: peer.stop_listening() if taken == 2 else None
        run = started(database)
        items = runs.extract_items(run)
        with pytest.raises(TryLater):
            runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(peer.relay))
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

        def pause_during_the_second(taken: int) -> None:
            if taken == 2:
                pauses.pause(database, by="Ann", now=NOW)

        peer.after_effect = pause_during_the_second
        run = started(database)
        items = runs.extract_items(run)
        runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(peer.relay))
        assert peer.effects.total() == 2
    assert books(database).count("sent") == 2
    assert books(database).count("waiting") + books(database).count("held") == 2


def test_more_than_one_batch_is_sent_whole(database: Database) -> None:
    ready(database, people=BATCH + 5)
    with SmtpPeer() as peer:
        report = execute(database, peer)
        assert peer.effects.total() == BATCH + 5
    assert report.items_sent_successfully == BATCH + 5


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


def test_the_audit_log_counts_what_each_run_sent_itself(database: Database) -> None:
    ready(database)
    with SmtpPeer() as peer:
        execute(database, peer, limit=2)
        execute(database, peer)
        execute(database, peer)
    with database.read() as session:
        rows = audit.events(session, "studio", newest=100)
    ended = [json.loads(row.data) for row in rows if row.event == "execution.completed"]
    assert [each["sent"] for each in ended] == [2, 1, 0]


@pytest.mark.parametrize("change", ["opts out", "approval taken back", "cancelled", "new text"])
def test_what_changes_during_a_batch_stops_the_next_message(
    database: Database, change: str
) -> None:
    ready(database, people=4)

    def change_it(taken: int) -> None:
        if taken != 2:
            return
        if change == "opts out":
            people = [contact(1), contact(2), contact(3, consent="unsubscribed"), contact(4)]
            imported(database, contacts=people)
        elif change == "approval taken back":
            approvals.revoke(database, "studio", None, by="Ann", now=NOW)
        elif change == "cancelled":
            cancel(database, "studio", None, by="Ann", reason="the offer is over")
        else:
            new = email() | {"content": {"subject": "Second", "body": "Second text"}}
            imported(database, new, contacts=[contact(number) for number in range(1, 5)])
            approved(database)

    with SmtpPeer() as peer:
        peer.after_effect = change_it
        with suppress(TryLater):
            execute(database, peer)
        assert sorted(peer.effects) == ["person1@example.com", "person2@example.com"]
        if change in ("opts out", "new text"):
            execute(database, peer)
            assert "person4@example.com" in peer.effects
            assert ("person3@example.com" in peer.effects) is (change == "new text")
            assert set(peer.effects.values()) == {1}
            second = [b"Second text" in message for message in peer.messages]
            assert second == [False, False, *[change == "new text"] * (len(second) - 2)]
    assert books(database).balanced


def test_one_who_opts_out_by_suppression_is_left_out_and_the_others_get_theirs(
    database: Database,
) -> None:
    ready(database, people=4)

    def suppress_the_third(taken: int) -> None:
        if taken == 2:
            with database.write() as session:
                hmac = select(Contact.address_hmac).where(Contact.key == "c3")
                leave(session, "studio", session.scalars(hmac).one(), "unsubscribed", NOW)

    with SmtpPeer() as peer:
        peer.after_effect = suppress_the_third
        report = execute(database, peer)
        assert sorted(peer.effects) == [f"person{number}@example.com" for number in (1, 2, 4)]
    assert (report.items_sent_successfully, report.items_skipped) == (3, 1)
