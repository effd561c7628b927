"""What people do to the project, truthfully, and what they then want to go out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import select

from aicmo import audit
from aicmo.errors import FixInput
from aicmo.execution import (
    approvals,
    cancelling,
    contacts,
    deciding,
    pauses,
    restoring,
    retrying,
)
from aicmo.execution.deciding import Decision
from aicmo.execution.states import State
from aicmo.models import Contact
from tests.model.ledger_promises import Row
from tests.model.stepped_engine import SteppedEngine
from tests.model.wishes import PEOPLE, address
from tests.projects import contact, imported

_HELD_BY_A_RESTORE = (State.PENDING, State.HELD, State.CLAIMED)


class People:
    """Everybody who has a say in the project on `engine`."""

    def __init__(self, engine: SteppedEngine) -> None:
        self.engine, self.database = engine, engine.database

    def approve(self, item: str) -> None:
        approvals.approve(
            self.database, "studio", [item], approved_by="Ann", now=self.engine.clock.wall
        )
        self.engine.wishes.approved[item] = self.engine.wishes.text[item]

    def revoke(self, item: str) -> None:
        approvals.revoke(self.database, "studio", [item], by="Ann", now=self.engine.clock.wall)
        self.engine.wishes.approved[item] = None

    def change_text(self, item: str) -> None:
        self.engine.wishes.text[item] += 1
        people = [contact(each) for each in PEOPLE]
        imported(self.database, *self.engine.wishes.items(), contacts=people)

    def pause(self, _item: str = "") -> None:
        pauses.pause(self.database, project_id="studio", by="Ann", now=self.engine.clock.wall)
        self.engine.wishes.is_paused = True

    def unpause(self, _item: str = "") -> None:
        pauses.unpause(self.database, project_id="studio", by="Ann")
        self.engine.wishes.is_paused = False

    def cancel(self, item: str) -> None:
        cancelling.cancel(self.database, "studio", [item], by="Ann", reason="called off")
        self.engine.wishes.cancelled.add(item)

    def retry(self, item: str) -> None:
        retrying.retry(self.database, "studio", [item], by="Ann", reason="put right")
        self.engine.wishes.cancelled.discard(item)

    def unsubscribe(self, person: int) -> None:
        with audit.transaction(self.database, "studio") as session:
            hmac = select(Contact.address_hmac).where(Contact.mailbox == address(person))
            now = self.engine.clock.wall
            contacts.suppress(session, "studio", session.scalars(hmac).one(), "unsubscribed", now)
        self.engine.wishes.unsubscribed.add(address(person))

    def doubts(self) -> list[Row]:
        return [row for row in self.engine.rows if row.state is State.UNKNOWN]

    def decide(self, doubt: Row, *, gives_up: bool) -> None:
        """Looks whether it is there; who looks too early to say that it isn't, is sent away."""
        seen = Decision.IS_THERE if doubt.effects else Decision.IS_NOT_THERE
        decision = Decision.GIVE_UP if gives_up else seen
        with suppress(FixInput):
            deciding.decide(
                self.database, "studio", [doubt.id], decision, by="Ann", reason="looked"
            )

    def release(self, item: str) -> Sequence[object]:
        """Lets what a restore holds go out, if nothing of it has, or still may."""
        held = [
            row
            for row in self.engine.rows
            if row.item == item and row.state in _HELD_BY_A_RESTORE and not row.ambiguous
        ]
        if any(row.effects or row.on_their_way for row in held):
            return ()
        return restoring.release(self.database, "studio", [item], by="Ann", reason="looked")
