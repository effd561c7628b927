"""What is written about the delivery: claimed, armed, settled, replayed, swept, decided."""

from __future__ import annotations

from collections.abc import Iterator

from tests.model.world import (
    ARMED,
    BEGIN,
    CLAIMED,
    EXPIRED,
    FAILED,
    GIVEN_UP,
    HOLDS,
    NOBODY,
    NOT_BEGUN,
    PENDING,
    REBOOTED,
    SAID_NO,
    SAID_SENT,
    SENDING,
    SENT,
    STOPPED,
    UNKNOWN,
    Setup,
    Worker,
    World,
    put,
)

Step = tuple[str, World]


def moved(
    setup: Setup, world: World, state: str, *, ambiguous: bool = False, lease: int = 0
) -> World:
    """The delivery in another state, without what only the old one needed."""
    keeps_readings = "same-doubt" not in setup.rules
    return world._replace(
        state=state,
        ambiguous=ambiguous,
        lease=lease,
        since=0,
        window=world.window if ambiguous or state == SENDING else EXPIRED,
        absents=world.absents if keeps_readings else 0,
        in_hand=world.in_hand and keeps_readings,
        misread=False,
    )


def doubt(setup: Setup, world: World) -> Iterator[World]:
    """It may have gone out. A repeat-safe one may wait for its repeat, if it has tries left."""
    if setup.repeats and world.window > EXPIRED:
        yield moved(setup, world, PENDING, ambiguous=True)
    yield moved(setup, world, UNKNOWN, ambiguous=True)


def claim(setup: Setup, world: World, index: int) -> World:
    """A worker takes the delivery under a new fence: everybody else's is old now."""
    world = world._replace(workers=_without_fences(world))
    claimed = moved(
        setup, world, CLAIMED, ambiguous=world.ambiguous, lease=setup.timing.claim_lease
    )
    return put(claimed, index, Worker(HOLDS, owns=True))


def _without_fences(world: World) -> tuple[Worker, Worker]:
    first, second = world.workers
    return first._replace(owns=False), second._replace(owns=False)


def arm(setup: Setup, world: World, index: int) -> Step:
    """The arming transaction, or the claim let go."""
    worker = world.workers[index]
    if not worker.owns or world.state != CLAIMED:
        return "has lost its claim", put(world, index, NOBODY)
    too_old = world.ambiguous and setup.repeats and world.window == EXPIRED
    refused = not world.allowed and "guards-at-arm" in setup.rules
    if refused or (too_old and "token-window" in setup.rules):
        back = moved(setup, world, PENDING, ambiguous=world.ambiguous)
        return "lets go: a guard says no", put(back, index, NOBODY)
    note = "" if world.allowed else "ungated"
    armed = Worker(ARMED, owns=True, timer=setup.timing.deadline, note=note)
    if "intent-first" in setup.rules:
        world = _sending(setup, world)
    return "arms", put(world, index, armed)


def _sending(setup: Setup, world: World) -> World:
    starts = not world.ambiguous or "token-kept" not in setup.rules
    if setup.repeats and starts:
        world = world._replace(window=setup.window)
    return moved(setup, world, SENDING, ambiguous=world.ambiguous, lease=setup.sending_lease)


def settle(setup: Setup, world: World, answer: str, *, owns: bool) -> Iterator[World]:
    """Everything that recording an answer may do; the same world if it may do nothing."""
    open_states = (SENDING,) if "intent-first" in setup.rules else (SENDING, CLAIMED)
    if not owns and "fence" in setup.rules:
        yield world
    elif world.state in open_states:
        yield from _outcome(setup, world, answer)
    elif world.state == UNKNOWN and answer == SAID_SENT:
        yield moved(setup, world, SENT)
    elif "late-answer" not in setup.rules:
        harm = "SENT taken back" if world.state == SENT and answer != SAID_SENT else ""
        for after in _outcome(setup, world, answer):
            yield after._replace(harm=harm)
    else:
        yield world


