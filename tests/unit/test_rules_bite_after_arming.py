"""Rules after arming that only a look inside shows missing; `tests/mutation` ends up here."""

from __future__ import annotations

import dataclasses
import fcntl
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import approvals, pauses, restoring, runs
from aicmo.execution.cancelling import cancel
from aicmo.execution.contacts import suppress
from aicmo.execution.deciding import AS_NEW
from aicmo.execution.guards import PAUSED, PLAN_CHANGED
from aicmo.execution.journal import Journal, abandoned
from aicmo.execution.permission import Permission
from aicmo.execution.reconciling import reconcile
from aicmo.execution.settling import MAX_ATTEMPTS, settle
from aicmo.execution.states import State, move
from aicmo.gateways.contract import (
    Found,
    Outcome,
    OutcomeKind,
    Question,
    Reading,
    RepeatClass,
    Scope,
)
from aicmo.gateways.smtp import SmtpGateway, open_smtp_gateway
from aicmo.gateways.smtp_session import SmtpTimeouts
from aicmo.models import Account, Attempt, AuditEvent, Contact, Delivery
from tests.contract.gateway_contract import always, permit
from tests.contract.test_smtp_gateway import PAYLOAD, outgoing
from tests.peers.effect_gateways import SearchableGateway
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import NOW, approved, email, imported
from tests.unit.armed_rows import (
    HOURS,
    NOWHERE,
    arm_through,
    one_armed,
    set_all,
)
from tests.unit.backups import OverwrittenFile
from tests.unit.doubtful_rows import ClockedDatabase, change, doubtful, row
from tests.unit.effect_runs import clocked
from tests.unit.live_runs import CONFIG, books, claimed, execute, ready, started

SEARCHABLE_QUIET = timedelta(seconds=SearchableGateway.timing.quiet)


