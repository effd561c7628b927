"""A large audience is sent in chunks, a task each: every message once, within the run's limit."""

from __future__ import annotations

import time
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterName,
)
from prefect.client.schemas.objects import State

from aicmo.database import Database
from aicmo.gateways.capture import CaptureServer
from tests import projects
from tests.orchestration.flow_runs import approved_project, artifact, execute, page, relay_block

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

ENOUGH = 20


@pytest.mark.parametrize(
    ("limit", "chunks", "sent", "message"),
    [
        (None, [1, 2, 3], 250, "All 250 were sent."),
        (150, [1, 2], 150, "150 sent, 100 waiting."),
    ],
)
def test_a_channel_is_sent_in_chunks(
    ledger: Database,
    mailbox: CaptureServer,
    monkeypatch: pytest.MonkeyPatch,
    limit: int | None,
    chunks: list[int],
    sent: int,
    message: str,
) -> None:
    monkeypatch.setattr("tasks.chunks.CHUNK", 100)
    approved_project(ledger, contacts=[projects.contact(number) for number in range(250)])
    block = relay_block(mailbox, "chunks")

    state = execute(enabled=True, dry_run=False, email_credentials=block, limit=limit)

    assert state.message == message
    assert len({to for to, _ in mailbox.accepted}) == len(mailbox.accepted) == sent
    assert f"The books balance: 250 planned = {sent} sent" in page("report-studio")
    assert names_of_sends(state) == [f"send email, chunk {number}" for number in chunks]
    if limit is None:
        progress = artifact("progress-email-studio")
        assert float(str(progress.data)) == 100
        assert progress.description.startswith("Sending email for studio: 250 of 250 · ")
        assert progress.description.endswith("250 sent.")


def names_of_sends(state: State[Any]) -> list[str]:
    """The sends of the run that ended in `state`; Prefect's server knows them a moment later."""
    run = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    sends = TaskRunFilter(name=TaskRunFilterName(like_="send email"))
    deadline = time.monotonic() + ENOUGH
    with get_client(sync_client=True) as client:
        while True:
            found = client.read_task_runs(flow_run_filter=run, task_run_filter=sends)
            if found and all(each.state and each.state.is_final() for each in found):
                return sorted(each.name for each in found)
            assert time.monotonic() < deadline, "the task runs were not recorded"
            time.sleep(0.5)
