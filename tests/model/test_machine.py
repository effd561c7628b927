"""Drives the real engine through any order of steps, accidents and decisions that Hypothesis finds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aicmo.execution.asking import SECOND_LOOK
from aicmo.execution.doubts import SURE_AFTER
from aicmo.gateways.contract import RepeatClass
from tests.model.coming_to_rest import come_to_rest
from tests.model.ledger_promises import Row
from tests.model.people import People
from tests.model.scripted_provider import BOUND, DEADLINE, Reply
from tests.model.stepped_engine import WORKERS, SteppedEngine
from tests.model.stepped_worker import ENDED, STOPS, WAITS
from tests.model.wishes import ITEMS, PEOPLE
from tests.model.workshop import Workshop

FULL_SIZE = os.environ.get("AICMO_TEST_FULL") == "1"
LEASE = DEADLINE + BOUND + 30
MOST_SET_BACK = 20
"""Seconds that the wall clock goes back in all: less than the margin of a lease, 30."""
SPANS = (1, DEADLINE + 1, 5 * 60, LEASE + 1, BOUND + 40, 2 * BOUND + 60, 3600, 6 * 3600)
"""Seconds that make a difference: a deadline, a wait, a lease, the quiet period, a token's life."""

SIZE = settings(
    max_examples=int(os.environ.get("AICMO_TEST_EXAMPLES", "300" if FULL_SIZE else "8")),
    stateful_step_count=50 if FULL_SIZE else 40,
    derandomize=not FULL_SIZE,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

workers, items = st.sampled_from(WORKERS), st.sampled_from(ITEMS)
stops, picks = st.sampled_from(STOPS), st.integers(0, 2)
T = TypeVar("T")


def _pick(among: Sequence[T], which: int) -> T:
    return among[which % len(among)]


class Machine(RuleBasedStateMachine):
    """Two workers, a schedule and people on one project; a failure prints the way to it."""

    def __init__(self, shop: Workshop, repeat_class: RepeatClass) -> None:
        super().__init__()
        self.engine = SteppedEngine(shop, repeat_class)
        self.people = People(self.engine)
        self.broken: list[str] = []
        self.doubts: list[Row] = []
        self.index_has_failed = False

    @rule(worker=workers, until=stops)
    def works(self, worker: str, until: str) -> None:
        self.engine.run(worker, until)

    @rule(worker=workers)
    def sends(self, worker: str) -> None:
        self.engine.run(worker, WAITS)

    @rule(worker=workers, replies=st.lists(st.sampled_from(Reply), min_size=1, max_size=3))
    def works_to_its_end(self, worker: str, replies: list[Reply]) -> None:
        self.engine.run_through(worker, replies)

    @rule(worker=workers, at=stops, seconds=st.sampled_from((1, DEADLINE + 1, LEASE + 1)))
    def is_overtaken(self, worker: str, at: str, seconds: int) -> None:
        """It is frozen, and the other one does all that there is to do."""
        self.engine.run(worker, at)
        self.engine.clock.sleep(seconds)
        other = next(each for each in WORKERS if each != worker)
        self.engine.run_through(other, [Reply.ACCEPTS])

    @precondition(lambda self: self.engine.waiting)
    @rule(which=picks, reply=st.sampled_from(Reply))
    def provider_answers(self, which: int, reply: Reply) -> None:
        self.engine.answer(_pick(self.engine.waiting, which), reply)

    @precondition(lambda self: self.engine.provider.stray())
    @rule(which=picks)
    def stray_request_arrives(self, which: int) -> None:
        self.engine.provider.act(_pick(self.engine.provider.stray(), which))

    @precondition(lambda self: self.engine.workers)
    @rule(which=picks, how=st.sampled_from(("killed", "killed", "machine lost")))
    def dies(self, which: int, how: str) -> None:
        self.engine.kill(_pick(list(self.engine.workers), which))
        if how == "machine lost":
            self.engine.lose_journals()

    @precondition(lambda self: self.engine.workers)
    @rule(records_kept=st.integers(0, 4))
    def power_is_cut(self, records_kept: int) -> None:
        self.engine.reboot(records_kept)

    @rule(seconds=st.sampled_from(SPANS))
    def time_passes(self, seconds: int) -> None:
        self.engine.clock.sleep(seconds)

    @precondition(lambda self: self.engine.clock.set_back < MOST_SET_BACK)
    @rule()
    def clock_is_set_back(self) -> None:
        self.engine.clock.go_back(5)

    @rule(what=st.sampled_from(("replay", "sweep")))
    def housekeeping(self, what: str) -> None:
        getattr(self.engine, what)()

    @precondition(lambda self: self.doubts)
    @rule(worker=workers, until=st.sampled_from(("asks", "was told", ENDED)))
    def reconciles(self, worker: str, until: str) -> None:
        if worker not in self.engine.workers:
            self.engine.reconcile(worker, until)

    @precondition(lambda self: self.doubts)
    @rule(which=picks, gives_up=st.sampled_from((False, False, False, True)))
    def person_decides(self, which: int, gives_up: bool) -> None:  # noqa: FBT001  (Hypothesis fills it)
        self.people.decide(_pick(self.doubts, which), gives_up=gives_up)

    @precondition(lambda self: self.doubts)
    @rule()
    def person_looks_later(self) -> None:
        self.engine.clock.sleep(SURE_AFTER.total_seconds())
        for doubt in self.people.doubts():
            self.people.decide(doubt, gives_up=False)

    @rule(what=st.sampled_from(("revoke", "revoke", "change_text", "cancel", "pause")), item=items)
    def person_stops(self, what: str, item: str) -> None:
        getattr(self.people, what)(item)

    @rule(what=st.sampled_from(("approve", "retry", "unpause")), item=items)
    def person_lets_go(self, what: str, item: str) -> None:
        getattr(self.people, what)(item)

    @rule(item=items)
    def person_puts_all_right(self, item: str) -> None:
        for put_right in (self.people.approve, self.people.retry, self.people.unpause):
            put_right(item)

    @rule(person=st.sampled_from(PEOPLE))
    def person_unsubscribes(self, person: int) -> None:
        self.people.unsubscribe(person)

    @precondition(lambda self: not self.index_has_failed)
    @rule()
    def provider_finds_nothing_for_a_while(self) -> None:
        self.index_has_failed = True
        self.engine.provider.hide_all(SECOND_LOOK.total_seconds() - 1)

    @precondition(lambda self: not self.engine.has_backup)
    @rule()
    def backup_is_made(self) -> None:
        self.engine.back_up()

    @precondition(lambda self: self.engine.has_backup)
    @rule(to=st.sampled_from(("the same file", "another machine")))
    def backup_is_restored(self, to: str) -> None:
        self.engine.restore(as_another_file=to == "another machine")

    @precondition(lambda self: self.engine.has_been_restored)
    @rule(item=items)
    def person_releases(self, item: str) -> None:
        self.people.release(item)

    @invariant()
    def every_promise_is_kept(self) -> None:
        self.broken = self.engine.broken_promises()
        assert not self.broken, "\n".join(self.broken)
        self.doubts = self.people.doubts()

    def teardown(self) -> None:
        self.engine.kill_all()
        try:
            if not self.broken:
                come_to_rest(self.engine, self.people)
        finally:
            self.engine.kill_all()


@pytest.mark.parametrize("repeat_class", RepeatClass)
def test_no_order_of_steps_breaks_a_promise(shop: Workshop, repeat_class: RepeatClass) -> None:
    run_state_machine_as_test(lambda: Machine(shop, repeat_class), settings=SIZE)
