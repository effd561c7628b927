"""When things go wrong: one sentence, the next step, the right exit status, and no secrets."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pty
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aicmo.cli.app import tell
from aicmo.cli.main import app
from tests.command_line.cli_workspace import (
    PROJECT,
    SECRET_KEY,
    Workspace,
    enter,
    enter_with_example,
)

COLOUR = r"\x1b\[(\d+;)*3\d"
READERS = (["plan"], ["preview"], ["approve"], ["execute"], ["package"], ["report"], ["audit"])


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


@pytest.mark.parametrize("command", [*READERS, ["pause"], ["unpause"], ["revoke"]])
def test_an_unknown_project_is_named_with_the_next_step(
    workspace: Workspace, command: list[str]
) -> None:
    refused = workspace.run(*command, "nowhere", status=2)
    assert refused.stderr.splitlines()[0] == "Error: Project nowhere not found."
    assert "aicmo projects" in refused.stderr
    assert refused.stdout == ""
    told = json.loads(workspace.run(*command, "nowhere", "--json", status=2).stdout)
    assert told["error"] == "Project nowhere not found"


@pytest.mark.parametrize(
    "args",
    [
        ("nonsense",),
        ("plan",),
        ("execute", PROJECT, "--limit", "0"),
        ("preview", PROJECT, "--channels", "pigeon"),
        ("pause", "--channel", "pigeon"),
        ("package", PROJECT, "--formats", "docx"),
    ],
)
def test_bad_usage_is_status_2(workspace: Workspace, args: tuple[str, ...]) -> None:
    refused = workspace.run(*args, status=2)
    assert refused.stderr
    assert refused.stdout == ""


def test_bad_configuration_is_status_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = enter(tmp_path, monkeypatch)
    monkeypatch.setenv("AICMO_DATABASE_URL", "mysql://somewhere/else")
    refused = workspace.run("projects", status=2)
    assert "Use SQLite or PostgreSQL." in refused.stderr


def test_a_traceback_is_shown_with_debug_only(workspace: Workspace) -> None:
    blocked = workspace.folder / ".aicmo" / "output"
    blocked.write_text("a file where a folder should be", encoding="utf-8")
    refused = workspace.run("preview", PROJECT, status=1)
    assert "Traceback" not in refused.output
    assert "--debug" in refused.stderr
    assert "Traceback" in workspace.run("--debug", "preview", PROJECT, status=1).stderr


def test_a_file_in_a_missing_folder_can_not_be_written(workspace: Workspace) -> None:
    workspace.patch.setenv("AICMO_OUTPUT_DIR", "/proc/nowhere")
    refused = workspace.run("preview", PROJECT, status=2).stderr
    assert re.search(
        r"^Error: /proc/nowhere\S* can't be written: No such file or directory\.", refused
    )
    assert "Next:  Check that its folder is there" in refused
    assert "--debug" not in refused


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EROFS, "Read-only file system", "/mnt/page.html"), "/mnt/page.html can't"),
        (PermissionError(errno.EACCES, "Permission denied", "page.html"), "page.html can't"),
        (OSError(errno.ENOSPC, "No space left on device"), "A file can't"),
    ],
)
def test_a_read_only_or_full_folder_is_named(
    error: OSError, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(error) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"Error: {said} be written: {error.strerror}.\nNext:  ")
    assert "--debug" not in told


def test_a_broken_audit_chain_is_found_and_is_status_1(workspace: Workspace) -> None:
    whole = workspace.json("audit", "--verify")
    assert whole["unbroken"] is True
    assert PROJECT in {chain["project_id"] for chain in whole["chains"]}
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE audit_event SET actor = 'mallory' WHERE number = 1")
    broken = workspace.run("audit", PROJECT, "--verify", status=1).stdout
    assert f"{PROJECT}: broken at event 1: event was changed" in broken
    assert workspace.json("audit", "--verify", status=1)["unbroken"] is False


def test_an_audit_log_that_was_emptied_is_status_1(workspace: Workspace) -> None:
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        database.execute("DROP TRIGGER audit_event_no_delete")
        database.execute("DELETE FROM audit_event")
        database.execute("DELETE FROM audit_head")
    for args in (["audit", "--verify"], ["audit", PROJECT, "--verify"]):
        broken = workspace.run(*args, status=1).stdout
        assert f"{PROJECT}: broken at event 1: events are missing" in broken


def test_a_database_file_that_is_none_is_called_a_file(workspace: Workspace) -> None:
    (workspace.folder / "letter.db").write_text("Dear Sir or Madam, " * 99, encoding="utf-8")
    workspace.patch.setenv("AICMO_DATABASE_URL", "sqlite:///letter.db")
    for command in ("projects", "init"):
        refused = workspace.run(command, status=2).stderr
        assert "The database file can't be opened: file is not a database" in refused
        assert "server" not in refused


def test_unbalanced_books_are_status_1(workspace: Workspace) -> None:
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        database.execute("UPDATE item SET planned = planned + 1 WHERE key = 'fit-em-1'")
    assert "DON'T BALANCE" in workspace.run("report", PROJECT, status=1).stdout
    assert workspace.json("report", PROJECT, status=1)["balanced"] is False


def test_the_audit_log_says_who_did_what(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-em-1", "--by", "Ana")
    newest = workspace.json("audit", PROJECT, "--last", "1")["events"]
    assert [(event["event"], event["actor"]) for event in newest] == [("approval.given", "Ana")]
    assert "approval.given" in workspace.run("audit", PROJECT).stdout


def test_secrets_are_in_no_output(workspace: Workspace) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    password = "canary-of-the-mail-relay"
    workspace.allow(AICMO_SMTP_URL=f"smtp://agency:{password}@127.0.0.1:{port}?tls=none")
    live = ("execute", PROJECT, "--enable", "--live")
    commands = [
        ["approve", PROJECT],
        ["--debug", *live],
        [*live, "--json"],
        ["plan", PROJECT],
        ["audit", PROJECT],
        ["report", PROJECT],
        ["--debug", "import", "missing.yaml"],
        ["--debug", "plan", SECRET_KEY],
    ]
    shown = [CliRunner().invoke(app, args).output for args in commands]
    assert "approved" in shown[0]
    for secret in (SECRET_KEY, password):
        assert not [text for text in shown if secret in text]


def test_a_terminal_without_unicode_does_not_crash(workspace: Workspace) -> None:
    result = CliRunner(charset="ascii").invoke(app, ["plan", PROJECT])
    assert result.exit_code == 0, result.exception
    assert result.stdout_bytes.isascii()
    assert b"fit-em-1" in result.stdout_bytes


def test_output_to_a_pipe_is_plain_and_of_one_width(workspace: Workspace) -> None:
    shown: set[str] = set()
    for columns in ("40", "200"):
        workspace.patch.setenv("COLUMNS", columns)
        shown.add(workspace.run("plan", PROJECT).stdout)
    assert len(shown) == 1
    assert "\x1b" not in shown.pop()


def test_no_color_is_respected(workspace: Workspace) -> None:
    workspace.patch.setenv("FORCE_COLOR", "1")
    assert re.search(COLOUR, workspace.run("plan", PROJECT).stdout)
    workspace.patch.setenv("NO_COLOR", "1")
    assert not re.search(COLOUR, workspace.run("plan", PROJECT).stdout)


def test_on_a_terminal_approve_asks_and_no_means_no(workspace: Workspace) -> None:
    shown = _on_a_terminal(["approve", PROJECT, "fit-em-1"], b"n\n")
    assert "Approve 1 item as shown?" in shown
    assert shown.index("Founder price opens") < shown.index("Approve 1 item as shown?")
    assert workspace.json("plan", PROJECT)["items"][0]["approval"] == "not approved"


def _on_a_terminal(args: list[str], answer: bytes) -> str:
    main, side = pty.openpty()
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TERM": "xterm",
        "COLUMNS": "120",
    }
    command = [sys.executable, "-m", "aicmo.cli.main", *args]
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, env=environment)
    os.close(side)
    os.write(main, answer)
    shown = b""
    # Linux reports the end of a pseudo-terminal as EIO.
    with contextlib.suppress(OSError):
        while chunk := os.read(main, 4096):
            shown += chunk
    os.close(main)
    assert process.wait() != 0
    return shown.decode()
