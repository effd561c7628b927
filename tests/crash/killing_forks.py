"""Starts workers quickly: one process imports everything once, and forks for each worker.

Run as a module it is that process: a job per line on its input, what became of it on its output.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.killing_clock import SharedClock
from tests.crash.killing_worker import Job, work
from tests.peers.children import running

_PR_SET_PDEATHSIG = 1  # prctl(2)
_ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Worker:
    """One forked process.

    exit_code: negative is the signal that ended it.
    """

    log: Path
    pid: int = 0
    exit_code: int = 0
    has_started: threading.Event = field(default_factory=threading.Event)
    has_halted: threading.Event = field(default_factory=threading.Event)
    has_ended: threading.Event = field(default_factory=threading.Event)

    @property
    def was_killed(self) -> bool:
        return self.exit_code == -signal.SIGKILL

    def kill(self) -> None:
        assert self.has_started.wait(60)
        if not self.has_ended.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait_until_it_halts(self) -> None:
        """Because it was stopped, or because it has ended."""
        assert self.has_halted.wait(60), f"worker {self.pid} goes on: {self.log.read_text()}"

    def go_on(self) -> None:
        if not self.has_ended.is_set():
            os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> int:
        assert self.has_ended.wait(60), f"worker {self.pid} doesn't end: {self.log.read_text()}"
        return self.exit_code


class ForkServer:
    """The side of the tests."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self.folder = process, folder
        self.clock = SharedClock(folder / "clock")
        self._workers: list[Worker] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, worker: Worker, job: Job) -> None:
        """Forks `worker`; its errors go into its log."""
        self._order(worker, job, forks=True)

    def warm_up(self, worker: Worker, job: Job) -> None:
        """Does a job without forking: what it loads and compiles is there for those that follow."""
        self._order(worker, job, forks=False)

    def _order(self, worker: Worker, job: Job, *, forks: bool) -> None:
        self._workers.append(worker)
        assert self._process.stdin
        order = {
            "number": len(self._workers) - 1,
            "log": str(worker.log),
            "job": asdict(job),
            "forks": forks,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        assert worker.has_started.wait(60), "the fork server doesn't answer"

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            said = json.loads(line)
            worker = self._workers[said["number"]]
            if "pid" in said:
                worker.pid = said["pid"]
                worker.has_started.set()
                continue
            worker.has_halted.set()
            if "exit_code" in said:
                worker.exit_code = said["exit_code"]
                worker.has_ended.set()


@contextmanager
def fork_server(folder: Path, environment: Mapping[str, str]) -> Iterator[ForkServer]:
    """A running fork server; its workers' errors are written into `folder`."""
    command = [sys.executable, "-m", "tests.crash.killing_forks"]
    pipe = subprocess.PIPE
    with running(command, stdin=pipe, stdout=pipe, cwd=_ROOT, env=environment) as process:
        yield ForkServer(process, folder)


def _serve() -> None:
    """Forks for every line, until the input ends; single-threaded, so that a fork is whole."""
    ended, on_child = os.pipe()
    os.set_blocking(on_child, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(on_child)
    numbers: dict[int, int] = {}
    unread = b""
    while True:
        ready, _, _ = select.select([0, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            _reap(numbers)
        if 0 in ready:
            received = os.read(0, 65536)
            if not received:
                return
            *lines, unread = (unread + received).split(b"\n")
            for line in lines:
                _follow(json.loads(line), numbers)


def _follow(order: dict[str, Any], numbers: dict[int, int]) -> None:
    if not order["forks"]:
        work(Job(**order["job"]))
        _say(number=order["number"], pid=0)
        _say(number=order["number"], exit_code=0)
        return
    pid = os.fork()
    if not pid:
        _become_worker(order)
    numbers[pid] = order["number"]
    _say(number=order["number"], pid=pid)


def _reap(numbers: dict[int, int]) -> None:
    while numbers:
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        if not pid:
            return
        if os.WIFSTOPPED(status):
            _say(number=numbers[pid], stopped_by=os.WSTOPSIG(status))
            continue
        _say(number=numbers.pop(pid), exit_code=os.waitstatus_to_exitcode(status))


def _say(**said: int) -> None:
    os.write(1, json.dumps(said).encode() + b"\n")


def _become_worker(order: dict[str, Any]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    log = os.open(order["log"], os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, number)
    try:
        job = Job(**order["job"])
        SharedClock(Path(job.clock)).rule_this_process()
        work(job)
    except BaseException:  # noqa: BLE001  (whatever it is, the test must see it, and no loop be left)
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    _serve()
