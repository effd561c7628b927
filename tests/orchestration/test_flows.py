"""Import, execution and packaging through a real Prefect server, with real mail on loopback."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.flow_engine import run_flow_sync
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL
from prefect.states import Scheduled

from aicmo import audit
from aicmo.database import Database
from aicmo.gateways.capture import CaptureServer
from flows.build_package import build_package
from flows.execute_plan import execute_plan
from flows.import_plan import import_plan
from tasks.progress import LONG_WORK
from tests import projects
from tests.orchestration.flow_runs import CANARY, approved_project, execute, page, relay_block

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

REFUSED = "person2@example.com"
ENOUGH = 20


def test_import_shows_what_changed(ledger: Database, tmp_path: Path) -> None:
    document = projects.document().model_copy(update={"id": "imported-here"})
    file = tmp_path / "plan.json"
    file.write_text(document.model_dump_json(), encoding="utf-8")

    first = import_plan(str(file), return_state=True)
    second = import_plan(str(file), return_state=True)

    assert (first.name, first.message) == ("Imported", "Version 1 with 1 items.")
    assert second.name == "Unchanged"
    assert "Unchanged: this document is the current plan already." in page("plan-imported-here")


def test_import_of_a_broken_document_shows_every_problem(ledger: Database, tmp_path: Path) -> None:
    data = projects.document().model_dump(mode="json")
    data["items"][0] |= {"send_at": "2026-03-29T02:30", "audience": "nobody"}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(data), encoding="utf-8")

    state = import_plan(str(file), return_state=True)

    assert (state.is_failed(), state.name) == (True, "Needs attention")
    assert "plan.json has" in str(state.message)
    assert "items\\[0\\].audience" in page("import-problems")
    assert "@example.com" not in page("import-problems")


def test_default_run_does_nothing_and_says_so(ledger: Database) -> None:
    projects.imported(ledger)

    state = execute()

    assert (state.is_completed(), state.name) == (True, "Disabled")
    assert "Disabled: nothing was composed or sent." in page("report-studio")


def test_dry_run_loads_no_block(ledger: Database, mailbox: CaptureServer) -> None:
    approved_project(ledger)

    state = execute(enabled=True, email_credentials="there-is-no-such-block")

    assert (state.name, state.message) == ("Previewed", "3 would be sent. Nothing was sent.")
    assert "**3 would be sent**" in page("report-studio")


def test_long_work_shows_its_progress(ledger: Database) -> None:
    people = [projects.contact(number) for number in range(LONG_WORK + 1)]
    projects.imported(ledger, contacts=people)

    state = execute(enabled=True)

    assert state.message == f"{len(people)} would be sent. Nothing was sent."
    assert float(page("progress-email-studio")) == 100


def test_forged_run_without_approval_sends_nothing(
    ledger: Database, mailbox: CaptureServer
) -> None:
    projects.imported(ledger)
    block = relay_block(mailbox, "forged")

    state = execute(enabled=True, dry_run=False, email_credentials=block)

    assert (state.name, state.message) == ("Nothing sent", "0 sent, 3 held.")
    assert "- held, not approved: 3" in page("report-studio")
    assert mailbox.accepted == []


def test_environment_holds_against_any_parameter(
    ledger: Database, mailbox: CaptureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved_project(ledger)
    monkeypatch.setenv("EXECUTION_ENABLED", "false")

    state = execute(enabled=True, dry_run=False, email_credentials=relay_block(mailbox, "off"))

    assert state.name == "Disabled"
    assert mailbox.accepted == []


def test_live_run_sends_once_and_keeps_its_secret(
    ledger: Database, mailbox: CaptureServer, capfd: pytest.CaptureFixture[str]
) -> None:
    approved_project(ledger)
    block = relay_block(mailbox, "live")

    first = execute(enabled=True, dry_run=False, email_credentials=block)
    second = execute(enabled=True, dry_run=False, email_credentials=block)

    assert (first.name, first.message) == ("Delivered", "All 3 were sent.")
    assert (second.name, second.message) == ("Delivered", "All 3 were sent.")
    assert sorted(to for to, _ in mailbox.accepted) == [f"person{n}@example.com" for n in (1, 2, 3)]
    assert "The books balance: 3 planned = 3 sent" in page("report-studio")
    loaded = Block.load(f"smtp-credentials/{block}")
    assert (
        loaded.relay().password.get_secret_value() == CANARY
    )  # so the search below means something
    events = completed_events()
    assert sorted(each["sent"] for each in events[-2:]) == [0, 3]
    assert {"failed": 0, "unknown": 0, "errors": 0}.items() <= events[-1].items()
    everything = "".join(prefect_database()) + "".join(capfd.readouterr())
    assert "report-studio" in everything
    assert CANARY not in everything
    assert "person1@example.com" not in everything


def completed_events() -> list[dict[str, Any]]:
    """Payloads of execution.completed, the two of this test last."""
    wanted = EventFilter(
        event=EventNameFilter(name=["execution.completed"]),
        resource=EventResourceFilter(id=["aicmo.project.studio"]),
    )
    deadline = time.monotonic() + ENOUGH
    with get_client(sync_client=True) as client:
        while True:
            body = {"filter": wanted.model_dump(mode="json"), "limit": 50}
            found = client._client.post("/events/filter", json=body).json()["events"]
            payloads = [each["payload"] for each in sorted(found, key=lambda e: e["occurred"])]
            if sum(payload["mode"] == "live" for payload in payloads) >= 2:
                return payloads
            assert time.monotonic() < deadline, "the events were not forwarded"
            time.sleep(0.5)


def prefect_database() -> Iterator[str]:
    """Every value in every table of Prefect's own database: runs, logs, artifacts, events, blocks."""
    url = PREFECT_SERVER_DATABASE_CONNECTION_URL.value()
    with closing(sqlite3.connect(str(url).partition("///")[2])) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            yield from (str(row) for row in database.execute(f'SELECT * FROM "{table}"'))