@pytest.fixture
def database(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as database:
        yield database


# What answers do


ANSWERS: list[tuple[dict[str, Any], str]] = [
    ({}, "pending"),
    ({"repeatable_until": None}, "unknown"),
    ({"repeatable_until": NOW}, "unknown"),
    ({"attempts": MAX_ATTEMPTS}, "unknown"),
]


@pytest.mark.parametrize(("changes", "state"), ANSWERS)
def test_a_doubt_comes_again_within_its_window_and_its_tries(
    database: ClockedDatabase, changes: dict[str, Any], state: str
) -> None:
    run, batch, only = one_armed(database)
    if changes:
        change(database, only, **changes)
    settle(database, run.mover(), batch.fence, {only: Outcome(OutcomeKind.UNKNOWN)})
    assert (row(database, only).state, row(database, only).ambiguous) == (state, True)


def test_an_answer_counts_under_its_own_fence_only(database: ClockedDatabase) -> None:
    run, first, only = one_armed(database)
    with audit.transaction(database, "studio") as session:
        move(session, run.mover(), [only], State.SENDING, State.UNKNOWN)
        move(session, run.mover(), [only], State.UNKNOWN, State.PENDING, values=AS_NEW)
    run, claim = claimed(database)
    arm_through(run, claim)
    refused = Outcome(OutcomeKind.REFUSED_FOR_GOOD, code="550")
    assert settle(database, run.mover(), first.fence, {only: refused}) == {}
    assert row(database, only).state == "sending"
    with database.read() as session:
        outcomes = session.scalars(select(Attempt.outcome).order_by(Attempt.number)).all()
    assert outcomes == ["refused_for_good", ""]
    settle(database, run.mover(), claim.fence, {only: Outcome(OutcomeKind.DUPLICATE)})
    assert settle(database, run.mover(), first.fence, {only: Outcome(OutcomeKind.SENT)}) == {}
    assert row(database, only).state == "unknown"


# The last question, and the journal


@pytest.fixture
def question(database: ClockedDatabase) -> Iterator[Permission]:
    ready(database)
    plan = started(database).plan
    with (
        Journal(database.journal_folder) as journal,
        Permission(database, journal, plan, "email") as permission,
    ):
        yield permission
        journal.settled()


def test_the_last_question_is_about_its_own_project_and_channel(
    database: ClockedDatabase, question: Permission
) -> None:
    imported(database, id="other")
    pauses.pause(database, project_id="other", by="Ann", now=NOW)
    pauses.pause(database, channel="linkedin", by="Ann", now=NOW)
    assert question([outgoing()])
    assert not question.is_paused()
    pauses.pause(database, project_id="studio", channel="email", by="Ann", now=NOW)
    assert not question([outgoing()])
    assert question.is_paused()


CHANGES: dict[str, Callable[[Database], object]] = {
    PAUSED: lambda db: pauses.pause(db, by="Ann", now=NOW),
    PLAN_CHANGED: lambda db: imported(db, email(content={"subject": "Second", "body": "Come."})),
    "cancelled": lambda db: cancel(db, "studio", None, by="Ann", reason="wrong"),
    "unsubscribed": lambda db: leave(db, 2),
    "not approved": lambda db: approvals.revoke(db, "studio", None, by="Ann", now=NOW),
    "account paused: 535": lambda db: set_all(db, Account, paused_at=NOW, pause_reason="535"),
}


def leave(database: Database, number: int) -> None:
    with database.write() as session:
        person = select(Contact.address_hmac).where(Contact.key == f"c{number}")
        suppress(session, "studio", session.scalars(person).one(), "unsubscribed", NOW)


@pytest.mark.parametrize("reason", CHANGES)
def test_what_changes_after_arming_stops_it_before_its_byte(
    database: ClockedDatabase, question: Permission, reason: str
) -> None:
    run, claim = claimed(database)
    first, second, _ = arm_through(run, claim).outgoing
    assert question([first])
    CHANGES[reason](database)
    assert not question([second])
    assert question.refused == {second.delivery_id: reason}
    assert bool(question.stopped_by) == (reason in (PAUSED, PLAN_CHANGED))


def test_who_leaves_in_the_middle_of_a_batch_is_not_written_to(database: ClockedDatabase) -> None:
    ready(database)
    with SmtpPeer() as peer:
        peer.after_effect = lambda taken: leave(database, 2) if taken == 1 else None
        execute(database, peer)
        assert peer.effects == {"person1@example.com": 1, "person3@example.com": 1}
    with database.read() as session:
        tries = session.scalars(select(Delivery.attempts - Delivery.uncounted)).all()
    assert sorted(tries) == [0, 1, 1]
    assert books(database).reasons("skipped") == {"unsubscribed": 1}


def test_after_a_pause_only_who_is_at_hand_is_still_named_to_the_relay(
    database: ClockedDatabase,
) -> None:
    ready(database, people=5)
    with SmtpPeer() as peer:
        peer.after_effect = lambda _: pauses.pause(database, by="Ann", now=NOW)
        execute(database, peer)
        assert peer.effects.total() == 1
    # The second rode with the first dot; the third was at hand to ride with the second's.
    assert sum(line.startswith("RCPT") for line in peer.commands) <= 3


def test_what_was_allowed_stands_in_the_journal_and_what_was_not_does_not(
    database: ClockedDatabase, question: Permission
) -> None:
    def begun() -> list[str]:
        (file,) = database.journal_folder.glob("*.journal")
        return file.read_text().splitlines()

    assert question([dataclasses.replace(outgoing(), delivery_id=1)])
    assert begun() == ['["begin",1]']
    with database.write() as session:
        session.execute(text("DROP TABLE pause"))
    assert not question([dataclasses.replace(outgoing(), delivery_id=2)])
    assert (begun(), question.begun) == (['["begin",1]'], {1})
    assert "database" in question.stopped_by


def test_a_journal_is_never_seen_without_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[Path]] = []
    real = fcntl.flock

    def looking(descriptor: int, operation: int) -> None:
        seen.append(list(tmp_path.glob("*.journal")))
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", looking)
    with Journal(tmp_path):
        assert seen == [[]]


