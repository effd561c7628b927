"""Progress of long work as an artifact.

A thread of its own tells Prefect: the work that is counted never waits for Prefect's server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext

from aicmo.redaction import describe
from tasks.steps import run_logger

LONG_WORK = 200
"""Work with fewer parts than this is done before anybody could look."""
_SECONDS = 3.0

Progress = AbstractContextManager[Callable[[object], None]]


class _Counter:
    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def __call__(self, _part: object) -> None:
        self.done += 1

    @property
    def percent(self) -> float:
        return min(100.0, 100 * self.done / self.total)


@contextmanager
def shown_progress(key: str, description: str, total: int) -> Generator[Callable[[object], None]]:
    """A callback to call for each finished part; the artifact `key` follows it."""
    counter, finished = _Counter(max(total, 1)), threading.Event()
    if total < LONG_WORK or TaskRunContext.get() is None:
        yield counter
        return
    context = copy_context()
    reporter = threading.Thread(
        target=context.run, args=(_report, counter, finished, key, description), daemon=True
    )
    reporter.start()
    try:
        yield counter
        # Those that were skipped or aren't due were never counted, but nothing is left to do.
        counter.done = counter.total
    finally:
        finished.set()
        reporter.join(timeout=2 * _SECONDS)


def _report(counter: _Counter, finished: threading.Event, key: str, description: str) -> None:
    try:
        artifact = create_progress_artifact(progress=0.0, key=key, description=description)
        if not isinstance(artifact, UUID):
            return
        while not finished.wait(_SECONDS):
            update_progress_artifact(artifact, progress=counter.percent)
        update_progress_artifact(artifact, progress=counter.percent)
    except Exception as error:  # noqa: BLE001  (progress is a courtesy)
        run_logger().warning("Progress can't be shown: %s", describe(error))
