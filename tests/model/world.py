"""One moment of the model: a delivery, two workers, the provider, and how time passes.

Time has no end here: every clock is a small counter that stops when it no longer matters, so
the states are finite while delays, freezes, kills and tries are unlimited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tests.model.rules import NAMES

# The delivery's states. STOPPED is any of skipped, held, cancelled and expired; GIVEN_UP is
# `failed` by a person's decision, FAILED is `failed` by a machine's.
PENDING, CLAIMED, SENDING, UNKNOWN = "pending", "claimed", "sending", "unknown"
SENT, FAILED, STOPPED, GIVEN_UP = "sent", "failed", "stopped", "given up"
AT_REST = frozenset({SENT, FAILED, STOPPED, GIVEN_UP, UNKNOWN})

# A worker's phases. HOLDS has claimed; BEGUN has permission to write the committing byte;
# REQUEST has written it; YES, NO and NOTHING are replies on their way; ANSWERED has one in its
# journal. DEAD and REBOOTED are journals without an owner, the latter of a machine that has been
# started anew since.
IDLE, HOLDS, ARMED, BEGUN, REQUEST = "idle", "holds", "armed", "begun", "request"
YES, NO, NOTHING, ANSWERED = "yes", "no", "nothing", "answered"
DEAD, REBOOTED = "dead", "rebooted"

# What a journal says last about the delivery.
NOT_BEGUN, BEGIN = "not begun", "begin"
SAID_SENT, SAID_NO, SAID_UNKNOWN = "sent", "not sent", "no answer"

EXPIRED = -1
"""A countdown that has run out; at 0 its last moment still counts."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Ticks. The quiet period must cover `bound + lag`; the token must outlive one whole try."""

    deadline: int = 1
    bound: int = 1
    lag: int = 1
    quiet: int = 2
    claim_lease: int = 1
    token: int = 3
    orphans: int = 2
    """At most so many requests without an owner are on their way at once."""


FULL = Timing(deadline=2, bound=2, lag=2, quiet=4, token=6, orphans=3)


class Setup:
    """The class of provider, the rules in force, and the times.

    repeat_class: A (repeat-safe by a token that lives for a while), B (readable), C (blind), or AB
        (repeat-safe first, readable after).
    """

    def __init__(
        self, repeat_class: str, without: frozenset[str] = frozenset(), timing: Timing | None = None
    ) -> None:
        if unknown := without - NAMES:
            raise ValueError(f"no such rule: {', '.join(sorted(unknown))}")
        self.repeat_class = repeat_class
        self.rules = NAMES - without
        self.timing = timing or Timing()
        self.repeats, self.can_be_read = "A" in repeat_class, "B" in repeat_class
        whole_try = self.timing.deadline + self.timing.bound
        self.sending_lease = whole_try if "lease-outlives" in self.rules else 0
        margin = whole_try if "token-margin" in self.rules else self.timing.deadline
        self.window = self.timing.token - margin


class Worker(NamedTuple):
    """A worker, or the journal that a dead one left.

    owns: the delivery still carries this worker's fence.
    timer: ticks to its send deadline, then to the end of its request.
    note: the answer it has, the journal of a dead one, or `ungated`: armed against a guard.
    """

    phase: str
    owns: bool = False
    timer: int = 0
    note: str = ""


NOBODY = Worker(IDLE)


class World(NamedTuple):
    """One state of everything.

    window: class A, ticks in which the ledger still lets the token be repeated.
    absents: `absent` readings recorded in this doubt. in_hand: one is read and not yet recorded.
    misread: the provider has given a wrong reading in this doubt (at most one).
    allowed: every guard says yes.
    effects: what the recipient got; age: ticks since the first, up to the visibility lag.
    token: class A, ticks in which the provider still knows the token.
    orphans: ticks left to each request whose sender no longer waits for it.
    harm: a damage done by a step, which no state shows.
    """

    state: str = PENDING
    ambiguous: bool = False
    lease: int = 0
    since: int = 0
    window: int = EXPIRED
    absents: int = 0
    in_hand: bool = False
    misread: bool = False
    allowed: bool = True
    effects: int = 0
    age: int = 0
    token: int = EXPIRED
    orphans: tuple[int, ...] = ()
    workers: tuple[Worker, Worker] = (NOBODY, NOBODY)
    harm: str = ""


def put(world: World, index: int, worker: Worker) -> World:
    """Replaces one worker. The two are alike, so their order is always the same."""
    other = world.workers[1 - index]
    workers = (worker, other) if worker <= other else (other, worker)
    return world._replace(workers=workers)


def damage(world: World) -> str:
    """The kind of the damage in this state; empty if there is none."""
    if world.harm:
        return world.harm
    if world.effects > 1:
        return "duplicate"
    if world.effects and world.state == FAILED:
        return "false FAILED"
    if world.effects and world.state == STOPPED:
        return "false stop"
    if world.state == SENT and not world.effects:
        return "false SENT"
    return ""


def tick(setup: Setup, world: World) -> World:
    """One tick of every clock."""
    timing = setup.timing
    bounded = "bounded-request" in setup.rules
    first, second = (_tick_worker(setup, worker) for worker in world.workers)
    orphans = tuple(left - 1 for left in world.orphans if left) if bounded else world.orphans
    return world._replace(
        lease=max(0, world.lease - 1),
        since=min(timing.quiet, world.since + 1) if world.state == UNKNOWN else 0,
        window=max(EXPIRED, world.window - 1),
        age=min(timing.lag, world.age + 1) if world.effects and setup.can_be_read else 0,
        token=max(EXPIRED, world.token - 1),
        orphans=orphans,
        workers=(first, second) if first <= second else (second, first),
    )


def _tick_worker(setup: Setup, worker: Worker) -> Worker:
    if worker.phase == REQUEST and "bounded-request" in setup.rules:
        return worker._replace(timer=worker.timer - 1) if worker.timer else _lost(worker)
    if worker.phase == BEGUN or (worker.phase == ARMED and "clock-before-arm" in setup.rules):
        return worker._replace(timer=max(EXPIRED, worker.timer - 1))
    return worker


def _lost(worker: Worker) -> Worker:
    return Worker(NOTHING, worker.owns)
