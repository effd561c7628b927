"""The published schedule: how many deliveries, which faults, at which messages.

Everything here is fixed and the same for every contestant. A fault belongs to a recipient's number
or to a count of messages, never to chance or to the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Step = Literal["connect", "mail", "data", "body", "dot", "answer"]

STEPS: tuple[Step, ...] = ("dot", "connect", "mail", "data", "body", "answer")
"""Where a sender is killed, in this order: the final dot has arrived and was applied, but isn't
answered; it has connected; MAIL has arrived; DATA has arrived; half a body has arrived; the answer
to the dot was just written."""

CLIENT_SECONDS = 2.0
"""Every contestant's time-out on connecting and on every answer."""

SECONDS_AN_HOUR_LATER = 3600
"""How far the clock goes on between two runs that follow one another, where it can be set."""


class Fault(StrEnum):
    """What the relay does to one recipient's message."""

    CLOSE = "applies the message, then closes instead of answering; the first time"
    RESET = "applies the message, then resets the connection; the first time"
    SLOW = "applies the message and answers later than the client waits; every time"
    CUT = "closes when DATA arrives, applies nothing; the first time"
    GREYLIST = "451 4.7.1 to RCPT; the first time"
    REFUSE = "550 5.1.1 to RCPT; every time"


ALWAYS = frozenset({Fault.SLOW, Fault.REFUSE})

_BY_REMAINDER = {
    11: Fault.CLOSE,
    23: Fault.RESET,
    37: Fault.GREYLIST,
    53: Fault.REFUSE,
    61: Fault.CLOSE,
    87: Fault.GREYLIST,
    97: Fault.CUT,
}


def fault_of(number: int) -> Fault | None:
    """The fault of a recipient in the scenario `answers`.

    2 % close, 1 % reset, 0.5 % slow, 1 % cut, 2 % greylisted, 1 % refused.
    """
    if number % 200 == 79:
        return Fault.SLOW
    return _BY_REMAINDER.get(number % 100)


def is_notice(number: int) -> bool:
    """Every 50th recipient gets the notice, whose text is edited after it was queued."""
    return number % 50 == 7


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL at the first `step` once `after` messages were begun."""

    after: int
    step: Step


def kills(size: int, steps: tuple[Step, ...]) -> tuple[Kill, ...]:
    """Each step in turn, evenly over the first nine tenths of the messages.

    A client that keeps its connection doesn't connect again by itself: that kill follows directly
    on the one before it.
    """
    apart = size * 0.9 / len(steps)
    counts = [int(apart * (place + 1)) for place in range(len(steps))]
    return tuple(
        Kill(counts[place - 1] if step == "connect" else counts[place], step)
        for place, step in enumerate(steps)
    )


@dataclass(frozen=True, slots=True)
class Sizes:
    """Deliveries by scenario, and the steps at which `crashes` kills, in turn."""

    crashes: int
    answers: int
    triggers: int
    consent: int
    kills: tuple[Step, ...]

    @property
    def total(self) -> int:
        return self.crashes + self.answers + self.triggers + self.consent


FULL = Sizes(4_000, 3_000, 1_000, 2_000, kills=STEPS * 5)
TENTH = Sizes(400, 300, 100, 200, kills=STEPS)
QUICK = Sizes(40, 40, 12, 60, kills=STEPS[:1])
TINY = Sizes(8, 40, 6, 60, kills=STEPS[:1])

PER_SECOND_WHILE_A_PERSON_ACTS = 10.0
"""What the relay takes while somebody opts out or says stop, so that it is in the middle of sending
for every contestant, however quick the one and slow the other."""

STOP_AT, OPT_OUT_AT = 0.25, 0.5
"""Share of the messages begun when a person says stop, and when people opt out in the middle."""


def opted_out_before(size: int) -> tuple[int, ...]:
    """Who opts out after queueing and before the first message: every 50th."""
    return tuple(number for number in range(1, size + 1) if number % 50 == 13)


def opted_out_meanwhile(size: int) -> tuple[int, ...]:
    """Who opts out while others are being sent: every 25th of the second half of the list."""
    return tuple(number for number in range(size // 2 + 1, size + 1) if number % 25 == 0)
