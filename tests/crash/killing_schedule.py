"""What is done to the workers of one project, drawn from a seed: whoever has the seed can repeat it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aicmo.gateways.contract import RepeatClass
from tests.peers.http_exchange import Fault

COMMITS = ("open", "replay", "claim", "arm", "settle", "close")
BETWEEN: Mapping[str, bool] = {
    **{f"{side} commit {name}": False for name in COMMITS for side in ("before", "after")},
    "before journal claim": False,
    "after journal claim": False,
    "before connect": False,
    "after connect": False,
    "after head": False,
    "before journal begin": False,
    "after journal begin": True,
    "after first byte": True,
    "after body": True,
    "after answer": True,
    "before journal answer": True,
    "after journal answer": False,
    "before journal settled": False,
    "after journal settled": False,
}
"""Points of the worker's own, and whether a request is in flight there."""

IN_THE_REQUEST = ("peer head", "peer body", "peer applied", "peer answer")
"""Points at the provider's side: the worker is killed while its request is open."""

_FREEZING = {
    "after commit arm": 6,
    "after commit claim": 1,
    "before connect": 1,
    "after connect": 1,
    "after head": 1,
    "before journal begin": 1,
    "after journal begin": 1,
}
"""Points where a worker may be frozen for hours, by weight: within a request, its watchdog ends it as
soon as it goes on. After the first byte, only the provider could refuse the rest; within a transaction,
everybody waits for it."""

_HOLDING = ("peer applied", "after answer", "after journal answer", "before commit settle")
"""Points where a worker has sent something that it hasn't recorded yet."""

AT_RANDOM = "at random"
POINTS = (*BETWEEN, *IN_THE_REQUEST, AT_RANDOM)
RECONCILING = tuple(
    f"{side} commit {name}" for name in ("reading", "reconcile") for side in ("before", "after")
)
"""Points of whoever asks the provider about doubts (class B)."""

_MOST = {"open": 1, "replay": 1, "close": 1, "claim": 2, "arm": 2, "settle": 2, "settled": 2}
_KILLS = 3


@dataclass(frozen=True)
class Kill:
    """SIGKILL when `point` is reached for the nth time; at random: after nth milliseconds."""

    point: str
    nth: int

    @property
    def may_be_in_flight(self) -> bool:
        return BETWEEN.get(self.point, self.point not in RECONCILING)


class Aftermath(StrEnum):
    """What is left for whoever takes the work up again."""

    RESTART = "the journals"
    """Everything but the processes."""
    POWER_CUT = "a part of the journals"
    """The machine was started again; nobody had told the disk to keep the journals."""
    MACHINE_LOST = "no journals"
    """The work goes on elsewhere."""


@dataclass(frozen=True)
class Frozen:
    """A worker that is stopped at `place`, and goes on when its claim is in other hands.

    successor: what kills the worker that has its deliveries then.
    """

    place: Kill
    successor: Kill


@dataclass(frozen=True)
class Schedule:
    """One project's fate.

    rounds: the workers started at once in each, by what kills them; None lives.
    faults: by number of the request, as long as workers are killed.
    aftermath: what becomes of the journals before the work is taken up again.
    resumes_late: nobody works on until the provider (class A) has forgotten the tokens.
    reconciler: what kills the first who asks about doubts.
    frozen: what happens before all this.
    """

    seed: int
    repeat_class: RepeatClass
    people: int
    batch: int
    rounds: tuple[tuple[Kill | None, ...], ...]
    faults: Mapping[int | str, Fault]
    aftermath: Aftermath = Aftermath.RESTART
    resumes_late: bool = False
    reconciler: Kill | None = None
    frozen: Frozen | None = None


WARMING_UP = Schedule(-1, RepeatClass.BLIND, people=2, batch=2, rounds=(), faults={})


def draw(seed: int, repeat_class: RepeatClass) -> Schedule:
    """The points come in turn, so that a row of seeds has them all; the rest is chance."""
    chance = random.Random(f"{repeat_class}{seed}")
    points = [POINTS[(_KILLS * seed + number) % len(POINTS)] for number in range(_KILLS)]
    batch = chance.randint(2, 4)
    people = batch * chance.randint(5, 8)
    return Schedule(
        seed=seed,
        repeat_class=repeat_class,
        people=people,
        batch=batch,
        rounds=_rounds(chance, points),
        faults=_faults(chance) if chance.random() < 0.5 else {},
        aftermath=chance.choices(tuple(Aftermath), (6, 2, 2))[0],
        resumes_late=chance.random() < 0.2,
        reconciler=Kill(chance.choice(RECONCILING), chance.randint(1, 2)),
        frozen=_frozen(chance) if seed % 2 else None,
    )


def _frozen(chance: random.Random) -> Frozen:
    (place,) = chance.choices(tuple(_FREEZING), tuple(_FREEZING.values()))
    return Frozen(Kill(place, 1), Kill(chance.choice(_HOLDING), 1))


def _rounds(chance: random.Random, points: list[str]) -> tuple[tuple[Kill | None, ...], ...]:
    rounds: list[tuple[Kill | None, ...]] = []
    left = points.copy()
    while left:
        killed = [_kill(chance, left.pop(0)) for _ in range(chance.randint(1, len(left)))]
        if any(kill.point.endswith("replay") for kill in killed):
            rounds.append((Kill("after commit arm", 1),))  # leaves something to replay
        # One that lives leaves little for a next round.
        living = 0 if left else chance.randint(0, 1)
        rounds.append((*killed, *[None] * living))
    return tuple(rounds)


def _kill(chance: random.Random, point: str) -> Kill:
    if point == AT_RANDOM:
        return Kill(point, chance.randint(1, 120))
    return Kill(point, chance.randint(1, _MOST.get(point.rpartition(" ")[2], 3)))


_FAULTS = (
    Fault(applies=True, then="close"),
    Fault(applies=True, then="reset"),
    Fault(applies=True, then="hang"),
    Fault(applies=True, then="cut"),
    Fault(applies=True, then="drip"),
    Fault(applies=True, status=500),
    Fault(applies=True, delay=0.05),
    Fault(then="close"),
    Fault(status=500),
    Fault(status=422),
    Fault(status=429, headers={"Retry-After": "120"}),
    Fault("connect", then="close"),
    Fault("body", then="reset"),
)


def _faults(chance: random.Random) -> Mapping[int | str, Fault]:
    numbers = chance.sample(range(1, 16), chance.randint(1, 5))
    return {number: chance.choice(_FAULTS) for number in sorted(numbers)}
