"""A flow process that is killed leaves nothing sent twice, nothing lost, and no run in the way of the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterName,
)
from prefect.client.schemas.objects import FlowRun, State
from prefect.settings import PREFECT_API_URL

from aicmo.database import Database
from aicmo.execution.report import read_books
from deployments.registration import POOL
from tasks.crashed_runs import mark_crashed_runs
from tests import projects
from tests.peers.smtp_peer import Answer, Script, SmtpPeer, Step

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

PEOPLE = 250
KILLED_AT = 120
ENOUGH = 120
SILENCE = timedelta(minutes=15)


class HangsOnce(dict[Step, Answer]):
    """The peer takes message `KILLED_AT`, and never says so."""

    def __init__(self) -> None:
        super().__init__()
        self.messages = 0
        self.hangs = threading.Event()

    def get(self, step: Step, default: Any = None) -> Any:
        if step == "MAIL":
            self.messages += 1
        if step != "dot" or self.messages != KILLED_AT:
            return default
        self.hangs.set()
        return Answer(then="hang", applies=True)


@pytest.fixture
def deployed(ledger: Database, tmp_path: Path) -> dict[str, str]:
    """Deployments on the server of the tests; the environment of workers in a folder of their own."""
    environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())}
    environment |= {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    subprocess.run(
        [sys.executable, "-m", "deployments.registration"],
        env=environment, cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    return environment


@contextmanager
def worker(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = ["worker", "start", "--pool", POOL, "--type", "process", "--install-policy", "never"]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *command],
            env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        kill_all_of(process)


def kill_all_of(process: subprocess.Popen[bytes]) -> None:
    """The worker and the processes of its runs at once: nobody is left to tell Prefect."""
    for each in (process.pid, *descendants(process.pid)):
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def descendants(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    children = [int(line) for line in found.stdout.split()]
    return children + [each for child in children for each in descendants(child)]


def start_live_run() -> FlowRun:
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("execute-plan/execute-plan")
        parameters = {"project_id": "studio", "enabled": True, "dry_run": False}
        return client.create_flow_run_from_deployment(deployment.id, parameters=parameters)


def state_of(run: FlowRun) -> State[Any]:
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(run.id).state
    assert state is not None
    return state


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENOUGH
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_killed_run_sends_nothing_twice_and_stands_in_nobodys_way(
    ledger: Database,
    deployed: dict[str, str],
    tmp_path: Path,
) -> None:
    people = [projects.contact(number) for number in range(PEOPLE)]
    projects.imported(ledger, contacts=people)
    projects.approved(ledger, at=datetime.now(UTC))
    hanging = HangsOnce()
    with SmtpPeer(Script(answers=hanging)) as peer:
        deployed["AICMO_SMTP_URL"] = f"smtp://127.0.0.1:{peer.relay.port}?tls=none&connections=1"
        with worker(deployed, tmp_path) as first:
            killed = start_live_run()
            assert hanging.hangs.wait(ENOUGH)
            kill_all_of(first)
        assert state_of(killed).is_running()

        with worker(deployed, tmp_path):
            following = start_live_run()
            eventually(lambda: state_of(following).is_final())

    assert state_of(following).name == "Needs attention"
    assert state_of(following).message == "1 in doubt"
    assert len(peer.effects) == PEOPLE
    assert set(peer.effects.values()) == {1}
    with ledger.read() as session:
        books = read_books(session, "studio", now=datetime.now(UTC))
    assert (books.count("sent"), books.count("unknown")) == (PEOPLE - 1, 1)
    assert mark_crashed_runs(SILENCE, now=datetime.now(UTC) + 2 * SILENCE) == ["execute studio"]
    assert state_of(killed).is_crashed()
    assert tasks_of(killed) == {"send email, chunk 1": "Crashed"}


def tasks_of(run: FlowRun) -> dict[str, str]:
    """States of the run's sends."""
    with get_client(sync_client=True) as client:
        found = client.read_task_runs(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])),
            task_run_filter=TaskRunFilter(name=TaskRunFilterName(like_="send email")),
        )
    return {each.name: each.state.name for each in found if each.state}
