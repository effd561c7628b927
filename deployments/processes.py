"""The server and the worker as child processes that end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from aicmo.errors import FixConfiguration

_PATIENCE_SECONDS = 20
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """SIGINT, SIGTERM and SIGHUP as one KeyboardInterrupt, which can be put off for a moment."""

    def __init__(self) -> None:
        self._deferred = self._pending = False

    def install(self) -> None:
        # Also undoes a SIGINT that a script's `&` made us ignore, and the worker after us.
        for number in _SIGNALS:
            signal.signal(number, self._handle)

    @contextmanager
    def deferred(self) -> Generator[None]:
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        if self._pending:
            self._raise()

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._pending = True
        if not self._deferred:
            self._raise()

    def _raise(self) -> None:
        # A second Ctrl-C must not cut the ending short: it would leave a server behind.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt


interrupts = Interrupts()


class Child:
    """One Python command, its output in a log file; it is the leader of a group of its own.

    A Ctrl-C in the terminal reaches only the parent, which then ends its children in order.
    """

    def __init__(
        self, name: str, arguments: list[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait(self, seconds: float) -> None:
        """Waits for its end.

        Raises:
            FixConfiguration: it failed, or didn't end in time.
        """
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        if self._process.returncode != 0:
            raise FixConfiguration(f"{self.name} failed", next_step=f"Its log is {self.log}.")

    def stop(self) -> None:
        """SIGTERM to the command, then SIGKILL to whatever of its group is left."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Children:
    """Started in order, ended in the opposite order."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def start(self, make: Callable[[], Child]) -> Child:
        """Keeps what `make` starts; a Ctrl-C in between waits, or it would leave a child behind."""
        with interrupts.deferred():
            child = make()
            self._children.append(child)
        return child

    def finish(self, child: Child, seconds: float) -> None:
        """Waits for a child that does its work and ends.

        Raises:
            FixConfiguration: it failed, or didn't end in time.
        """
        child.wait(seconds)
        self._children.remove(child)

    def watch(self) -> Child:
        """Waits until one of them ends by itself; returns it."""
        while True:
            for child in self._children:
                if child.ended:
                    return child
            time.sleep(0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for child in reversed(self._children):
            child.stop()
