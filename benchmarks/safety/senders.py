"""Processes that can be killed at any moment, and never outlive the benchmark."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)
_TERM_SECONDS = 10.0
_ROOT = Path(__file__).parents[2]
_OURS = ("PREFECT_", "AICMO_", "EXECUTION_", "DJANGO_", "SAFETY_", "NODE_", "PYTHON")


def clean_environment() -> dict[str, str]:
    """This process's, without settings that would leak into a contestant."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, "PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1"}


_alive: set[Process] = set()


def kill_all() -> None:
    """Ends everything that was started and hasn't ended."""
    for process in tuple(_alive):
        process.kill()


class Process:
    """A command in a group of its own; its output goes to a log."""

    def __init__(
        self, command: Sequence[object], folder: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env={**clean_environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  (one system call; takes no lock)
            )
        _alive.add(self)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def status(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        """SIGKILL to the group; returns when the process is dead."""
        self.signal(signal.SIGKILL)
        self._process.wait()
        _alive.discard(self)

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after ten seconds, as service managers do."""
        self.signal(signal.SIGTERM)
        self.wait(_TERM_SECONDS)
        self.kill()

    def wait(self, seconds: float) -> bool:
        """True if it ended by itself in time."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.ended


def run_word(
    command: Sequence[object],
    folder: Path,
    environment: Mapping[str, str],
    *,
    output: Path,
    seconds: float,
) -> int:
    """Runs one of a contestant's other words to its end; its status, or -9 after `seconds`."""
    process = Process(command, folder, environment, output)
    try:
        process.wait(seconds)
    finally:
        process.kill()
    return process.status or 0


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
