"""Progress of long work as an artifact.

A thread of its own tells Prefect: the work that is counted never waits for Prefect's server.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import copy_context
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext

from aicmo.execution.progress import Progress, Snapshot
from aicmo.redaction import describe
from tasks.steps import run_logger

LONG_WORK = 200
"""Work with fewer parts than this is done before anybody could look."""
_SECONDS = 3.0


@contextmanager
def shown_progress(
    key: str, doing: str, total: int, before: Snapshot | None = None
) -> Generator[Progress]:
    """What to call for each finished part; the artifact `key` follows it.

    doing: what is done, as the beginning of the artifact's description.
    before: what earlier parts of the same work have counted.
    """
    counted, finished = Progress(total, before=before), threading.Event()
    if total < LONG_WORK or TaskRunContext.get() is None:
        yield counted
        return
    context = copy_context()
    reporter = threading.Thread(
        target=context.run, args=(_report, counted, finished, key, doing), daemon=True
    )
    reporter.start()
    try:
        yield counted
    finally:
        finished.set()
        reporter.join(timeout=2 * _SECONDS)


def _report(counted: Progress, finished: threading.Event, key: str, doing: str) -> None:
    try:
        now = counted.snapshot()
        artifact = create_progress_artifact(now.percent, key, f"{doing}: {now.line}.")
        if not isinstance(artifact, UUID):
            return
        while not finished.wait(_SECONDS):
            _update(artifact, counted, doing)
        _update(artifact, counted, doing)
    except Exception as error:  # noqa: BLE001  (progress is a courtesy)
        run_logger().warning("Progress can't be shown: %s", describe(error))


def _update(artifact: UUID, counted: Progress, doing: str) -> None:
    now = counted.snapshot()
    update_progress_artifact(artifact, now.percent, f"{doing}: {now.line}.")
