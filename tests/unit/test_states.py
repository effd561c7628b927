"""One table of moves: every allowed one is made with its audit event, every other is refused."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import select, update

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import MoveRefused
from aicmo.execution.states import MOVES, Mover, State, move
from aicmo.models import Delivery
from tests.projects import NOW, imported

MOVER = Mover("studio", "tester", NOW, None)


def put(database: Database, state: State, fence: int = 0) -> int:
    imported(database)
    with database.write() as session:
        delivery = session.scalars(select(Delivery.id).order_by(Delivery.id).limit(1)).one()
        session.execute(
            update(Delivery).where(Delivery.id == delivery).values(state=state.value, fence=fence)
        )
    return delivery


@pytest.mark.parametrize(("before", "after"), sorted(MOVES))
def test_an_allowed_move_changes_the_row_and_is_audited(
    sqlite_url: str, before: State, after: State
) -> None:
    database = Database(sqlite_url)
    delivery = put(database, before)
    with database.write() as session:
        assert move(session, MOVER, [delivery], before, after, reason="why") == [delivery]
    with database.read() as session:
        row = session.get_one(Delivery, delivery)
        assert (row.state, row.reason) == (after, "why")
        event = audit.events(session, "studio", newest=1)[0]
        assert event.event == "delivery.moved"
        assert f'"after":"{after}","before":"{before}"' in event.data
        assert audit.verify(session, "studio").broken_at is None


def test_any_other_move_is_refused(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    delivery = put(database, State.PENDING)
    for before, after in sorted(set(product(State, State)).difference(MOVES)):
        with database.write() as session:
            session.execute(update(Delivery).values(state=before.value))
            with pytest.raises(MoveRefused, match=f"from {before} to {after}"):
                move(session, MOVER, [delivery], before, after)
            assert session.scalars(select(Delivery.state).distinct()).one() == before


def test_sent_is_never_left() -> None:
    assert not [after for before, after in MOVES if before is State.SENT]


def test_a_row_in_another_state_or_under_another_fence_stays(database: Database) -> None:
    delivery = put(database, State.CLAIMED, fence=5)
    with database.write() as session:
        before = audit.verify(session, "studio").events
        assert not move(session, MOVER, [delivery], State.PENDING, State.CLAIMED)
        assert not move(session, MOVER, [delivery], State.CLAIMED, State.SENDING, fence=6)
        assert audit.verify(session, "studio").events == before
        assert move(session, MOVER, [delivery], State.CLAIMED, State.SENDING, fence=5)


def test_a_move_that_is_rolled_back_leaves_no_event(database: Database) -> None:
    delivery = put(database, State.PENDING)

    def move_and_fail() -> None:
        with database.write() as session:
            move(session, MOVER, [delivery], State.PENDING, State.HELD)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        move_and_fail()
    with database.read() as session:
        assert session.get_one(Delivery, delivery).state == State.PENDING
        assert audit.events(session, "studio", newest=1)[0].event == "plan.imported"
