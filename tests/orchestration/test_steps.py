"""Tasks without a server: one step each on a real ledger, safe values only, errors without secrets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import ParameterTypeError

import tasks.artifacts
import tasks.execution
import tasks.importing
import tasks.packaging
import tasks.reconciling
from aicmo import audit
from aicmo.database import Database
from aicmo.errors import StoreRefused
from aicmo.execution import guards
from aicmo.execution.progress import Snapshot
from flows.build_package import build_package
from flows.execute_plan import execute_plan
from flows.import_plan import import_plan
from flows.reconcile_doubts import reconcile_doubts
from tasks.chunks import CHUNK, Chunk, SentChunk, next_chunk
from tasks.execution import (
    close_run,
    extract_items,
    fetch_plan,
    preview_channel,
    send_channel,
)
from tasks.packaging import fetch_content, open_package
from tasks.steps import StepFailed, StepInterrupted, artifact_key, step
from tests import projects

_MODULES = (
    tasks.artifacts, tasks.execution, tasks.importing, tasks.packaging, tasks.reconciling,
)  # fmt: skip
TASKS = {
    each.name: each
    for module in _MODULES
    for each in vars(module).values()
    if isinstance(each, Task)
}


def test_no_task_keeps_or_reuses_a_result_or_has_a_timeout() -> None:
    assert len(TASKS) >= 15
    for each in TASKS.values():
        assert (each.cache_policy, each.persist_result) == (NO_CACHE, False), each.name
        assert each.timeout_seconds is None, each.name


def test_a_send_is_never_repeated_by_prefect() -> None:
    assert TASKS["send-channel"].retries == 0
    assert execute_plan.retries == reconcile_doubts.retries == 0
    assert TASKS["render-format"].retries == 3


def sent(handed_over: int) -> SentChunk:
    return SentChunk({"success": 0, "failed": 0, "results": []}, handed_over, Snapshot(0, 0, {}))


def test_chunks_go_on_until_nothing_is_due() -> None:
    second = next_chunk(Chunk(), sent(CHUNK))

    assert second is not None
    assert (second.number, second.at_most) == (2, CHUNK)
    assert next_chunk(second, sent(CHUNK - 1)) is None
    assert next_chunk(second, sent(0)) is None


def test_the_limit_holds_over_all_chunks() -> None:
    first = Chunk(limit=CHUNK + 10)
    second = next_chunk(first, sent(CHUNK))

    assert second is not None
    assert (first.at_most, second.at_most) == (CHUNK, 10)
    assert next_chunk(second, sent(10)) is None
    assert next_chunk(Chunk(limit=CHUNK), sent(CHUNK)) is None


def test_preview_step_by_step(ledger: Database) -> None:
    projects.imported(ledger, projects.email(), projects.post())

    started = fetch_plan.fn("studio", True, True, ["email", "linkedin", "twitter"], None)
    items = extract_items.fn(started)
    results = {name: preview_channel.fn(started, name, items) for name in ("email", "linkedin")}
    report = close_run.fn(started, results, [])

    assert started.modes == {"email": "preview", "linkedin": "preview", "twitter": "disabled"}
    assert [item.key for item in items] == ["mail-1", "post-1"]
    assert (report.items_previewed, report.items_held) == (3, 1)
    assert report.reasons["held"] == {guards.OPERATOR_TASK: 1}
    assert not report.errors


def test_send_without_a_relay_says_what_to_set(ledger: Database) -> None:
    projects.imported(ledger)
    projects.approved(ledger, at=datetime.now(UTC))
    started = fetch_plan.fn("studio", True, False, ["email"], None)

    with pytest.raises(StepFailed, match="AICMO_SMTP_URL is not set, and neither is"):
        send_channel.fn(started, "email", extract_items.fn(started), Chunk())


def test_environment_turned_off_in_between_stops_a_send(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects.imported(ledger)
    projects.approved(ledger, at=datetime.now(UTC))
    started = fetch_plan.fn("studio", True, False, ["email"], None)
    items = extract_items.fn(started)
    monkeypatch.setenv("EXECUTION_ENABLED", "false")

    sent = send_channel.fn(started, "email", items, Chunk())

    assert (sent.handed_over, sent.result["success"], sent.result["results"]) == (0, 0, [])


def test_an_error_loses_addresses_and_parameters(ledger: Database) -> None:
    statement = sa.text("INSERT INTO nowhere VALUES (:address)")

    with pytest.raises(StepInterrupted) as caught, step("write"), ledger.write() as session:
        session.execute(statement, {"address": "ann@example.com"})

    assert "ann@example.com" not in str(caught.value)
    assert "no such table" in str(caught.value)
    assert caught.value.__suppress_context__


def test_content_that_is_fetched_again_was_asked_for_once(ledger: Database) -> None:
    projects.imported(ledger)
    open_package.fn("studio")
    rename(ledger, "item", "item_away")
    with pytest.raises(StepInterrupted):
        fetch_content.fn("studio")
    rename(ledger, "item_away", "item")

    fetch_content.fn("studio")

    with ledger.read() as session:
        events = [row.event for row in audit.events(session, "studio", newest=20)]
    assert [event for event in events if event.startswith("packaging.")] == [
        "packaging.started", "packaging.project_fetched",
    ]  # fmt: skip


def rename(ledger: Database, table: str, name: str) -> None:
    with ledger.write() as session:
        session.execute(sa.text(f"ALTER TABLE {table} RENAME TO {name}"))


def test_only_what_may_pass_is_repeated() -> None:
    with pytest.raises(StepInterrupted), step("store"):
        raise StoreRefused("The S3 service didn't answer")
    with pytest.raises(StepFailed) as caught, step("store"):
        raise ValueError("wrong")
    assert not isinstance(caught.value, StepInterrupted)


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": ["fax"]},
        {"channels": []},
        {"dry_run": "perhaps"},
        {"limit": 0},
        {"max_lateness_minutes": 0},
        {"project_id": "../other"},
        {"project_id": ""},
    ],
)
def test_execution_refuses(changes: dict[str, object]) -> None:
    with pytest.raises(ParameterTypeError):
        execute_plan.validate_parameters({"project_id": "studio"} | changes)


def test_other_flows_refuse() -> None:
    with pytest.raises(ParameterTypeError):
        build_package.validate_parameters({"project_id": "studio", "formats": ["docx"]})
    with pytest.raises(ParameterTypeError):
        import_plan.validate_parameters({"path": ""})
    with pytest.raises(ParameterTypeError):
        reconcile_doubts.validate_parameters({"project_id": "../other"})
    every = {
        "project_id": "",
        "email_credentials": "",
        "social_credentials": [],
        "crm_credentials": "",
    }
    assert reconcile_doubts.validate_parameters({"project_id": ""}) == every


def test_artifact_keys_have_prefects_form() -> None:
    assert artifact_key("report", "Studio_A--1") == "report-studio-a-1"