def _outcome(setup: Setup, world: World, answer: str) -> Iterator[World]:
    if answer == SAID_SENT:
        yield moved(setup, world, SENT)
    elif answer == SAID_NO:  # not sent, refused for now, refused for good, or out of tries
        yield moved(setup, world, PENDING, ambiguous=world.ambiguous)
        if world.ambiguous and "refusal-no-proof" in setup.rules:
            yield moved(setup, world, UNKNOWN, ambiguous=True)
        else:
            yield moved(setup, world, FAILED)
    else:
        yield from doubt(setup, world)


def replay(setup: Setup, world: World, journal: Worker) -> Iterator[World]:
    """What the next start makes of a journal; `journal` is a dead worker, or a living one's."""
    owns = journal.owns or "fence" not in setup.rules
    incomplete = journal.phase == REBOOTED and "reboot" in setup.rules
    if journal.note not in (NOT_BEGUN, BEGIN):
        yield from settle(setup, world, journal.note, owns=journal.owns)
    elif owns and world.state == CLAIMED:
        yield moved(setup, world, PENDING, ambiguous=world.ambiguous)
    elif owns and world.state == SENDING and (journal.note == BEGIN or incomplete):
        yield from doubt(setup, world)
    elif owns and world.state == SENDING:
        yield moved(setup, world, PENDING, ambiguous=world.ambiguous)
    else:
        yield world


def sweep(setup: Setup, world: World) -> Iterator[World]:
    """A lapsed lease is taken back."""
    if world.lease or "sweeper" not in setup.rules:
        return
    if world.state == CLAIMED:
        yield moved(setup, world, PENDING, ambiguous=world.ambiguous)
    if world.state == SENDING and "unknown" in setup.rules:
        yield from doubt(setup, world)
    elif world.state == SENDING:
        yield moved(setup, world, PENDING)


def sort_and_retry(setup: Setup, world: World) -> Iterator[Step]:
    """Guards, cancellation, release and retry: what is written outside of any try."""
    is_clear = not world.ambiguous or "doubt-not-stopped" not in setup.rules
    if world.state == PENDING and is_clear:
        yield "held, skipped, cancelled or expired", moved(setup, world, STOPPED)
    if world.state == PENDING and world.ambiguous and world.window == EXPIRED:
        yield "its token is too old", moved(setup, world, UNKNOWN, ambiguous=True)
    if world.state == STOPPED:
        yield "released or retried", moved(setup, world, PENDING)
    if world.state == FAILED or (world.state == GIVEN_UP and "retry-proven" not in setup.rules):
        yield "retried by a person", moved(setup, world, PENDING)


def person(setup: Setup, world: World) -> Iterator[Step]:
    """A person who closes a doubt looks first, waits the quiet period, and is right.

    Who says `not there` too early, or wrongly, takes the risk: that is not explored.
    """
    if world.state != UNKNOWN:
        return
    yield "a person gives up", moved(setup, world, GIVEN_UP)
    if world.effects:
        yield "a person says: it is there", moved(setup, world, SENT)
    elif world.since == setup.timing.quiet:
        yield "a person says: it is not there", moved(setup, world, PENDING)


def reconcile(setup: Setup, world: World) -> Iterator[Step]:
    """The provider is asked; reading and recording are two steps."""
    if not setup.can_be_read or world.state != UNKNOWN:
        return
    if world.in_hand:
        yield from _absent(setup, world)
    elif world.since == setup.timing.quiet or "quiet" not in setup.rules:
        absent = world._replace(in_hand=True)
        if world.effects:
            yield "the provider says present", moved(setup, world, SENT)
        if not world.effects or world.age < setup.timing.lag:
            yield "the provider says absent", absent
        elif not world.misread:
            yield "the provider says absent, wrongly", absent._replace(misread=True)


def _absent(setup: Setup, world: World) -> Iterator[Step]:
    if world.absents or "two-reads" not in setup.rules:
        yield "it is proven absent", moved(setup, world, PENDING)
        yield "it is proven absent, and had its last try", moved(setup, world, FAILED)
    else:
        yield "an absent reading is recorded", world._replace(absents=1, in_hand=False)
