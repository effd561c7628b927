"""Every step that anybody may take next: workers, the provider, accidents, and time.

What the model takes for granted, so what a deployment must make true:

- A provider acts on a request within G of its committing byte, or never.
- Between the last look at the clock and the write of that byte nobody freezes.
- The ledger's clock and the workers' clocks run at the same speed.
- In one doubt, a provider gives at most one wrong reading after its visibility lag.
- A person who says that something is, or isn't, there has waited the quiet period, and is right.

Not in the model: several deliveries in a batch, limits, a database restored from a backup.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.model.ledger import (
    Step,
    arm,
    claim,
    moved,
    person,
    reconcile,
    replay,
    settle,
    sort_and_retry,
    sweep,
)
from tests.model.world import (
    ANSWERED,
    ARMED,
    BEGIN,
    BEGUN,
    CLAIMED,
    DEAD,
    EXPIRED,
    HOLDS,
    IDLE,
    NO,
    NOBODY,
    NOT_BEGUN,
    NOTHING,
    PENDING,
    REBOOTED,
    REQUEST,
    SAID_NO,
    SAID_SENT,
    SAID_UNKNOWN,
    SENDING,
    YES,
    Setup,
    Worker,
    World,
    put,
    tick,
)


def successors(setup: Setup, world: World) -> Iterator[Step]:
    """Every next state, each with a few words on the step."""
    yield "a tick", tick(setup, world)
    yield "a guard changes its mind", world._replace(allowed=not world.allowed)
    for after in sweep(setup, world):
        yield "the sweeper takes a lapsed lease back", after
    yield from sort_and_retry(setup, world)
    yield from person(setup, world)
    yield from reconcile(setup, world)
    for left in set(world.orphans):
        rest = list(world.orphans)
        rest.remove(left)
        yield "an orphan request takes effect", _effect(setup, world._replace(orphans=tuple(rest)))
    is_twin = world.workers[0] == world.workers[1]
    for index in (0,) if is_twin else (0, 1):
        yield from _worker(setup, world, index)
        yield from _accidents(setup, world, index)
    yield from _power_cut(setup, world)


def _effect(setup: Setup, world: World) -> World:
    if not setup.repeats:
        return world._replace(effects=world.effects + 1)
    if world.token > EXPIRED:
        return world
    return world._replace(effects=world.effects + 1, token=setup.timing.token)


def _worker(setup: Setup, world: World, index: int) -> Iterator[Step]:
    worker = world.workers[index]
    match worker.phase:
        case "idle":
            if world.state == PENDING:
                yield "a worker claims", claim(setup, world, index)
        case "holds":
            label, after = arm(setup, world, index)
            yield f"a worker {label}", after
        case "armed":
            yield from _begin(setup, world, index)
        case "begun":
            yield from _commit(setup, world, index)
        case "request":
            yield from _provider(setup, world, index)
        case "yes" | "no" | "nothing":
            yield from _reply(world, index)
        case "answered":
            yield from _record(setup, world, index)
        case _:
            yield from _replayed(setup, world, index)


def _begin(setup: Setup, world: World, index: int) -> Iterator[Step]:
    worker = world.workers[index]
    yield "a worker stops before the byte", _answered(world, index, SAID_NO)
    if worker.timer == EXPIRED and "deadline-last" not in setup.rules:
        return  # this variant looks at the clock here, and not again
    timer = worker.timer if "clock-before-arm" in setup.rules else setup.timing.deadline
    begun = Worker(BEGUN, worker.owns, timer, worker.note)
    yield "a worker is allowed to send, and says so in its journal", put(world, index, begun)


def _commit(setup: Setup, world: World, index: int) -> Iterator[Step]:
    worker = world.workers[index]
    yield "a worker stops before the byte", _answered(world, index, SAID_NO)
    late = worker.timer == EXPIRED
    if late and {"send-deadline", "deadline-last"} <= setup.rules:
        return
    harm = "sent against a guard" if worker.note == "ungated" else ""
    request = Worker(REQUEST, worker.owns, setup.timing.bound)
    yield "a worker writes the committing byte", put(world, index, request)._replace(harm=harm)


def _provider(setup: Setup, world: World, index: int) -> Iterator[Step]:
    owns = world.workers[index].owns
    effect = _effect(setup, world)
    yield "the provider accepts", put(effect, index, Worker(YES, owns))
    yield "the provider refuses", put(world, index, Worker(NO, owns))
    if orphaned := _orphaned(setup, world, index):
        after = _answered(orphaned, index, SAID_UNKNOWN)
        yield "a worker loses the connection, its request is still on its way", after


def _orphaned(setup: Setup, world: World, index: int) -> World | None:
    worker = world.workers[index]
    if worker.phase != REQUEST:
        return world
    if len(world.orphans) == setup.timing.orphans:
        return None
    return world._replace(orphans=tuple(sorted((*world.orphans, worker.timer))))


def _reply(world: World, index: int) -> Iterator[Step]:
    phase = world.workers[index].phase
    if phase != NOTHING:
        answer = SAID_SENT if phase == YES else SAID_NO
        yield f"the answer arrives: {answer}", _answered(world, index, answer)
    yield "the answer is lost", _answered(world, index, SAID_UNKNOWN)


def _answered(world: World, index: int, answer: str) -> World:
    return put(world, index, Worker(ANSWERED, world.workers[index].owns, 0, answer))


def _record(setup: Setup, world: World, index: int) -> Iterator[Step]:
    worker = world.workers[index]
    for after in settle(setup, world, worker.note, owns=worker.owns):
        yield f"a worker records: {worker.note}", put(after, index, NOBODY)
        dead = worker._replace(phase=DEAD)
        label = f"a worker records: {worker.note}; killed before it clears its journal"
        yield label, put(after, index, dead)


def _replayed(setup: Setup, world: World, index: int) -> Iterator[Step]:
    journal = world.workers[index]
    for after in replay(setup, world, journal):
        yield f"a journal is replayed ({journal.note})", put(after, index, NOBODY)
        yield f"a journal is replayed ({journal.note}), and kept by a kill", after


def _journal(setup: Setup, worker: Worker) -> tuple[str, ...]:
    """What the journal of a living worker may say at this moment."""
    if worker.phase in (HOLDS, ARMED):
        return (NOT_BEGUN,)
    if worker.phase == ANSWERED:
        return (worker.note,)
    if "begin-first" in setup.rules:
        return (BEGIN,)
    return (NOT_BEGUN,) if worker.phase == BEGUN else (NOT_BEGUN, BEGIN)


def _accidents(setup: Setup, world: World, index: int) -> Iterator[Step]:
    """A kill (the journal stays), the loss of the machine (it goes), a replay of the living."""
    worker = world.workers[index]
    if worker.phase == IDLE:
        return
    if worker.phase in (DEAD, REBOOTED):
        yield "the machine of a dead worker is lost", put(world, index, NOBODY)
        return
    for note in _journal(setup, worker):
        if after := _orphaned(setup, world, index):
            yield "a worker is killed", put(after, index, Worker(DEAD, worker.owns, 0, note))
            yield "a worker's machine is lost", put(after, index, NOBODY)
        if "journal-lock" not in setup.rules:
            for replayed in replay(setup, world, Worker(DEAD, worker.owns, 0, note)):
                yield f"a living worker's journal is replayed ({note})", replayed


def _power_cut(setup: Setup, world: World) -> Iterator[Step]:
    """Both workers die; each journal keeps what was synced, which is any beginning of it."""
    for index in (0, 1):
        orphaned = _orphaned(setup, world, index)
        if orphaned is None:
            return
        world = orphaned
    if all(worker.phase == IDLE for worker in world.workers):
        return
    lost_commits = [world]
    if "durable-commit" not in setup.rules and world.state == SENDING:
        before = moved(setup, world, CLAIMED, ambiguous=world.ambiguous)
        lost_commits.append(before)
    for first, second in product(*(_synced(setup, worker) for worker in world.workers)):
        workers = (first, second) if first <= second else (second, first)
        for after in lost_commits:
            yield "the power is cut", after._replace(workers=workers)


def _synced(setup: Setup, worker: Worker) -> set[Worker]:
    if worker.phase == IDLE:
        return {NOBODY}
    dead = worker.phase in (DEAD, REBOOTED)
    journals = (worker.note,) if dead else _journal(setup, worker)
    left = {NOBODY, Worker(REBOOTED, worker.owns, 0, NOT_BEGUN)}
    for note in journals:
        left |= {Worker(REBOOTED, worker.owns, 0, each) for each in _beginnings(note)}
    return left


def _beginnings(note: str) -> tuple[str, ...]:
    return (note,) if note in (NOT_BEGUN, BEGIN) else (note, BEGIN)
