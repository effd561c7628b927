"""A local Prefect server for the contestant that needs one, with a database of its own.

Its migrations take most of its first start, so an empty migrated database is kept under `.peers/`.
The recorder's batch settings make it keep up with thousands of task runs.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx

from benchmarks.safety.senders import Process

_HEALTHY_WITHIN, _SETTLED_AFTER, _GIVE_UP_AFTER = 300.0, 8.0, 240.0
_PAGE = 200
_SETTINGS = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "DO_NOT_TRACK": "1",
}


class PrefectServer:
    """Starts at once and is waited for when it is first needed."""

    def __init__(self, folder: Path, kept: Path, port: int) -> None:
        self._folder, self._kept = folder, kept
        self._address = f"http://127.0.0.1:{port}/api"
        folder.mkdir(parents=True)
        if kept.exists():
            shutil.copy(kept, folder / "prefect.db")
        self._environment = {
            **_SETTINGS,
            "PREFECT_HOME": str(folder),
            "PREFECT_LOCAL_STORAGE_PATH": str(folder / "results"),
            "PREFECT_API_URL": self._address,
            "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder}/prefect.db",
        }
        command = [sys.executable, "-m", "prefect", "server", "start"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        self._process = Process(command, folder, self._environment, folder / "server.log")

    def environment(self) -> dict[str, str]:
        """What a client needs, once the server answers.

        Raises:
            RuntimeError: it doesn't.
        """
        give_up = time.monotonic() + _HEALTHY_WITHIN
        while not self._is_healthy():
            if self._process.ended or time.monotonic() > give_up:
                raise RuntimeError(f"The Prefect server didn't start: {self._folder}/server.log")
            time.sleep(0.3)
        if not self._kept.exists():
            self._keep()
        return self._environment

    def stop(self) -> None:
        self._process.stop()

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self._address}/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def _keep(self) -> None:
        fresh = self._kept.with_suffix(".new")
        with (
            closing(sqlite3.connect(self._folder / "prefect.db")) as source,
            closing(sqlite3.connect(fresh)) as copy,
        ):
            source.backup(copy)
        fresh.rename(self._kept)


def read_task_runs(flow: str) -> list[tuple[str, str]]:
    """Name and state type of every task run of a flow, once the server has worked off its events."""
    address = os.environ["PREFECT_API_URL"]
    give_up, same_since, before = time.monotonic() + _GIVE_UP_AFTER, time.monotonic(), None
    while True:
        runs = sorted(_all_task_runs(address, flow))
        now = time.monotonic()
        if runs != before:
            before, same_since = runs, now
        all_ended = all(state in ("COMPLETED", "FAILED", "CRASHED") for _, state in runs)
        settled = now - same_since > (2.0 if all_ended and runs else _SETTLED_AFTER)
        if settled or now > give_up:
            return runs
        time.sleep(0.5)


def _all_task_runs(address: str, flow: str) -> Iterator[tuple[str, str]]:
    offset = 0
    while True:
        asked = {"flows": {"name": {"any_": [flow]}}, "limit": _PAGE, "offset": offset,
                 "sort": "ID_DESC"}  # fmt: skip
        answer = httpx.post(f"{address}/task_runs/filter", json=asked, timeout=30)
        if answer.status_code == 503:  # SQLite was busy; Prefect's own client asks again, too
            time.sleep(0.5)
            continue
        page = answer.raise_for_status().json()
        yield from ((run["name"], run["state_type"] or "PENDING") for run in page)
        if len(page) < _PAGE:
            return
        offset += _PAGE
