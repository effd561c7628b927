"""The public API of execution: exact names and defaults, replaceable steps, and it never raises."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aicmo import audit
from aicmo.database import Database, open_database
from aicmo.delivery import execution_orchestrator as api
from aicmo.delivery.execution_orchestrator import execute_plan_for_project
from aicmo.errors import FixConfiguration
from aicmo.execution import guards
from aicmo.models import Run
from tests.conftest import KEY
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import approved, contact, email, imported, post

FROM_NOW = {"send_until": "2099-01-01T00:00:00+00:00"}


@pytest.fixture
def project(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("AICMO_DATABASE_URL", database_url)
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())
    database = open_database(database_url)
    imported(
        database,
        email(**FROM_NOW),
        post(),
        contacts=[contact(1), contact(2, consent="unsubscribed")],
    )
    return database


def events(database: Database, project_id: str = "studio") -> list[str]:
    with database.read() as session:
        return [row.event for row in audit.events(session, project_id, newest=50)]


def finished_runs(database: Database) -> list[bool]:
    with database.read() as session:
        return [run.finished_at is not None for run in session.scalars(select(Run))]


class Unreadable:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def approve_now(database: Database) -> None:
    approved(database, at=datetime.now(UTC))


def test_the_default_does_nothing_and_says_so(project: Database) -> None:
    report = execute_plan_for_project("studio")
    assert (report.project_id, report.mode, report.errors) == ("studio", "disabled", [])
    assert (report.total_items_processed, report.execution_results) == (0, [])
    assert events(project)[-4:] == [
        "execution.started", "execution.plan_fetched", "execution.disabled", "execution.completed",
    ]  # fmt: skip


def test_enabled_alone_is_a_preview(project: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_CHANNELS", "email,linkedin")
    report = execute_plan_for_project("studio")
    assert report.mode == "preview"
    assert (report.items_previewed, report.items_skipped, report.items_held) == (1, 1, 1)
    assert report.reasons == {
        "skipped": {"unsubscribed": 1}, "held": {guards.OPERATOR_TASK: 1},
    }  # fmt: skip
    assert report.channels_used == ["email", "linkedin"]
    assert report.items_sent_successfully == 0


def test_live_sends_what_is_approved_and_tells_the_same_twice(
    project: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    approve_now(project)
    with SmtpPeer() as peer:
        monkeypatch.setenv("AICMO_SMTP_URL", f"smtp://127.0.0.1:{peer.relay.port}?tls=none")
        first = execute_plan_for_project("studio", override_dry_run=False)
        second = execute_plan_for_project("studio", override_dry_run=False)
        assert peer.effects.total() == 1
    assert (first.items_sent_successfully, first.items_skipped, first.items_held) == (1, 1, 1)
    assert first.execution_results == second.execution_results
    assert {"execution.email_executed", "execution.completed"} <= set(events(project))


def test_nothing_overrides_execution_enabled(project: Database) -> None:
    approve_now(project)
    report = execute_plan_for_project("studio", override_dry_run=False)
    assert report.mode == "disabled"


def test_override_dry_run_keeps_a_live_environment_dry(
    project: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_DRY_RUN", "false")
    approve_now(project)
    assert execute_plan_for_project("studio", override_dry_run=True).mode == "preview"


def test_live_without_a_relay_is_an_error_that_loses_nothing(
    project: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    approve_now(project)
    report = execute_plan_for_project("studio", override_dry_run=False)
    assert len(report.errors) == 1
    assert report.errors[0].startswith("execute_email_items failed: AICMO_SMTP_URL is not set, and")
    assert (report.items_waiting, report.items_sent_successfully) == (1, 0)
    assert "execution.error" in events(project)


def test_an_unknown_project_is_said_and_audited(project: Database) -> None:
    report = execute_plan_for_project("nobody")
    assert report.errors == ["Project nobody not found"]
    assert events(project, "nobody") == ["execution.project_not_found"]


def test_a_misspelt_safety_variable_is_an_error_in_the_report(
    project: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    del project
    monkeypatch.setenv("EXECUTION_ENABLED", "yess")
    report = execute_plan_for_project("studio")
    assert report.mode == "disabled"
    assert "EXECUTION_ENABLED has a value that is neither true nor false" in report.errors[0]


def test_an_empty_machine_says_not_found(tmp_path: Path) -> None:
    assert execute_plan_for_project("studio").errors == ["Project studio not found"]
    assert (tmp_path / ".aicmo" / "aicmo.db").exists()


@pytest.mark.parametrize("url", ["nonsense", "postgresql://127.0.0.1:1/none"])
def test_a_broken_database_is_an_error_not_an_exception(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", url)
    report = execute_plan_for_project("studio", override_dry_run=False)
    assert report.errors[0].startswith("fetch_project_and_plan failed: ")


STEPS = ["fetch_project_and_plan", "extract_plan_items", "execute_email_items"]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_breaks_is_named_with_its_reason_and_without_secrets(
    project: Database, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del project
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("AICMO_SMTP_URL", "smtp://bot:canary-pass@mail.example.com")

    def broken(*_: object) -> None:
        raise RuntimeError("boom at smtp://bot:canary-pass@mail for ann@example.com")

    monkeypatch.setattr(api, step, broken)
    report = execute_plan_for_project("studio")
    assert report.errors[0].startswith(f"{step} failed: boom")
    assert "canary" not in str(report.as_dict())
    assert "ann@example.com" not in str(report.as_dict())


def test_every_step_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_CHANNELS", "email,x,crm")
    calls: list[tuple[str, Any]] = []

    def executor(name: str, failed: int) -> Any:
        def run(items: Any, project: Any, *rest: Any) -> dict[str, Any]:
            calls.append((name, rest))
            return {
                "success": 1,
                "failed": failed,
                "results": [{"project": project}] * (1 + failed),
            }

        return run

    items = [{"channel": "email"}, {"channel": "twitter"}, {"channel": "crm"}]
    monkeypatch.setattr(api, "fetch_project_and_plan", lambda key: {"id": key})
    monkeypatch.setattr(api, "extract_plan_items", lambda project: items if project else [])
    monkeypatch.setattr(api, "execute_email_items", executor("email", 1))
    monkeypatch.setattr(api, "execute_social_items", executor("social", 0))
    monkeypatch.setattr(api, "execute_crm_items", executor("crm", 0))
    report = execute_plan_for_project("mine")
    assert calls == [
        ("email", (True,)), ("social", (["email", "twitter", "crm"], True)), ("crm", (True,)),
    ]  # fmt: skip
    assert (report.items_sent_successfully, report.items_failed) == (3, 1)
    assert report.total_items_processed == 4
    assert report.channels_used == ["email", "twitter", "crm"]


@pytest.mark.parametrize("value", [None, 7, "", "../../etc", "x" * 1000, "a\x00b"])
def test_no_argument_makes_it_raise(value: Any) -> None:
    assert execute_plan_for_project(value).errors


def test_an_argument_that_can_not_be_read_as_text_is_an_error(project: Database) -> None:
    del project
    unreadable: Any = Unreadable()
    assert execute_plan_for_project(unreadable).errors == [
        "execute_plan_for_project failed: no text"
    ]


WRONG = [
    ({"success": "x"}, "returned a success that is no count: 'x'"),
    ({"results": [{"count": "x"}]}, "returned a count that is no count: 'x'"),
    ({"results": [7]}, "returned a result that is no mapping: int"),
    ({"results": 7}, "returned results that are no list: int"),
    (None, "returned no mapping of success, failed and results: NoneType"),
    ([], "returned no mapping of success, failed and results: list"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_a_replaced_executor_that_returns_nonsense_is_an_error_of_its_own(
    project: Database, given: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_CHANNELS", "email,linkedin")
    monkeypatch.setattr(api, "execute_email_items", lambda *_: given)
    report = execute_plan_for_project("studio")
    assert report.errors == [f"execute_email_items failed: {said}"]
    assert report.reasons["held"][guards.OPERATOR_TASK] == 1
    assert finished_runs(project) == [True]
    assert "execution.error" in events(project)


@pytest.mark.parametrize("items", [None, 7, [object()], [{"channel": 7}], "email"])
def test_a_replaced_extraction_that_returns_nonsense_is_an_error_of_its_own(
    project: Database, items: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setattr(api, "extract_plan_items", lambda _: items)
    report = execute_plan_for_project("studio")
    assert len(report.errors) == 1
    assert report.errors[0].startswith("extract_plan_items failed: returned ")
    assert finished_runs(project) == [True]


def test_a_step_called_alone_closes_its_run_when_it_fails(
    project: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = api.fetch_project_and_plan("studio")
    assert plan is not None
    items = api.extract_plan_items(plan)
    approve_now(project)
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_DRY_RUN", "false")
    with pytest.raises(FixConfiguration, match="AICMO_SMTP_URL is not set"):
        api.execute_email_items(items, plan, False)
    assert finished_runs(project) == [True]


def test_a_step_called_alone_keeps_the_gate(project: Database) -> None:
    plan = api.fetch_project_and_plan("studio")
    assert plan is not None
    approve_now(project)
    result = api.execute_email_items(api.extract_plan_items(plan), plan, False)
    assert result == {"success": 0, "failed": 0, "results": []}
