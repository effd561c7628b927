"""What a peer has seen: the only truth about what happened. Knows nothing of the protocol."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.safety.schedule import ALWAYS, Fault, Kill, Step


@dataclass(frozen=True, slots=True)
class Effect:
    """One message that was taken. began: `time.monotonic()` when its content was announced."""

    number: int
    began: float
    edited: bool


class Witness:
    """Counts messages and effects, and says when it is time for a fault. For any number of threads.

    on_kill: called with the sender's slot; returns when that process is dead.
    """

    def __init__(
        self,
        kills: Iterable[Kill] = (),
        fault_of: Callable[[int], Fault | None] = lambda _: None,
        on_kill: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.effects: list[Effect] = []
        self.begun = 0
        self.killed: list[Kill] = []
        self._kills, self._fault_of, self._on_kill = list(kills), fault_of, on_kill
        self._tried: Counter[int] = Counter()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """A message was begun."""
        with self._lock:
            self.begun += 1

    def fault(self, number: int) -> Fault | None:
        """The fault of this try, which is counted."""
        with self._lock:
            self._tried[number] += 1
            fault = self._fault_of(number)
            return fault if fault in ALWAYS or self._tried[number] == 1 else None

    def take(self, number: int, began: float, *, edited: bool) -> None:
        """A message was accepted: this is the effect."""
        with self._lock:
            self.effects.append(Effect(number, began, edited))

    def reach(self, step: Step, slot: int) -> bool:
        """Kills the sender if the schedule says so at this step; True if it did."""
        with self._lock:
            due = self._kills and self.begun >= self._kills[0].after
            if not due or self._kills[0].step != step:
                return False
            self.killed.append(self._kills.pop(0))
        self._on_kill(slot)
        return True


class Pace:
    """Slows every connection down while a person acts, so that it is in the middle for everybody."""

    def __init__(self) -> None:
        self._apart, self._next = 0.0, 0.0
        self._lock = threading.Lock()

    @contextmanager
    def slow(self, per_second: float) -> Iterator[None]:
        """At most so many messages a second, over all connections."""
        self._apart = 1 / per_second
        try:
            yield
        finally:
            self._apart = 0.0

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            mine = max(now, self._next)
            self._next = mine + self._apart
        time.sleep(max(0.0, mine - now))
