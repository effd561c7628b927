"""Whatever happens in the middle of a run: nothing goes out twice, and every doubt shows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.errors import TryLater
from aicmo.execution import approvals, claims, dispatch, pauses, runs
from aicmo.execution.arming import arm
from aicmo.execution.contacts import suppress
from aicmo.execution.settling import settle
from aicmo.execution.states import State
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.smtp import SmtpGateway, open_smtp_gateway
from aicmo.models import Contact, Delivery, Item
from tests.peers.smtp_peer import Answer, Script, SmtpPeer
from tests.projects import NOW, approved, contact, email, imported
from tests.unit.live_runs import (
    armed,
    armed_batch,
    books,
    claimed,
    execute,
    lapse,
    ready,
    started,
)


def test_a_worker_that_stopped_before_arming_loses_nothing(database: Database) -> None:
    ready(database)
    claimed(database)
    with SmtpPeer() as peer:
        assert execute(database, peer).items_waiting == 3
        lapse(database)
        assert execute(database, peer).items_sent_successfully == 3
        assert set(peer.effects.values()) == {1}


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
    batch = armed_batch(run, claim)
    lapse(database)
    claims.recover_lapsed(database, run.mover())
    sent, refused = (each.delivery_id for each in batch.outgoing)
    answers = {sent: Outcome(OutcomeKind.SENT, ref="Q1"), refused: Outcome(OutcomeKind.NOT_SENT)}
    assert settle(database, run.mover(), batch.fence, answers) == {sent: State.SENT}
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


class Interrupted(SmtpGateway):
    """Ctrl-C at the fourth message: before its committing byte, or directly after."""

    after_the_byte = False

    def send_batch(self, batch: Any, still_allowed: Any) -> Any:
        calls = itertools.count(1)

        def asked(group: Any) -> Any:
            if next(calls) < 4:
                return still_allowed(group)
            if self.after_the_byte:
                assert still_allowed(group)
            raise KeyboardInterrupt

        return super().send_batch(batch, asked)


class InterruptedInside(Interrupted):
    after_the_byte = True


@pytest.mark.parametrize(("gateway", "unknown"), [(Interrupted, 0), (InterruptedInside, 1)])
def test_an_interruption_leaves_a_doubt_only_where_a_byte_had_gone(
    database: Database, gateway: type[SmtpGateway], unknown: int
) -> None:
    ready(database, people=10)
    with SmtpPeer() as peer:
        run = started(database)
        items = runs.extract_items(run)
        with pytest.raises(KeyboardInterrupt):
            runs.execute_channel(
                run, "email", items, lambda: lambda permit: gateway(permit, peer.relay)
            )
        assert peer.effects.total() == 3
        now = books(database)
        counts = (now.count("sent"), now.count("unknown"), now.count("waiting"))
        assert counts == (3, unknown, 7 - unknown)
        execute(database, peer)
        assert set(peer.effects.values()) == {1}
        assert peer.effects.total() == 10 - unknown


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
