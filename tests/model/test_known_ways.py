"""Shows on the real engine that the shortest ways to each damage lead to none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aicmo.execution.doubts import SURE_AFTER
from aicmo.gateways.contract import RepeatClass
from tests.model.coming_to_rest import come_to_rest
from tests.model.people import People
from tests.model.scripted_provider import BOUND, DEADLINE, Reply
from tests.model.stepped_engine import SteppedEngine
from tests.model.stepped_worker import ENDED, WAITS
from tests.model.workshop import Workshop

A, C = RepeatClass.REPEAT_SAFE, RepeatClass.BLIND


def a_late_worker_records_under_the_claim_of_another(engine: SteppedEngine, people: People) -> None:
    engine.run("one", "connects")
    engine.clock.sleep(DEADLINE + BOUND + 31)
    engine.sweep()
    engine.clock.sleep(SURE_AFTER.total_seconds())
    for doubt in people.doubts():
        people.decide(doubt, gives_up=False)
    engine.run("two", WAITS)
    engine.run("one", "after settle")


def a_repeat_of_what_went_out_is_refused(engine: SteppedEngine, _: People) -> None:
    engine.run_through("one", [Reply.ANSWER_IS_LOST])
    engine.clock.sleep(301)
    engine.run_through("one", [Reply.REFUSES_FOR_GOOD])


def a_slow_worker_is_taken_for_dead(engine: SteppedEngine, _: People) -> None:
    engine.run("one", "connects")
    engine.replay()
    engine.run_through("two", [Reply.ACCEPTS])
    engine.run_through("one", [Reply.ACCEPTS])


def a_worker_is_killed_inside_its_request(engine: SteppedEngine, _: People) -> None:
    engine.run("one", WAITS)
    engine.kill("one")
    engine.replay()


def an_approval_is_revoked_between_claim_and_arm(engine: SteppedEngine, people: People) -> None:
    engine.run("one", "before arm")
    people.revoke("soon")
    engine.run("one", ENDED)


@pytest.mark.parametrize(
    ("repeat_class", "go"),
    [
        (C, a_late_worker_records_under_the_claim_of_another),
        (A, a_repeat_of_what_went_out_is_refused),
        (C, a_slow_worker_is_taken_for_dead),
        (C, a_worker_is_killed_inside_its_request),
        (C, an_approval_is_revoked_between_claim_and_arm),
    ],
)
def test_a_way_to_damage_leads_to_none(
    shop: Workshop, repeat_class: RepeatClass, go: Callable[[SteppedEngine, People], None]
) -> None:
    engine = SteppedEngine(shop, repeat_class)
    people = People(engine)
    try:
        go(engine, people)
        assert not engine.broken_promises()
        engine.kill_all()
        come_to_rest(engine, people)
    finally:
        engine.kill_all()
