"""The last bound of a request: a process that hangs in one is ended, its journal tells the rest."""

from __future__ import annotations

import os
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

EXIT_STATUS = 75
"""EX_TEMPFAIL of sysexits.h: try again later."""
_LOOK_SECONDS = 1.0


class Watchdog(AbstractContextManager["Watchdog"]):
    """Ends the process when one transmission takes longer than `bound` seconds.

    Every gateway bounds its own waits; this is for what no time-out reaches, such as a name server
    that never answers. Without it, a request could still have its effect after its lease.
    """

    def __init__(self, bound: float) -> None:
        self._bound = bound
        self._since: float | None = None
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True, name="aicmo-watchdog")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finished.set()
        self._thread.join()

    def start(self) -> None:
        """A transmission begins, or the next answer of several is waited for."""
        self._since = time.monotonic()

    def stop(self) -> None:
        """Nothing is under way."""
        self._since = None

    def _look(self) -> None:
        while not self._finished.wait(min(_LOOK_SECONDS, self._bound)):
            since = self._since
            if since is not None and time.monotonic() - since > self._bound:
                text = (
                    f"A request took more than {self._bound:g} s: this process ends. Run again.\n"
                )
                os.write(2, text.encode())
                os._exit(EXIT_STATUS)