def test_a_journal_that_somebody_replayed_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(tmp_path) as journal:
        journal.claim(5, 1)
    replayed: list[int] = []
    real = fcntl.flock

    def slower(descriptor: int, operation: int) -> None:
        """Somebody else opens, locks, replays and removes it between our opening and locking."""
        monkeypatch.setattr(fcntl, "flock", real)
        with abandoned(tmp_path) as found:
            replayed.extend(each.fence for each in found)
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", slower)
    with abandoned(tmp_path) as found:
        assert (list(found), replayed) == ([], [5])


# Asking a provider


class Down(SearchableGateway):
    def reconcile(self, question: Question) -> Reading:
        raise TimeoutError


class Guessing(SearchableGateway):
    repeat_class = RepeatClass.BLIND

    def reconcile(self, question: Question) -> Reading:
        return Reading(Found.ABSENT)


@pytest.mark.parametrize("gateway", [Down, Guessing])
def test_an_answer_without_knowledge_proves_nothing(
    database: ClockedDatabase, gateway: type[SearchableGateway]
) -> None:
    (only,) = doubtful(database, people=1)
    for number in (1, 2, 3):
        database.at = NOW + number * (SEARCHABLE_QUIET + HOURS)
        reconcile(
            database, "studio", CONFIG,
            lambda _: lambda permit: gateway(permit, NOWHERE), by="Ann",
        )  # fmt: skip
    assert row(database, only).state == "unknown"


# SMTP


def test_a_late_batch_costs_no_delivery_a_try() -> None:
    with SmtpPeer() as peer, SmtpGateway(permit(), peer.relay) as gateway:
        outcome = gateway.send(outgoing(seconds_left=-1), always)
    assert (outcome.kind, outcome.scope) == (OutcomeKind.NOT_SENT, Scope.BATCH)
    assert peer.connections == 0


def test_after_a_last_question_that_said_no_the_next_message_has_its_own_connection() -> None:
    with SmtpPeer() as peer, SmtpGateway(permit(), peer.relay) as gateway:
        gateway.send(outgoing("a@client.test"), lambda _: False)
        assert gateway.send(outgoing("b@client.test"), always).kind is OutcomeKind.SENT
    assert (peer.effects, peer.messages) == ({"b@client.test": 1}, [PAYLOAD])


def test_the_bounds_of_smtp_add_up() -> None:
    timing, timeouts = SmtpGateway.timing, SmtpTimeouts()
    assert timeouts.answer < timing.request_bound
    assert timing.quiet >= 2 * timing.request_bound


# The audit log, and backups


def test_a_backup_from_before_the_sending_is_told_although_the_run_was_open(
    sqlite_url: str, tmp_path: Path
) -> None:
    file = OverwrittenFile(sqlite_url, tmp_path)
    ready(file.database)
    run = started(file.database)
    items = runs.extract_items(run)
    file.back_up()
    with SmtpPeer() as peer:
        runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(peer.relay))
        assert peer.effects.total() == 3
    assert restoring.check(file.restore()) == "the database lacks what this machine has sent"
    file.database.dispose()


def test_an_event_that_was_changed_with_its_hash_is_found_at_the_next(
    database: ClockedDatabase,
) -> None:
    imported(database)
    approved(database)
    approvals.revoke(database, "studio", None, by="Ann", now=NOW)
    with database.write() as session:
        session.execute(text("DROP TRIGGER audit_event_no_update"))
        session.execute(text("DROP TRIGGER audit_event_no_delete"))
        first, second, *_ = session.scalars(select(AuditEvent).order_by(AuditEvent.number))
        second.actor = "Bob"
        second.hash = audit._link(
            first.hash, second.project_id, second.number, second.at, second.event, second.actor,
            second.data,
        )  # fmt: skip
    with database.read() as session:
        found = audit.verify(session, "studio")
    assert (found.broken_at, found.problem) == (3, "event was changed")
