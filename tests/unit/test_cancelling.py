"""What is called off never goes out, and what has gone out, or may have, stays in the books."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject
from aicmo.execution import cancelling
from aicmo.execution.cancelling import Cancelled
from aicmo.models import Delivery, Item
from tests.peers.smtp_peer import Answer, Script, SmtpPeer
from tests.projects import NOW, TOMORROW, approved, contact, email, imported
from tests.unit.live_runs import armed, books, claimed, execute, ready


def cancel(database: Database, *keys: str) -> Cancelled:
    return cancelling.cancel(database, "studio", keys or None, by="Ann", reason="client called")


def events(database: Database, name: str) -> int:
    with database.read() as session:
        return sum(row.event == name for row in audit.events(session, "studio", newest=1000))


def states(database: Database) -> dict[str, int]:
    with database.read() as session:
        query = select(Delivery.state, func.count()).group_by(Delivery.state)
        return dict(session.execute(query).tuples().all())


def test_everything_that_waits_is_called_off_whatever_it_waits_for(database: Database) -> None:
    """One item waits for its time, one is held, one has expired."""
    imported(
        database, email("pending", TOMORROW), email("held"),
        email("expired", send_until=(NOW - timedelta(hours=1)).isoformat()),
    )  # fmt: skip
    approved(database, "pending", "expired")
    with SmtpPeer() as peer:
        execute(database, peer)
        assert states(database) == {"pending": 3, "held": 3, "expired": 3}
        done = cancel(database)
        assert (done.deliveries, done.stays) == (9, ())
        assert states(database) == {"cancelled": 9}
        approved(database)
        execute(database, peer, at=TOMORROW)
        assert peer.effects.total() == 0
    report = books(database)
    assert report.balanced
    assert report.reasons("cancelled") == {"cancelled": 9}
    with database.read() as session:
        assert audit.verify(session, "studio").broken_at is None
    assert events(database, "control.cancelled") == 1


def test_only_the_named_items_are_called_off(database: Database) -> None:
    imported(database, email("one"), email("two"))
    approved(database)
    assert cancel(database, "one").items == ("one",)
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 3
    assert (books(database).count("cancelled"), books(database).count("sent")) == (3, 3)


def test_what_went_out_or_may_have_stays_and_is_told(database: Database) -> None:
    ready(database, people=4)
    with SmtpPeer() as peer:
        execute(database, peer, limit=1)
    lost = Script(answers={"dot": Answer(then="close", applies=True)})
    with SmtpPeer(lost) as peer:
        execute(database, peer, limit=1)
    done = cancel(database)
    assert done.deliveries == 2
    assert {tally.state: tally.count for tally in done.stays} == {"sent": 1, "unknown": 1}
    assert (books(database).count("sent"), books(database).count("unknown")) == (1, 1)


def test_a_doubt_that_waits_to_be_repeated_is_never_called_off(database: Database) -> None:
    ready(database, people=2)
    with database.write() as session:
        first = select(func.min(Delivery.id)).scalar_subquery()
        in_doubt = {"ambiguous": True, "repeatable_until": NOW + timedelta(days=1)}
        session.execute(update(Delivery).where(Delivery.id == first).values(**in_doubt))
    assert cancel(database).deliveries == 1
    assert states(database) == {"pending": 1, "cancelled": 1}


def test_what_a_worker_holds_is_stopped_before_it_is_armed(database: Database) -> None:
    ready(database)
    run, claim = claimed(database)
    assert cancel(database).deliveries == 0
    assert armed(run, claim) == ()
    assert states(database) == {"cancelled": 3}


def test_a_recipient_who_comes_later_does_not_bring_the_item_back(database: Database) -> None:
    ready(database, people=1)
    cancel(database)
    imported(database, contacts=[contact(1), contact(2)])
    approved(database)
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 0
    assert books(database).count("cancelled") == 2


def test_an_unknown_item_changes_nothing(database: Database) -> None:
    ready(database)
    with pytest.raises(FixInput, match="studio has no item mail-9, mail-8"):
        cancel(database, "mail-1", "mail-9", "mail-8")
    with pytest.raises(NoSuchProject):
        cancelling.cancel(database, "nobody", None, by="Ann", reason="")
    with database.read() as session:
        assert session.scalars(select(Item.cancelled_at)).one() is None
    assert books(database).count("cancelled") == 0
    assert events(database, "control.cancelled") == 0


def test_more_than_a_page_is_called_off_whole(database: Database) -> None:
    people = cancelling.PAGE + 5
    imported(database, contacts=[contact(number) for number in range(people)])
    assert cancel(database).deliveries == people
    assert states(database) == {"cancelled": people}


def test_calling_off_again_changes_nothing(database: Database) -> None:
    ready(database)
    cancel(database)
    with database.read() as session:
        first = session.scalars(select(Item.cancelled_at)).one()
    assert cancel(database).deliveries == 0
    with database.read() as session:
        assert session.scalars(select(Item.cancelled_at)).one() == first
