"""What must hold of a ledger whatever happened to its workers, compared with the peer's count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import runs
from aicmo.execution.report import Books, read_books
from aicmo.gateways.contract import LivePermit
from aicmo.gateways.smtp import SmtpGateway
from aicmo.models import Contact, Delivery
from aicmo.smtp_relay import SmtpRelay
from tests.projects import approved, contact, imported
from tests.unit.live_runs import CONFIG, LIVE


class ShiftedDatabase(Database):
    """Its clock is `ahead` of the real one; an hour on, every lease and every wait is over."""

    ahead = timedelta(hours=1)

    def now(self, session: Session) -> datetime:
        return super().now(session) + self.ahead


def prepare(database_url: str, people: int) -> None:
    """A project with one email to so many people, approved just now."""
    database = Database(database_url)
    imported(database, contacts=[contact(number) for number in range(1, people + 1)])
    approved(database, at=datetime.now(UTC))
    database.dispose()


def execute(
    database: Database, relay: SmtpRelay, *, ca_file: Path | None = None
) -> runs.ChannelResult:
    """A live run in this process; its errors reach the caller."""

    def gateway(permit: LivePermit) -> SmtpGateway:
        return SmtpGateway(permit, relay, ca_file=ca_file)

    run = runs.open_run(database, LIVE, CONFIG)
    return runs.execute_channel(run, "email", runs.extract_items(run), lambda: gateway)


def drain(database_url: str, relay: SmtpRelay) -> None:
    """One undisturbed run, when the leases of all others have lapsed."""
    database = ShiftedDatabase(database_url)
    try:
        execute(database, relay)
    finally:
        database.dispose()


def kept_promises(database_url: str, effects: Mapping[str, int], people: int) -> Books:
    """Checks every promise on a drained ledger, and gives its books."""
    database = ShiftedDatabase(database_url)
    with database.read() as session:
        states, reasons = _states(session), _reasons(session)
        books = read_books(session, "studio", now=database.now(session))
        chain = audit.verify(session, "studio")
    database.dispose()
    told = {mailbox: (state, effects.get(mailbox, 0)) for mailbox, state in states.items()}
    broken = {
        mailbox: (*pair, reasons[mailbox])
        for mailbox, pair in told.items()
        if not _is_honest(*pair)
    }
    assert not broken, f"(state, effects, reason) of {broken}"
    assert set(effects) <= set(told)
    assert len(told) == people == books.planned, "a delivery is lost"
    assert books.balanced, books.as_dict()
    assert Counter(states.values()) == {
        state: books.count(state) for state in _EFFECTS if books.count(state)
    }, "the report tells something else than the ledger"
    assert chain.broken_at is None, chain.problem
    return books


_EFFECTS = {"sent": {1}, "failed": {0}, "unknown": {0, 1}}
"""How many effects each state of a drained ledger may stand for."""


def _is_honest(state: str, effects: int) -> bool:
    return effects in _EFFECTS.get(state, set())


def _states(session: Session) -> dict[str, str]:
    query = select(Contact.mailbox, Delivery.state).join(Contact)
    return dict(session.execute(query).tuples().all())


def _reasons(session: Session) -> dict[str, str]:
    """Why each delivery is where it is: what tells a failure that doesn't come back."""
    query = select(Contact.mailbox, Delivery.reason).join(Contact)
    return dict(session.execute(query).tuples().all())
