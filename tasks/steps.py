"""What every task does around its one call to the core.

Errors are told without secrets and addresses, because Prefect keeps and shows them; the audit log's
events are forwarded to Prefect; a step is repeated only where that is safe and may help.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.events import emit_event
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.tasks import exponential_backoff
from sqlalchemy.exc import OperationalError

from aicmo import audit
from aicmo.database import Database, open_database
from aicmo.errors import StoreRefused
from aicmo.redaction import describe, describe_with_next_step
from aicmo.settings import get_settings

_PASSING = (OperationalError, StoreRefused, ConnectionError, TimeoutError)
_LONGEST_TEXT = 200


class StepFailed(Exception):
    """A step's reason and what to do about it, fit to be shown to anybody with access to the UI."""


class StepInterrupted(StepFailed):
    """The same step may succeed in a moment: a locked database, a store that didn't answer."""


@contextmanager
def step(name: str) -> Generator[None]:
    """Runs one call to the core inside a task.

    Raises:
        StepFailed: whatever went wrong, redacted; StepInterrupted if repeating it may help.
    """
    try:
        with audit.forwarding_to(_forward):
            yield
    except StepFailed:
        raise
    except Exception as error:  # noqa: BLE001  (Prefect would keep the text of any error as it is)
        kind = StepInterrupted if isinstance(error, _PASSING) else StepFailed
        raise kind(f"{name} failed: {describe_with_next_step(error)}") from None


def _may_help(_task: object, _task_run: object, state: State[Any]) -> bool:
    return isinstance(state.result(raise_on_failure=False), StepInterrupted)


# No result is kept or reused: what was done is read from the ledger, never from Prefect.
once = partial(task, retries=0, persist_result=False, cache_policy=NO_CACHE)
"""A step that is never repeated by Prefect, such as sending."""

repeatable = partial(
    task,
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=1),
    retry_jitter_factor=0.5,
    retry_condition_fn=_may_help,
    persist_result=False,
    cache_policy=NO_CACHE,
)
"""A step that gives the same result when it is repeated."""


def current_database() -> Database:
    return open_database(get_settings().database_url)


def actor() -> str:
    """Who the audit log names: this flow run."""
    return f"prefect flow run {flow_run.id}" if flow_run.id else "prefect"


def artifact_key(*parts: str) -> str:
    """`report-northside-founders`: the form that Prefect accepts for an artifact's key."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def run_logger() -> Any:
    """The run's own logger; Python's outside a run."""
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger("aicmo")


def _forward(event: str, project_id: str, data: dict[str, Any]) -> None:
    # Outside a run, emitting an event would start a Prefect server of its own.
    if TaskRunContext.get() is None:
        return
    try:
        emit_event(
            event=event,
            resource={"prefect.resource.id": f"aicmo.project.{project_id}"},
            payload={"project_id": project_id, **_ids_and_counts(data)},
        )
    except Exception as error:  # noqa: BLE001  (the event is in the audit log; no step fails for its copy)
        run_logger().warning("The event %s was not forwarded: %s", event, describe(error))


def _ids_and_counts(data: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in data.items()
        if isinstance(value, int) or (isinstance(value, str) and _is_id(name, value))
    }


def _is_id(name: str, value: str) -> bool:
    return name != "error" and len(value) <= _LONGEST_TEXT and "@" not in value
