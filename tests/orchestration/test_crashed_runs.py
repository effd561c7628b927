"""Only runs without a sign of life are marked as crashed, and only ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect import Flow, flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events import emit_event
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Completed, Paused, Pending, Running

from flows.execute_plan import execute_plan
from tasks.crashed_runs import longest_silence, mark_crashed_runs

SILENCE = timedelta(minutes=15)
ENOUGH = 20


@flow(name="someone-elses")
def someone_elses() -> None:
    pass


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


def started(
    client: SyncPrefectClient, name: str, state: State[Any], of: Flow[..., Any] = execute_plan
) -> FlowRun:
    return client.create_flow_run(of, name=name, state=state)


def show_life(client: SyncPrefectClient, run: FlowRun, at: datetime) -> None:
    resource = f"prefect.flow-run.{run.id}"
    emit_event(
        "prefect.flow-run.heartbeat", resource={"prefect.resource.id": resource}, occurred=at
    )
    wanted = EventFilter(
        event=EventNameFilter(name=["prefect.flow-run.heartbeat"]),
        resource=EventResourceFilter(id=[resource]),
    )
    wanted.occurred.until = at
    deadline = time.monotonic() + ENOUGH
    while not client.read_events(wanted, limit=1).total:
        assert time.monotonic() < deadline, "the heartbeat was not kept"
        time.sleep(0.2)


def kind(client: SyncPrefectClient, run: FlowRun) -> StateType:
    state = client.read_flow_run(run.id).state
    assert state is not None
    return state.type


@pytest.mark.prefect
def test_only_silent_runs_of_ours_are_marked(client: SyncPrefectClient) -> None:
    now = datetime.now(UTC) + 2 * SILENCE
    silent = started(client, "silent", Running())
    stuck = started(client, "stuck", Pending())
    alive = started(client, "alive", Running())
    show_life(client, alive, now - SILENCE / 2)
    paused = started(client, "paused", Paused())
    ended = started(client, "ended", Completed())
    other = started(client, "other", Running(), of=someone_elses)

    early = mark_crashed_runs(SILENCE)
    marked = mark_crashed_runs(SILENCE, now=now)

    assert early == []
    assert sorted(marked) == ["silent", "stuck"]
    assert {kind(client, run) for run in (silent, stuck)} == {StateType.CRASHED}
    assert [kind(client, run) for run in (alive, paused, ended, other)] == [
        StateType.RUNNING, StateType.PAUSED, StateType.COMPLETED, StateType.RUNNING,
    ]  # fmt: skip
    assert mark_crashed_runs(SILENCE, now=now) == []


@pytest.mark.parametrize(("seconds", "minutes"), [(30, 15), (180, 15), (600, 50), (None, None)])
def test_a_live_run_may_miss_some_heartbeats(seconds: int | None, minutes: int | None) -> None:
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: seconds}):
        silence = longest_silence()

    assert silence == (None if minutes is None else timedelta(minutes=minutes))
