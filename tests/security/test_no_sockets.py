"""A default run, a preview and a package open no socket but the database's (SQLite has none).

Every process they start is watched too: the PDF is printed in one of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aicmo.database import Database
from tests.projects import approved, email, imported, post
from tests.unit.crm_projects import change, connect, import_crm

# Python runs it at its start. A child may be given another environment, so what stands for the
# interpreter there is a script that brings the watch along.
WATCH = """
import os, sys
WATCHED = {{"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname",
           "socket.gethostbyaddr", "socket.sendto", "socket.sendmsg"}}
told = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def tell(what):
    os.write(told, (what + "\\n").encode())
def watch(event, arguments):
    if event in WATCHED:
        tell("socket " + event + " " + repr(arguments[1:]))
sys.addaudithook(watch)
tell("process " + " ".join(sys.orig_argv).replace("\\n", " "))
sys.executable = {python!r}
"""

PROGRAM = """
import json, sys
from aicmo.delivery.execution_orchestrator import execute_plan_for_project
from aicmo.delivery.output_packager import build_project_package
report = execute_plan_for_project("studio")
formats = ("pdf", "pptx", "html") if "--package" in sys.argv else ()
package = build_project_package("studio", formats=formats) if formats else None
loaded = [name for name in ("prefect", "smtplib", "boto3", "weasyprint") if name in sys.modules]
print(json.dumps({"mode": report.mode, "previewed": report.items_previewed,
                  "errors": report.errors + (package.errors if package else []),
                  "files": package.file_count() if package else 0, "loaded": loaded}))
"""

PARENT = """
import subprocess, sys
child = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
subprocess.run([sys.executable, "-c", child], env={"PYTHONPATH": "/"}, check=True)
"""


@dataclass(frozen=True)
class Watch:
    """Runs Python with every process of it watched."""

    folder: Path

    def run(self, *arguments: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(self.folder)}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return done.stdout

    def told(self, kind: str) -> list[str]:
        lines = (self.folder / "log").read_text().splitlines()
        return [line for line in lines if line.startswith(f"{kind} ")]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    folder = tmp_path / "watch"
    folder.mkdir()
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH="{folder}:$PYTHONPATH" exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    code = WATCH.format(log=str(folder / "log"), python=str(python))
    (folder / "sitecustomize.py").write_text(code)
    return Watch(folder)


@pytest.fixture
def project(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    # A relay that would be tried if anything ever went near it.
    monkeypatch.setenv("AICMO_SMTP_URL", "smtp://127.0.0.1:9?tls=none")
    database = Database(sqlite_url)
    imported(database, email(), post())
    approved(database, at=datetime.now(UTC))


def run(watch: Watch, *arguments: str) -> dict[str, Any]:
    return json.loads(watch.run("-c", PROGRAM, *arguments))


@pytest.mark.parametrize(("enabled", "mode"), [("false", "disabled"), ("true", "preview")])
def test_nothing_connects_without_every_key(
    watch: Watch, project: None, enabled: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", enabled)
    monkeypatch.setenv("EXECUTION_CHANNELS", "email,linkedin,crm")
    told = run(watch)
    assert told["mode"] == mode
    assert watch.told("socket") == []
    assert told["errors"] == []
    assert told["loaded"] == []
    assert told["previewed"] == (3 if mode == "preview" else 0)


def test_a_preview_connects_to_nothing_with_every_key(
    watch: Watch, project: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_DRY_RUN", "false")
    told = json.loads(watch.run("-m", "aicmo.cli.main", "preview", "studio", "--json"))
    assert Path(told["page"]).is_file()
    assert watch.told("socket") == []


def test_a_preview_of_changes_in_a_crm_reads_nothing_there(
    watch: Watch, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    import_crm(database, change())
    connect(database)
    told = json.loads(watch.run("-m", "aicmo.cli.main", "preview", "studio", "--json"))
    assert told["items"][0]["crm"]["counts"] == {"unread": 2}
    assert watch.told("socket") == []


def test_packaging_connects_to_nothing(watch: Watch, project: None) -> None:
    told = run(watch, "--package")
    assert (told["files"], told["errors"]) == (3, [])
    assert any("aicmo.packaging.render_worker" in process for process in watch.told("process"))
    assert watch.told("socket") == []


def test_the_watch_sees_a_live_run(
    watch: Watch, project: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_DRY_RUN", "false")
    assert run(watch)["mode"] == "live"
    assert watch.told("socket")


def test_the_watch_sees_a_child_with_an_environment_of_its_own(watch: Watch) -> None:
    watch.run("-c", PARENT)
    (seen,) = watch.told("socket")
    assert "127.0.0.1" in seen
