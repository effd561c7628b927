"""The pool of render workers: processes that are kept warm, limited, and replaced when they fail."""

from __future__ import annotations

import atexit
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import LifoQueue
from threading import Event, Lock, Timer
from typing import Any, Self

from aicmo import errors
from aicmo.errors import AicmoError
from aicmo.packaging import fonts
from aicmo.packaging.render_worker import read, write

MODULE = "aicmo.packaging.render_worker"
TIMEOUT_SECONDS = 240.0
MEMORY_BYTES = 2 * 1024**3
RETIRED_MB = 200.0
"""A worker that has taken more is replaced after its job: Python hardly ever gives memory back."""
_ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take: wall seconds, and bytes of address space."""

    seconds: float = TIMEOUT_SECONDS
    memory_bytes: int = MEMORY_BYTES


class WorkerPool:
    """At most `size` processes at a time; calls wait for a free one and may come from many threads."""

    def __init__(self, size: int, limits: Limits = Limits()) -> None:
        self.size = size
        self._limits = limits
        self._folder = tempfile.TemporaryDirectory(prefix="aicmo-render-")
        self._fonts = fonts.write_fontconfig(Path(self._folder.name))
        self.isolation = ""
        """What keeps a worker from the network, once one was started."""
        self.peak_mb = 0.0
        """The most memory that a worker has taken so far."""
        self._idle: LifoQueue[_Worker | None] = LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    def run(self, function: str, *arguments: object, **named: object) -> Any:
        """What `module:function` returns in a worker: JSON's types, a dataclass as a dict.

        Raises:
            AicmoError: the function raised it or another error, died, or took too long; the worker
                is replaced if it may be damaged.
        """
        worker = self._idle.get()
        try:
            if worker is None or not worker.is_alive():
                worker = _Worker(Path(self._folder.name), self._fonts, self._limits)
                self.isolation = worker.isolation
            answer = worker.ask(function, pickle.dumps((function, arguments, named)))
        except BaseException:
            if worker:
                worker.end()
            self._idle.put(None)
            raise
        self.peak_mb = max(self.peak_mb, answer["peak_mb"])
        # What failed may have left its process damaged.
        if "error" in answer or answer["peak_mb"] > RETIRED_MB:
            worker.end()
            worker = None
        self._idle.put(worker)
        return _result(answer)

    def close(self) -> None:
        """Ends the idle workers; for when no job is running."""
        for _ in range(self.size):
            if worker := self._idle.get():
                worker.end()
            self._idle.put(None)
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Worker:
    def __init__(self, folder: Path, fontconfig: Path, limits: Limits) -> None:
        self._limits = limits
        self._told = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (it lives as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._told,
            cwd=folder,
            env=_environment(folder, fontconfig),
        )
        self.isolation = self._hear(f"{MODULE}:main")["isolation"]

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, name: str, job: bytes) -> dict[str, Any]:
        try:
            write(self._process.stdin, job)  # pyright: ignore[reportArgumentType]  (it is a pipe)
        except BrokenPipeError:
            raise self._death(name) from None
        return self._hear(name)

    def _hear(self, name: str) -> dict[str, Any]:
        late = Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = Timer(self._limits.seconds, stop)
        timer.start()
        try:
            answer = read(self._process.stdout)  # pyright: ignore[reportArgumentType]  (it is a pipe)
        finally:
            timer.cancel()
        if answer is not None:
            return json.loads(answer)
        raise _too_long(name, self._limits) if late.is_set() else self._death(name)

    def _death(self, name: str) -> AicmoError:
        status = self._process.wait()
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        self._told.seek(0)
        told = self._told.read().decode(errors="replace").strip().splitlines()
        last = told[-1] if told else "it gave no reason"
        return AicmoError(
            f"The render worker of {name} ended with {how}: {last}",
            next_step="The other files don't need it; run the package again to try it again.",
        )

    def end(self) -> None:
        """Ends the process now, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._told):
            if stream:
                # What was left to write to a dead process is lost with it.
                with suppress(BrokenPipeError):
                    stream.close()


def _environment(folder: Path, fontconfig: Path) -> dict[str, str]:
    # Nothing else of ours goes to a worker: no addresses, no secrets.
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "FONTCONFIG_FILE": str(fontconfig),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # A worker computes on one core: the pool is what uses the others.
        "OMP_NUM_THREADS": "1",
    }


def _too_long(name: str, limits: Limits) -> AicmoError:
    return AicmoError(
        f"The render worker of {name} was stopped after {limits.seconds:g} seconds",
        next_step="Package a plan with fewer items, or on a less busy machine.",
    )


def _result(answer: dict[str, Any]) -> Any:
    if "error" not in answer:
        return answer["result"]
    kind = getattr(errors, answer["error"])
    raise kind(answer["text"], next_step=answer.get("next_step", ""))


_shared: list[WorkerPool] = []
_starting = Lock()


def shared_pool(size: int | None = None) -> WorkerPool:
    """This process's pool, which lives as long as it.

    Args:
        size: workers at most, when it is first asked for; a worker for each core otherwise.
    """
    with _starting:
        if not _shared:
            pool = WorkerPool(size or len(os.sched_getaffinity(0)))
            atexit.register(pool.close)
            _shared.append(pool)
        return _shared[0]
