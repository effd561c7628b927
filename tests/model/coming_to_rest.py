"""The end of every example: nothing disturbs the engine any more, so it must finish what is left."""

from __future__ import annotations

from aicmo.execution.states import State
from aicmo.gateways.contract import RepeatClass
from tests.model.ledger_promises import Row
from tests.model.people import People
from tests.model.scripted_provider import BOUND, DEADLINE, LAG
from tests.model.stepped_engine import SteppedEngine
from tests.model.wishes import ITEMS

_ROUNDS = (DEADLINE + BOUND + 31, BOUND + LAG + 41, 301, 4 * 3600, 301, 301)
"""Seconds before each round: a lease, the quiet period, a second look, the longest backoff."""


def come_to_rest(engine: SteppedEngine, people: People) -> None:
    """Lets time pass, runs and reconciles; asserts that nothing is lost or left half done."""
    people.unpause()
    for seconds in _ROUNDS:
        engine.clock.sleep(seconds)
        for item in ITEMS:
            people.approve(item)
        engine.run("one", "its end")
        engine.reconcile("one", "its end")
        broken = engine.broken_promises()
        assert not broken, "\n".join(broken)
        if all(_is_at_rest(row, engine) for row in engine.rows):
            break
    lost = [str(row) for row in engine.rows if not _is_at_rest(row, engine)]
    assert not lost, "Lost, or left half done:\n" + "\n".join(lost)


def _is_at_rest(row: Row, engine: SteppedEngine) -> bool:
    match row.state:
        case State.SENT | State.FAILED | State.EXPIRED:
            return True
        case State.SKIPPED:
            return bool(row.reason)
        case State.CANCELLED:
            return row.item in engine.wishes.cancelled
        case State.HELD:
            # Everything is approved and nothing paused: only a restore may still hold it.
            return row.reason.startswith("restored from a backup")
        case State.UNKNOWN:
            return bool(row.reason) and engine.repeat_class is not RepeatClass.READABLE
        case _:
            return False
