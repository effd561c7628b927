"""How far a long run is: what became of its deliveries so far, how fast, how long still.

The one source for the terminal and for Prefect's page; both only show a snapshot's line.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aicmo.execution.report import DUE, read_books

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from aicmo.execution.states import State

_WINDOW_SECONDS = 30.0
_FEWEST_MARKS = 4
"""A batch is reported at once: on a slow channel the window spans some batches, not seconds."""

_WORDS = {"pending": "waiting again"}
_ORDER = ("sent", "failed", "unknown", "held", "skipped", "cancelled", "expired", "waiting again")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Progress at one moment.

    total: deliveries in all; None if nobody knows.
    counts: deliveries by what became of them, in the words of a report; empty for a preview.
    per_second, seconds_left: None until enough has happened to tell.
    """

    done: int
    total: int | None
    counts: Mapping[str, int]
    per_second: float | None = None
    seconds_left: float | None = None

    @property
    def percent(self) -> float:
        """0 to 100; 0 when the total isn't known."""
        return 100 * self.done / self.total if self.total else 0.0

    @property
    def pace(self) -> str:
        """`1,240 of 10,000 · 85/s · 1 min 43 s left`; empty before anything is done."""
        if not self.done:
            return f"0 of {self.total:,}" if self.total else ""
        of_all = "" if self.total is None else f" of {self.total:,}"
        left = "" if self.seconds_left is None else f"{duration(self.seconds_left)} left"
        parts = (f"{self.done:,}{of_all}", _rate(self.per_second), left)
        return " · ".join(part for part in parts if part)

    @property
    def outcomes(self) -> str:
        """`1,201 sent, 3 failed, 36 held`."""
        return ", ".join(
            f"{self.counts[word]:,} {word}" for word in _ORDER if self.counts.get(word)
        )

    @property
    def line(self) -> str:
        """`1,240 of 10,000 · 85/s · 1 min 43 s left · 1,201 sent, 3 failed, 36 held`."""
        return " · ".join(part for part in (self.pace, self.outcomes) if part)


class Progress:
    """Counts what a run reports, from any thread; called with each delivery's new state.

    Args:
        total: deliveries in all, if that is known.
        before: counts of earlier parts of the same work.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        total: int | None = None,
        *,
        before: Snapshot | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._clock, self._lock = total, clock, threading.Lock()
        self._counts = Counter(before.counts if before else {})
        self._done = before.done if before else 0
        self._marks = deque([(clock(), self._done)])

    def __call__(self, state: State | None = None) -> None:
        """One delivery has settled in `state`; None when it was only composed."""
        with self._lock:
            self._done += 1
            if state is not None:
                self._counts[_WORDS.get(state.value, state.value)] += 1
            self._mark(self._clock())

    def finish(self) -> None:
        """Nothing is left to do: what a guard stopped on the way was in the total, not in `done`."""
        with self._lock:
            self._total = self._done

    def snapshot(self) -> Snapshot:
        with self._lock:
            # What is tried again in the same run is done twice: the total then grows with it.
            total = None if self._total is None else max(self._total, self._done)
            per_second = self._per_second(self._clock())
            left = (total or 0) - self._done
            seconds_left = left / per_second if left > 0 and per_second else None
            return Snapshot(self._done, total, dict(self._counts), per_second, seconds_left)

    def _mark(self, now: float) -> None:
        if len(self._marks) > 1 and now - self._marks[-1][0] < 1:
            self._marks[-1] = (self._marks[-1][0], self._done)
        else:
            self._marks.append((now, self._done))
        while len(self._marks) > _FEWEST_MARKS and now - self._marks[1][0] > _WINDOW_SECONDS:
            self._marks.popleft()

    def _per_second(self, now: float) -> float | None:
        since, done = self._marks[0]
        elapsed = now - since
        return (self._done - done) / elapsed if elapsed >= 1 and self._done > done else None


def count_due(
    session: Session,
    project_id: str,
    channels: Sequence[str],
    *,
    now: datetime,
    limit: int | None = None,
) -> int:
    """Deliveries that a live run at `now` would hand over, at most `limit` on each channel."""
    due: Counter[str] = Counter()
    for tally in read_books(session, project_id, now=now, channels=channels).tallies:
        due[tally.channel] += tally.count if tally.reason == DUE else 0
    return sum(count if limit is None else min(count, limit) for count in due.values())


def duration(seconds: float) -> str:
    """`43 s`, `1 min 43 s`, `2 h 5 min`."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def _rate(per_second: float | None) -> str:
    if per_second is None:
        return ""
    if per_second < 1:
        return f"{per_second * 60:.0f}/min"
    return f"{per_second:.1f}/s" if per_second < 10 else f"{per_second:,.0f}/s"  # noqa: PLR2004
