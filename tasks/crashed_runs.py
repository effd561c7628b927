"""Finds flow runs that a dead process left behind, and marks them Crashed.

Prefect notices a killed process only while its worker lives; without it the run stays Running for
ever. An automation on missing heartbeats is no help: it also crashes runs that are paused. So each run is
asked for its state and for its last sign of life.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.events.filters import (
    EventFilter,
    EventNameFilter,
    EventOccurredFilter,
    EventResourceFilter,
)
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY
from prefect.states import Crashed

FLOWS = (
    "build-package",
    "deliver-package",
    "execute-plan",
    "import-plan",
    "package-all",
    "read-feedback",
    "reconcile-doubts",
    "sync-consent",
)
"""Ours alone: a server may have other people's flows."""

_MISSED_HEARTBEATS = 5
_SHORTEST = timedelta(minutes=15)


def longest_silence() -> timedelta | None:
    """How long a live run may be silent; None if heartbeats are off and silence means nothing.

    Read from this process's settings: workers of one server are expected to share them.
    """
    seconds: int | None = PREFECT_FLOWS_HEARTBEAT_FREQUENCY.value()
    if seconds is None:
        return None
    return max(_SHORTEST, _MISSED_HEARTBEATS * timedelta(seconds=seconds))


def mark_crashed_runs(silence: timedelta, *, now: datetime | None = None) -> list[str]:
    """Marks every run of our flows Crashed that is Running or Pending without a sign of life.

    A run that is paused, suspended, scheduled or ended is left alone; so is one that ends meanwhile.

    Returns:
        The names of the runs, `execute studio`.
    """
    until = now or datetime.now(UTC)
    with get_client(sync_client=True) as client:
        silent = list(_silent(client, until - silence, until))
        marked = [run.name for run in silent if _mark(client, run)]
        _mark_tasks(client)
    return marked


def _silent(client: SyncPrefectClient, since: datetime, until: datetime) -> Iterator[FlowRun]:
    for run in client.read_flow_runs(
        flow_filter=_ours(), flow_run_filter=_in_state(StateType.RUNNING, StateType.PENDING)
    ):
        began = run.state.timestamp if run.state else until
        if began < since and not _has_heartbeat(client, run, since, until):
            yield run


def _has_heartbeat(
    client: SyncPrefectClient, run: FlowRun, since: datetime, until: datetime
) -> bool:
    heartbeats = EventFilter(
        event=EventNameFilter(name=["prefect.flow-run.heartbeat"]),
        resource=EventResourceFilter(id=[f"prefect.flow-run.{run.id}"]),
        occurred=EventOccurredFilter(since=since, until=until),
    )
    return client.read_events(heartbeats, limit=1).total > 0


def _mark(client: SyncPrefectClient, run: FlowRun) -> bool:
    # Not forced: the server refuses it for a run that has ended since it was read.
    crashed = Crashed(message="No sign of life: its process is gone.")
    return client.set_flow_run_state(run.id, crashed).status == SetStateStatus.ACCEPT


def _mark_tasks(client: SyncPrefectClient) -> None:
    """Tasks that were going on when their run crashed; Prefect leaves them Running, too."""
    running = TaskRunFilterState(type=TaskRunFilterStateType(any_=[StateType.RUNNING]))
    for task_run in client.read_task_runs(
        flow_filter=_ours(),
        flow_run_filter=_in_state(StateType.CRASHED),
        task_run_filter=TaskRunFilter(state=running),
    ):
        crashed = Crashed(message="Its flow run has crashed.")
        client.set_task_run_state(task_run.id, crashed, force=True)


def _ours() -> FlowFilter:
    return FlowFilter(name=FlowFilterName(any_=list(FLOWS)))


def _in_state(*types: StateType) -> FlowRunFilter:
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))))
