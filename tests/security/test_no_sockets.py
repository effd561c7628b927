"""A default run, a preview and a package open no socket but the database's (SQLite has none)."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from aicmo.database import Database
from tests.projects import approved, email, imported, post

PROGRAM = """
import json, sys
sockets = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
        sockets.append([event, str(arguments[1:])])
sys.addaudithook(watch)
from aicmo.delivery.execution_orchestrator import execute_plan_for_project
from aicmo.delivery.output_packager import build_project_package
report = execute_plan_for_project("studio")
formats = ("pdf", "pptx", "html") if "--package" in sys.argv else ()
package = build_project_package("studio", formats=formats) if formats else None
loaded = [name for name in ("prefect", "smtplib", "boto3", "weasyprint") if name in sys.modules]
print(json.dumps({"mode": report.mode, "previewed": report.items_previewed, "sockets": sockets,
                  "errors": report.errors + (package.errors if package else []),
                  "files": package.file_count() if package else 0, "loaded": loaded}))
"""


@pytest.fixture
def project(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    # A relay that would be tried if anything ever went near it.
    monkeypatch.setenv("AICMO_SMTP_URL", "smtp://127.0.0.1:9?tls=none")
    database = Database(sqlite_url)
    imported(database, email(), post())
    approved(database, at=datetime.now(UTC))


def run(*arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(("enabled", "mode"), [("false", "disabled"), ("true", "preview")])
def test_nothing_connects_without_every_key(
    project: None, enabled: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", enabled)
    monkeypatch.setenv("EXECUTION_CHANNELS", "email,linkedin,crm")
    told = run()
    assert told["mode"] == mode
    assert told["sockets"] == []
    assert told["errors"] == []
    assert told["loaded"] == []
    assert told["previewed"] == (3 if mode == "preview" else 0)


def test_packaging_connects_to_nothing(project: None) -> None:
    told = run("--package")
    assert told["sockets"] == []
    assert (told["files"], told["errors"]) == (3, [])


def test_the_watch_sees_a_live_run(project: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_DRY_RUN", "false")
    told = run()
    assert told["mode"] == "live"
    assert told["sockets"]