def test_refused_address_needs_attention(ledger: Database, tmp_path: Path) -> None:
    approved_project(ledger)
    with CaptureServer(tmp_path / "mail", refused=[REFUSED]) as mailbox:
        block = relay_block(mailbox, "refusing")

        state = execute(enabled=True, dry_run=False, email_credentials=block)

    assert (state.is_failed(), state.name, state.message) == (True, "Needs attention", "1 failed")
    assert "The books balance: 3 planned = 2 sent + 1 failed" in page("report-studio")


def test_missing_block_needs_attention(ledger: Database) -> None:
    approved_project(ledger)

    state = execute(enabled=True, dry_run=False, email_credentials="not-there")

    assert (state.is_failed(), state.name) == (True, "Needs attention")
    assert "There is no block named not-there that email can go through" in str(state.message)


def test_unknown_project_needs_attention(ledger: Database) -> None:
    state = execute_plan("nobody", enabled=True, return_state=True)

    assert (state.is_failed(), state.name) == (True, "Needs attention")
    assert "Project nobody not found" in str(state.message)


def test_late_run_sends_nothing(ledger: Database, mailbox: CaptureServer) -> None:
    approved_project(ledger)
    parameters = {
        "project_id": "studio", "enabled": True, "dry_run": False, "channels": ["email"],
        "limit": None, "email_credentials": relay_block(mailbox, "late"), "max_lateness_minutes": 60,
    }  # fmt: skip
    due = datetime.now(UTC) - timedelta(minutes=61)

    state = run_flow_sync(
        execute_plan,
        flow_run=scheduled_run(parameters, due),
        parameters=parameters,
        return_type="state",
    )

    assert (state.is_completed(), state.name) == (True, "SkippedLate")
    assert mailbox.accepted == []


def scheduled_run(parameters: dict[str, Any], due: datetime) -> FlowRun:
    with get_client(sync_client=True) as client:
        state = Scheduled(scheduled_time=due)
        return client.create_flow_run(execute_plan, parameters=parameters, state=state)


def test_package_is_built_stored_and_shown(ledger: Database) -> None:
    projects.imported(ledger)

    state = build_package("studio", return_state=True)

    assert (state.name, state.message) == ("Delivered", "3 files made, checked and stored.")
    shown = page("package-studio")
    assert "](data:image/jpeg;base64," in shown
    for name in ("strategy.pdf", "deck.pptx", "summary.html", "manifest.json"):
        (file,) = Path(".aicmo/packages/studio").glob(f"*/{name}")
        assert f"[{name}](<{file.resolve().as_uri()}>)" in shown
    assert len(shown) < 200_000


def test_format_that_fails_leaves_the_others(ledger: Database) -> None:
    projects.imported(ledger)
    blocked = Path(".aicmo/output/rendered/studio/html")
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where the format's folder should be")

    state = build_package("studio", formats=["pptx", "html"], return_state=True)

    assert (state.is_completed(), state.name) == (True, "Partly delivered")
    assert "1 stored, 1 missing: render_format html failed" in str(state.message)
    assert "## Missing from this package\n\n- html: " in page("package-studio")


def events_of(ledger: Database, project_id: str) -> list[str]:
    with ledger.read() as session:
        return [row.event for row in audit.events(session, project_id, newest=20)]


def test_package_that_is_not_assembled_still_has_its_end_in_the_audit_log(ledger: Database) -> None:
    projects.imported(ledger)
    Path(".aicmo/output").mkdir(parents=True)
    Path(".aicmo/output/packages").write_text("a file where the packages should be")

    state = build_package("studio", formats=["pptx"], return_state=True)

    assert (state.is_failed(), state.name) == (True, "Needs attention")
    assert "assemble_package failed" in str(state.message)
    events = events_of(ledger, "studio")
    assert events[-1] == "packaging.completed"
    assert events.count("packaging.started") == 1


def test_package_of_an_unknown_project_has_a_start_and_an_end(ledger: Database) -> None:
    state = build_package("nobody", return_state=True)

    assert "Project nobody not found" in str(state.message)
    assert events_of(ledger, "nobody") == [
        "packaging.started", "packaging.project_not_found", "packaging.completed",
    ]  # fmt: skip


def test_package_without_its_bucket_needs_attention(ledger: Database) -> None:
    projects.imported(ledger)

    state = build_package(
        "studio", formats=["pptx"], deliverables_bucket="not-there", return_state=True
    )

    assert (state.is_failed(), state.name) == (True, "Needs attention")
    assert "There is no Deliverables Bucket block named not-there" in str(state.message)
    assert "deck.pptx (not stored)" in page("package-studio")
