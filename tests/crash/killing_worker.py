"""A worker that is killed at a named point. The product has no hooks: it is wrapped from outside."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import AicmoError
from aicmo.execution import dispatch, journal, runs
from aicmo.execution.reconciling import reconcile
from aicmo.execution.report import ExecutionReport
from aicmo.execution.runs import ExecutionRequest
from aicmo.gateways.contract import OpenGateway, RepeatClass
from aicmo.settings import ExecutionConfig
from tests.crash.killing_clock import SharedClock, ShiftedDatabase
from tests.peers import effect_gateways
from tests.peers.effect_gateways import open_effect_gateway

CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["email"])
ANSWER_SECONDS = 0.4
Does = Literal["run", "open", "reconcile"]


@dataclass(frozen=True)
class Job:
    """What one worker does, and where it dies: at the `nth` time it reaches `point`.

    client: what the provider knows it as.
    clock: the file of the clock that it lives by.
    freezes: it isn't killed, but stopped until somebody lets it go on.
    does: the whole run; or only its opening, which takes back what others left behind; or it asks
        the provider about doubts.
    boot: the name of this start of the machine; empty for the real one.
    """

    url: str
    project_id: str
    repeat_class: str
    host: str
    port: int
    client: str
    batch: int
    clock: str
    point: str = ""
    nth: int = 0
    does: Does = "run"
    boot: str = ""
    freezes: bool = False


def work(job: Job) -> None:
    """What the command line and the flows do, too."""
    dispatch.BATCH = dispatch.LARGEST_BATCH = job.batch
    dispatch._LONGEST_WAIT = timedelta()  # waits are passed by the clocks, not by sleeping
    if job.boot:
        journal._boot_id = lambda: job.boot
    database = _database(job.url, job.clock)
    if job.point:
        _Points(job).watch(database)
    if job.does == "reconcile":
        opening = _opening(database, job)
        reconcile(database, job.project_id, CONFIG, lambda _channel: opening, by="worker")
    else:
        _run(database, job)
    database.dispose()


def _run(database: Database, job: Job) -> None:
    request = ExecutionRequest(
        job.project_id,
        enabled=True,
        dry_run=False,
        started_by="worker",
        limit=job.batch if job.freezes else None,  # leaves something to the others
    )
    run = runs.open_run(database, request, CONFIG)
    report = ExecutionReport(job.project_id)
    if job.does == "run":
        items = runs.extract_items(run)
        try:
            runs.execute_channel(run, "email", items, lambda: _opening(database, job))
        except AicmoError as error:
            report.add_error(str(error))
    runs.close_run(run, report)


def _opening(database: Database, job: Job) -> OpenGateway:
    return open_effect_gateway(
        RepeatClass(job.repeat_class),
        (job.host, job.port),
        answer_seconds=ANSWER_SECONDS,
        client=job.client,
        clock=database.time,
    )


@lru_cache
def _database(url: str, clock: str) -> ShiftedDatabase:
    """One per process and those forked from it, so that statements are compiled once for all."""
    return ShiftedDatabase(url, SharedClock(Path(clock)))


_NAMES = {
    audit.Event.EXECUTION_STARTED: "open",
    audit.Event.EXECUTION_COMPLETED: "close",
    audit.Event.DOUBT_READ: "reading",
}


class _Points:
    """Counts how often the worker comes by its point, and stops it there."""

    def __init__(self, job: Job) -> None:
        self._point, self._left = job.point, job.nth
        self._signal = signal.SIGSTOP if job.freezes else signal.SIGKILL
        self._moved = threading.local()
        self._has_claimed = False

    def watch(self, database: Database) -> None:
        self._around(database.engine.dialect, "do_commit", self._commit)
        self._record_moves()
        for name in ("claim", "begin", "answer", "settled"):
            self._around(journal.Journal, name, f"journal {name}")
        steps = {
            "connect": "connect",
            "write_head": "head",
            "write_first_byte": "first byte",
            "write_rest": "body",
            "read_answer": "answer",
        }
        for function, step in steps.items():
            self._around(effect_gateways, function, step)

    def _reach(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), self._signal)

    def _around(self, owner: Any, function: str, label: str | Callable[[], str]) -> None:
        original = getattr(owner, function)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            name = label if isinstance(label, str) else label()
            self._reach(f"before {name}")
            result = original(*arguments, **named)
            self._reach(f"after {name}")
            return result

        setattr(owner, function, wrapped)

    def _record_moves(self) -> None:
        """What a transaction does is told by the events that it writes."""
        original = audit.record

        def recording(session: Session, event: audit.Event, **data: Any) -> None:
            self._names().append(_name(event, data))
            original(session, event, **data)

        audit.record = recording

    def _names(self) -> list[str]:
        return self._moved.__dict__.setdefault("names", [])

    def _commit(self) -> str:
        names = self._names()
        name = next((each for each in reversed(names) if each), "other")
        names.clear()
        if name == "settle" and not self._has_claimed:
            name = "replay"
        self._has_claimed = self._has_claimed or name == "claim"
        return f"commit {name}"


def _name(event: audit.Event, data: dict[str, Any]) -> str:
    if event is audit.Event.DELIVERY_MOVED:
        if data["before"] == "sending" or (data["before"], data["after"]) == ("claimed", "pending"):
            return "settle"
        if data["before"] == "unknown":
            return "reconcile"
        return {"claimed": "claim", "sending": "arm"}.get(data["after"], "")
    return _NAMES.get(event, "")
