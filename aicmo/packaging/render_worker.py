"""A process that renders what it is told to, one job after another, and can't reach anybody.

A job on standard input is its length in eight bytes and a pickle: the function's name
(`module:function`) and its arguments. The answer is its length and JSON, which a parent can read
without trusting it. A worker sees no network: it leaves the network's namespace where the kernel
lets it, and refuses every call that would connect, look up a name or start a program.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import pickle
import resource
import sys
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import IO, Any

from aicmo.errors import AicmoError

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
"""Flags of unshare(2)."""
_REFUSED = (
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
    "socket.gethostbyname", "socket.gethostbyaddr", "subprocess.Popen", "os.system", "os.exec",
    "os.posix_spawn", "os.fork",
)  # fmt: skip


def main() -> None:
    """Answers jobs until standard input ends; the argument is the limit on memory in bytes."""
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints must not stand between two answers.
    os.dup2(2, 1)
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    write(answers, _text({"isolation": _isolate()}))
    while (job := read(jobs)) is not None:
        write(answers, _text(_answer(job) | {"peak_mb": _peak_mb()}))


def _isolate() -> str:
    """Cuts the process off; returns by what."""
    libc = ctypes.CDLL(None, use_errno=True)
    apart = libc.unshare(_NEW_NETWORK) == 0 or libc.unshare(_NEW_USER | _NEW_NETWORK) == 0
    sys.addaudithook(_refuse)
    return "a network namespace of its own and an audit hook" if apart else "an audit hook"


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event in _REFUSED:
        raise PermissionError(f"A render worker may not use {event}")


def _answer(job: bytes) -> dict[str, Any]:
    name, arguments, named = pickle.loads(job)  # noqa: S301  (our parent wrote it)
    module, _, function = name.partition(":")
    try:
        result = getattr(importlib.import_module(module), function)(*arguments, **named)
    except AicmoError as error:
        return {"error": type(error).__name__, "text": str(error), "next_step": error.next_step}
    except MemoryError:
        return {"error": "AicmoError", "text": "It needs more memory than it may use"}
    except Exception as error:  # noqa: BLE001  (told to the parent, which names the job)
        return {"error": "AicmoError", "text": f"{type(error).__name__}: {error}"}
    return {"result": asdict(result) if is_dataclass(result) else result}  # pyright: ignore[reportArgumentType]


def _text(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, default=str).encode()


def _peak_mb() -> float:
    told = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (each for each in told.splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def read(stream: IO[bytes]) -> bytes | None:
    """One message; None where the stream ends."""
    size = stream.read(8)
    return stream.read(int.from_bytes(size, "big")) if len(size) == 8 else None  # noqa: PLR2004


def write(stream: IO[bytes], message: bytes) -> None:
    stream.write(len(message).to_bytes(8, "big") + message)
    stream.flush()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
