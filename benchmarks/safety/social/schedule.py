"""The published schedule of posts: which answers are lost, when a worker is killed, how time goes on.

Nothing in it depends on chance, and it is the same for every contestant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.peers.http_exchange import Fault, Stage

_LATER = Fault(status=429, headers={"Retry-After": "300"})
FAULTS: tuple[Fault, ...] = (
    Fault(applies=True, then="close"),
    Fault(applies=True, status=503),
    _LATER,
    Fault(applies=True, then="reset"),
    Fault("body", then="reset"),
    Fault(applies=True, then="close"),
    Fault(applies=True, then="cut"),
    Fault(status=500),
    Fault(applies=True, then="garbage"),
    Fault("head", then="close"),
    Fault(applies=True, status=503),
    Fault(applies=True, then="twice"),
    Fault(applies=True, then="hang"),
    Fault(status=400),
    _LATER,
    Fault("connect", then="close"),
    Fault(then="hang"),
)
"""`applies`: the post is out, whatever the answer. Seven of them lose the answer to a post that is out,
three to one that isn't; `cut` and `twice` only spoil it; the other five refuse, or end before the post."""

EVERY = 6
"""The publishing request of a plan with this number, and each multiple, meets the next fault."""
_STRIDE = 7
KILLED_AT: tuple[Stage, ...] = ("head", "body", "applied", "answer")
"""What the network has just seen when the worker is killed, in turn: the head of the request, its
body; it has published, and not answered; it has answered by half."""

UNREADABLE = (None, None, None, None, Fault(status=503))
"""What questions to the network meet, in turn: every fifth isn't answered."""
_QUESTIONS = 100

BEGINS = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
APART = timedelta(minutes=2)
"""Between two posts of a plan."""
A_RUN_EVERY = timedelta(minutes=20)
"""Each run is followed by `reconcile`; after the last post they come every four hours at last."""
DOWN_FOR = timedelta(hours=1)
"""From a kill to the next run."""
LAG = timedelta(minutes=4)
"""How long a timeline doesn't show a post that is out."""


@dataclass(frozen=True, slots=True)
class PostSizes:
    """plans: of each network; posts: of each plan; kill_every: in one of so many, the worker is killed."""

    plans: int
    posts: int
    kill_every: int


FULL, QUICK = PostSizes(plans=8, posts=40, kill_every=1), PostSizes(plans=1, posts=8, kill_every=5)


def faults_of(place: int, posts: int) -> dict[int, Fault]:
    """The faults of a plan by the number of the publishing request; each plan begins at another one.

    place: of the plan among all.
    """
    numbers = range(EVERY, posts * EVERY, EVERY)
    first = place * _STRIDE
    return {each: FAULTS[(first + at) % len(FAULTS)] for at, each in enumerate(numbers)}


def unreadable() -> list[Fault | None]:
    """What a plan's questions to the network meet."""
    return [*UNREADABLE * _QUESTIONS]


def kill_of(place: int, sizes: PostSizes) -> tuple[int, Stage] | None:
    """The publishing request of a plan at which its worker is killed, and how far it was."""
    turn, is_other = divmod(place, sizes.kill_every)
    # An odd request meets no fault as well.
    return None if is_other else (sizes.posts // 2 | 1, KILLED_AT[turn % len(KILLED_AT)])
