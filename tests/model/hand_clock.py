"""A clock that is set by hand, for the ledger and for this machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.execution import arming, dispatch, handing_over, watermarks
from aicmo.gateways import contract
from tests.projects import NOW


class HandClock:
    """Wall time and monotonic time; stands in for the module `time` where the engine measures."""

    def __init__(self) -> None:
        self.set_anew()

    def set_anew(self) -> None:
        self._passed, self.set_back = 0.0, 0.0

    @property
    def wall(self) -> datetime:
        return NOW + timedelta(seconds=self._passed - self.set_back)

    def monotonic(self) -> float:
        # No two readings are the same.
        self._passed += 1e-6
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Time passes, also where the engine waits for it."""
        self._passed += seconds

    def go_back(self, seconds: float) -> None:
        """What a time server does to the wall clock; the monotonic one never sees it."""
        self.set_back += seconds


class HandClockDatabase(Database):
    """Its clock is set by hand; it isn't forced to the disk, since only the process can die."""

    def __init__(self, url: str, clock: HandClock) -> None:
        super().__init__(url)
        self.clock = clock

    def now(self, session: Session) -> datetime:
        return self.clock.wall


def install(clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the engine measure by `clock`; the watchdog alone keeps to the real time."""
    for module in (arming, dispatch, handing_over, contract):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(watermarks, "datetime", _datetime_of(lambda: clock.wall))


def _datetime_of(now_of_clock: Callable[[], datetime]) -> type[datetime]:
    class ByHand(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return now_of_clock().astimezone(tz or UTC)

    return ByHand
