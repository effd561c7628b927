"""Server processes that never outlive the tests."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)


@contextmanager
def running(
    command: list[Any], *, stop_signal: signal.Signals = signal.SIGTERM, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """The started process; ended on leaving, and by the kernel if the tests are killed (Linux)."""
    process = subprocess.Popen(
        command,
        text=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509  (one system call; takes no lock)
        **options,
    )
    try:
        yield process
    finally:
        process.send_signal(stop_signal)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
