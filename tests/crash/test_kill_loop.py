"""Shows that killing workers anywhere sends nothing twice, loses nothing, and leaves few doubts.

`AICMO_TEST_FULL=1` runs it at full size. A failure names the command that repeats it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from aicmo.gateways.contract import RepeatClass
from tests.crash.killing_forks import ForkServer, fork_server
from tests.crash.killing_loop import KillLoop
from tests.crash.killing_schedule import POINTS, RECONCILING, draw
from tests.crash.killing_verdict import Outcome

FULL = bool(os.environ.get("AICMO_TEST_FULL"))
SCHEDULES, FEWEST_KILLS = (60, 170) if FULL else (5, 12)
"""Of each class on each database; the fewest kills make 1,020 in all, and 72."""


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    folder = tmp_path_factory.mktemp("workers")
    environment = dict(os.environ) | {"XDG_STATE_HOME": str(folder)}
    with fork_server(folder, environment) as server:
        yield server


@pytest.fixture(autouse=True)
def shared_journals(monkeypatch: pytest.MonkeyPatch, forks: ForkServer) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(forks.folder))


def seeds(repeat_class: RepeatClass, database: str) -> list[int]:
    if named := os.environ.get("AICMO_TEST_SEEDS"):
        return [int(seed) for seed in named.split(",")]
    part = list(RepeatClass).index(repeat_class) * 2 + (database == "postgresql")
    return list(range(part * SCHEDULES, (part + 1) * SCHEDULES))


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
@pytest.mark.parametrize("repeat_class", list(RepeatClass), ids=lambda each: each.value)
def test_killed_workers_send_nothing_twice_and_lose_nothing(
    request: pytest.FixtureRequest, forks: ForkServer, repeat_class: RepeatClass, database: str
) -> None:
    url = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[database])
    with KillLoop(url, forks) as loop:
        schedules = (draw(seed, repeat_class) for seed in seeds(repeat_class, database))
        outcomes = [loop.run(schedule) for schedule in schedules]
    broken = [_told(request.node.nodeid, each) for each in outcomes if each.problems]
    assert not broken, "\n\n".join(broken)
    if not os.environ.get("AICMO_TEST_SEEDS"):
        killed = [kill.point for each in outcomes for kill in each.killed]
        assert len(killed) >= FEWEST_KILLS
        everywhere = {*POINTS, *(RECONCILING if repeat_class is RepeatClass.READABLE else ())}
        assert not FULL or set(killed) == everywhere


def _told(test: str, outcome: Outcome) -> str:
    seed = outcome.schedule.seed
    repeat = f"AICMO_TEST_SEEDS={seed} .venv/bin/python -m pytest -q '{test}'"
    return "\n".join([*outcome.problems, f"  {outcome.schedule}", f"  Repeat it with: {repeat}"])
