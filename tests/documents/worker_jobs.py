"""Jobs for the tests of the render workers, each of which does one thing that a job must not do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from aicmo.errors import FixInput


def process_and(word: str) -> str:
    return f"{word} {os.getpid()}"


def environment() -> dict[str, str]:
    return dict(os.environ)


def print_much() -> str:
    sys.stdout.write("a library's chatter\n")
    os.write(1, b"and another's\n")
    return "the answer"


def die() -> None:
    sys.stderr.write("the last words\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    time.sleep(60)


def hog() -> int:
    return len(bytearray(10 * 1024**3))


def refuse() -> None:
    raise FixInput("The template is wrong", next_step="Correct it.")


def fail() -> None:
    raise ValueError("nobody expected this")


def connect(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def connect_without_python(port: int) -> int:
    """Past the audit hook: the C library's own connect. 0 if it got through."""
    import ctypes  # noqa: PLC0415  (only this job needs it)

    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.socket(2, 1, 0)
    address = (2).to_bytes(2, sys.byteorder) + port.to_bytes(2, "big") + bytes([127, 0, 0, 1])
    return libc.connect(handle, address + bytes(8), 16)


def look_up() -> None:
    socket.getaddrinfo("localhost", 80)


def start_a_program() -> None:
    subprocess.run(["/bin/true"], check=True)


def write_file(path: str) -> None:
    Path(path).write_text("done", encoding="utf-8")
