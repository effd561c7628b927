"""Requests no faster than HubSpot takes them: it counts requests in spans of ten seconds, not records."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

_MAX, _SPAN = "x-hubspot-ratelimit-max", "x-hubspot-ratelimit-interval-milliseconds"
_REMAINING = "x-hubspot-ratelimit-remaining"
_LEFT_TO_OTHERS = 0.05
"""Of the account's limit: another worker may count on it, too."""


class Pace:
    """At most so many requests in each span, as HubSpot's answers say; before the first, 100 in 10 s.

    now, wait: a clock that never goes back, and sleeping, in seconds.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now, self._wait = now, wait
        self._most, self._span = 100, 10.0
        self._begun: deque[float] = deque()
        self._blocked_until = 0.0
        self._turn = threading.Lock()

    def before_request(self) -> None:
        """Waits until one more request may go; of those that ask side by side, one at a time."""
        with self._turn:
            self._sleep_until(self._blocked_until)
            room = max(1, int(self._most * (1 - _LEFT_TO_OTHERS)))
            while len(self._begun) >= room:
                self._sleep_until(self._begun[0] + self._span)
                self._begun.popleft()
            self._begun.append(self._now())

    def after_answer(self, headers: Mapping[str, str]) -> None:
        """Takes over what an answer says of the limit and of what is left of it."""
        most, span = _number(headers.get(_MAX)), _number(headers.get(_SPAN))
        if most and span:
            self._most, self._span = most, span / 1000
        if _number(headers.get(_REMAINING)) == 0:
            self._blocked_until = self._now() + self._span

    def _sleep_until(self, moment: float) -> None:
        if (seconds := moment - self._now()) > 0:
            self._wait(seconds)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004
