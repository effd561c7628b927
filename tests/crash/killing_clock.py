"""A clock for all processes of a test: it runs ahead, so that leases pass without anybody waiting."""

from __future__ import annotations

import mmap
import struct
import time
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from aicmo.database import Database

_SECONDS = struct.Struct("d")


class SharedClock:
    """How far the time of everybody who opened `file` is ahead of this machine's."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(_SECONDS.pack(0))
        self.file = file
        with file.open("r+b") as opened:
            self._seconds = mmap.mmap(opened.fileno(), _SECONDS.size)

    @property
    def ahead(self) -> float:
        """In seconds."""
        return _SECONDS.unpack(self._seconds[:])[0]

    def pass_time(self, span: timedelta) -> None:
        self._seconds[:] = _SECONDS.pack(self.ahead + span.total_seconds())

    def rule_this_process(self) -> None:
        """Deadlines of this process follow it, too: `time.monotonic` of whoever asks `time` for it."""
        real = time.monotonic
        time.monotonic = lambda: real() + self.ahead


class ShiftedDatabase(Database):
    """A database whose clock is ahead."""

    def __init__(self, url: str, clock: SharedClock) -> None:
        super().__init__(url)
        self._clock = clock

    def now(self, session: Session) -> datetime:
        return super().now(session) + timedelta(seconds=self._clock.ahead)
