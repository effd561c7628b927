"""How fast one worker may begin messages: in all, and to one recipient domain."""

from __future__ import annotations

from collections import deque

from aicmo.smtp_relay import SmtpRelay


class _Window:
    """At most `count` in any span of so many seconds."""

    __slots__ = ("_count", "_seconds", "_times")

    def __init__(self, count: int, seconds: float) -> None:
        self._count, self._seconds = count, seconds
        self._times: deque[float] = deque(maxlen=count)

    def free_at(self) -> float:
        """When there is room for one more; in the past if there is."""
        is_full = len(self._times) == self._count
        return self._times[0] + self._seconds if is_full else 0.0

    def note(self, now: float) -> None:
        self._times.append(now)


class Pace:
    """Times are those of `time.monotonic()`."""

    def __init__(self, relay: SmtpRelay) -> None:
        self._all = _Window(relay.per_second, 1.0) if relay.per_second else None
        self._per_domain = relay.per_domain
        self._domains: dict[str, _Window] = {}

    def free_at(self, domain: str) -> float:
        """When a message to `domain` may begin; in the past if it may."""
        mine = self._domains.get(domain)
        return max(self._all.free_at() if self._all else 0.0, mine.free_at() if mine else 0.0)

    def note(self, domain: str, now: float) -> None:
        """One begins."""
        if self._all:
            self._all.note(now)
        if self._per_domain:
            if domain not in self._domains:
                count, per = self._per_domain
                self._domains[domain] = _Window(count, per.total_seconds())
            self._domains[domain].note(now)
