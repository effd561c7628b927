"""What must hold of the ledger after every step, compared with what the provider has."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.execution.report import read_books
from aicmo.execution.states import MOVES, State
from aicmo.models import AuditEvent, Delivery, Item
from tests.model.hand_clock import HandClockDatabase
from tests.model.scripted_provider import Provider

# Built once: they are asked after every step.
_DELIVERIES = (
    select(
        Delivery.id, Delivery.token, Item.key, Delivery.recipient, Delivery.state, Delivery.reason,
        Delivery.ambiguous,
    )
    .join(Item, Item.id == Delivery.item_id)
    .order_by(Delivery.id)
)  # fmt: skip
_EVENTS = (
    select(AuditEvent.number, AuditEvent.event, AuditEvent.data)
    .where(AuditEvent.project_id == "studio", AuditEvent.number > bindparam("seen"))
    .order_by(AuditEvent.number)
)
STOPPED = (State.SKIPPED, State.HELD, State.CANCELLED, State.EXPIRED)
_NOBODY_READS = {audit.Event.DELIVERY_MOVED, audit.Event.EXECUTION_STARTED}
"""Events after which the books aren't read: that costs as much as all the rest."""
UNDER_WAY = (State.PENDING, State.CLAIMED, State.SENDING)


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery, and what the provider has of it."""

    id: int
    token: str
    item: str
    recipient: str
    state: State
    reason: str
    ambiguous: bool
    effects: int
    on_their_way: int

    def __str__(self) -> str:
        doubt = ", ambiguous" if self.ambiguous else ""
        return (
            f"delivery {self.id} ({self.item} to {self.recipient}): {self.state}{doubt} "
            f"[{self.reason}], {self.effects} effects, {self.on_their_way} on their way"
        )

    @property
    def is_honest(self) -> bool:
        """Whether the state says no more and no less than what is known."""
        if self.state is State.SENT:
            return self.effects == 1
        may_be_there = self.ambiguous or self.state in (State.SENDING, State.UNKNOWN)
        return may_be_there or not (self.effects or self.on_their_way)

    @property
    def is_stopped_in_doubt(self) -> bool:
        """What may have gone out must not look like something that was stopped in time."""
        return self.ambiguous and self.state in STOPPED


def read_rows(session: Session, provider: Provider) -> list[Row]:
    return [
        Row(
            id_, token, item, recipient, State(state), reason, ambiguous,
            provider.effects[token], len(provider.on_their_way(token)),
        )
        for id_, token, item, recipient, state, reason, ambiguous in session.connection().execute(_DELIVERIES)
    ]  # fmt: skip


class Promises:
    """Checks one ledger again and again; `look_anew` after another file has taken its place.

    forgotten: tokens of what a restore has made the ledger forget; of these, only the number of
        effects is still promised.
    """

    def __init__(self, database: HandClockDatabase, provider: Provider) -> None:
        self.database, self.provider = database, provider
        self.forgotten: set[str] = set()
        self.look_anew()

    def look_anew(self) -> None:
        self._seen = 0
        self._states: dict[int, State] = {}

    def broken(self) -> list[str]:
        """What doesn't hold, in words."""
        with self.database.read() as session:
            rows = read_rows(session, self.provider)
            problems = [f"{row} (sent twice)" for row in rows if row.effects > 1]
            problems += [str(row) for row in rows if not self._is_kept(row)]
            events = self._new_events(session)
            problems += self._wrong_moves(events, rows)
            if not _NOBODY_READS.issuperset(event for event, _ in events):
                problems += self._wrong_books(session, len(rows))
        return problems

    def _is_kept(self, row: Row) -> bool:
        if row.token in self.forgotten:
            return row.state is not State.SENT or row.effects == 1
        return row.is_honest and not row.is_stopped_in_doubt

    def _new_events(self, session: Session) -> list[tuple[str, str]]:
        found = session.connection().execute(_EVENTS, {"seen": self._seen}).all()
        self._seen = found[-1][0] if found else self._seen
        return [(event, data) for _, event, data in found]

    def _wrong_moves(self, events: Iterable[tuple[str, str]], rows: list[Row]) -> list[str]:
        """The audit log must tell the whole way of each delivery to where it stands."""
        problems: list[str] = []
        for event, text in events:
            if event == audit.Event.DELIVERY_MOVED:
                data = json.loads(text)
                before, after = State(data["before"]), State(data["after"])
                if (before, after) not in MOVES:
                    problems.append(f"the table has no move from {before} to {after}")
                for each in data["deliveries"]:
                    if self._states.get(each, State.PENDING) is not before:
                        problems.append(f"delivery {each} moved from {before}, where it wasn't")
                    self._states[each] = after
        problems += [
            f"{row} (the audit log says {self._states[row.id]})"
            for row in rows
            if row.state is not self._states.setdefault(row.id, State.PENDING)
        ]
        return problems

    def _wrong_books(self, session: Session, deliveries: int) -> list[str]:
        books = read_books(session, "studio", now=self.database.now(session))
        chain = audit.verify(session, "studio")
        problems = [] if chain.broken_at is None else [f"the audit chain: {chain.problem}"]
        if not books.balanced or books.planned != deliveries:
            problems.append(f"the books don't balance: {books.as_dict()}")
        return problems
