"""A worker that stops before and after every transaction, and inside every request, until it is told to go on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any

from sqlalchemy.orm import Session

from tests.model.hand_clock import HandClock, HandClockDatabase
from tests.model.wishes import Wishes

ENDED, WAITS = "its end", "waits for the answer"
STOPS = (
    "before claim",
    "before arm",
    "after arm",
    "connects",
    "is allowed",
    WAITS,
    "before settle",
    ENDED,
)
"""The places where it matters what happens meanwhile; there are more."""


class Killed(BaseException):
    """SIGKILL: from here on the worker changes nothing any more."""


class SteppedWorker:
    """One job of the real engine in a thread of its own; never does anything while others do.

    at: where it stops.
    claimed: the deliveries that were claimed when it last began to arm.
    armed_under: what people wanted when it armed its newest batch.
    """

    def __init__(self, job: Callable[[SteppedWorker], None]) -> None:
        self.at = "its beginning"
        self.claimed, self.armed_under = set[int](), Wishes()
        self.failure: BaseException | None = None
        self._job, self._is_killed, self._told = job, False, None
        self._may_go_on, self._has_stopped = Lock(), Lock()
        self._may_go_on.acquire()
        self._has_stopped.acquire()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def go_on(self, told: Any = None) -> str:
        """Works from here, where `told` is what it gets, to the next stop, which is returned.

        What goes wrong on the way is raised.
        """
        self._told = told
        self._may_go_on.release()
        self._has_stopped.acquire()
        if self.at == ENDED:
            self._thread.join()
        if self.failure is not None:
            raise self.failure
        return self.at

    def kill(self) -> None:
        self._is_killed = True
        self.go_on()

    def stop(self, at: str) -> Any:
        """Called by the worker itself."""
        if not self._is_killed:
            self.at = at
            self._has_stopped.release()
            self._may_go_on.acquire()
        if self._is_killed:
            raise Killed
        return self._told

    def _work(self) -> None:
        self._may_go_on.acquire()
        try:
            if not self._is_killed:
                self._job(self)
        except BaseException as error:  # noqa: BLE001  (told to the test, in its own thread)
            # What goes wrong while a dead process is taken down, nobody sees.
            self.failure = None if self._is_killed else error
        self.at = ENDED
        self._has_stopped.release()


class SteppedDatabase(HandClockDatabase):
    """A worker's own handle of the ledger: it stops around every transaction."""

    def __init__(self, url: str, clock: HandClock, stop: Callable[[str], Any]) -> None:
        super().__init__(url, clock)
        self._stop = stop

    @contextmanager
    def write(self) -> Generator[Session]:
        step = _step_of_the_engine()
        self._stop(f"before {step}")
        with super().write() as session:
            yield session
        self._stop(f"after {step}")


def _step_of_the_engine() -> str:
    """The function of the engine that writes: `claim`, `arm`, `settle` …"""
    frame = sys._getframe(1)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith("aicmo.execution."):
            return frame.f_code.co_name.lstrip("_")
        frame = frame.f_back
    return "write"
