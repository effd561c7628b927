"""Starting: `init` never overwrites, every command explains itself, and start-up stays light."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from aicmo.settings import Settings
from aicmo.smtp_relay import parse_smtp_url
from deployments.up import sending
from tests.command_line.cli_workspace import PROJECT, enter, enter_with_example

COMMANDS = (
    "demo", "init", "import", "projects", "plan", "preview", "approve", "revoke", "execute",
    "doubts", "reconcile", "pause", "unpause", "cancel", "retry", "recover", "package", "report",
    "audit", "serve", "erase", "up", "email doctor", "email test", "email feedback",
)  # fmt: skip
REPOSITORY = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
HEAVY = {
    "prefect", "weasyprint", "boto3", "pptx", "alembic", "httpx", "starlette", "uvicorn", "dkim",
    "dns", "nh3",
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = enter(tmp_path, monkeypatch)
    *group, name = command.split()
    shown = workspace.run(*group, name, "--help").stdout
    assert f"aicmo {command}" in shown
    assert len(shown.splitlines()) > 5
    assert name in workspace.run(*group, "--help").stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("commands", [[["--help"]], [["projects"], ["plan", PROJECT]]])
def test_start_up_loads_no_heavy_library(
    commands: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter_with_example(tmp_path, monkeypatch)
    code = (
        "import json, sys\n"
        "from aicmo.cli.main import app\n"
        "ends = []\n"
        f"for args in {commands!r}:\n"
        "    try: app(args, prog_name='aicmo')\n"
        "    except SystemExit as end: ends.append(end.code or 0)\n"
        "print(json.dumps([ends, sorted({name.split('.')[0] for name in sys.modules})]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=REPOSITORY
    )
    ends, modules = json.loads(done.stdout.splitlines()[-1])
    assert ends == [0] * len(commands), done.stderr
    assert HEAVY.isdisjoint(modules)
    if commands == [["--help"]]:
        assert {"sqlalchemy", "pydantic"}.isdisjoint(modules)


def test_init_writes_a_private_key_and_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = enter(tmp_path, monkeypatch)
    first = workspace.run("init").stdout
    env = tmp_path / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".aicmo" / "aicmo.db").exists()
    assert "aicmo import FILE" in first
    key = dotenv_values(env)["AICMO_SECRET_KEY"] or ""
    assert len(key) >= 32
    assert key not in first
    assert workspace.run("projects").stdout.startswith("There is no project yet")


def test_a_new_env_names_what_else_it_may_hold_and_sets_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(tmp_path, monkeypatch).run("init")
    env = tmp_path / ".env"
    assert dotenv_values(env).keys() == {"AICMO_SECRET_KEY"}
    named = dotenv_values(stream=StringIO(env.read_text(encoding="utf-8").replace("#", "")))
    read = {str(field.validation_alias) for field in Settings.model_fields.values()}
    names = {name for name, value in named.items() if value}
    assert {"AICMO_SMTP_URL", "AICMO_FEEDBACK_URL", "EXECUTION_ENABLED"} < names <= read
    parse_smtp_url(named["AICMO_SMTP_URL"] or "")


@pytest.mark.parametrize(
    "args", [["projects"], ["plan", PROJECT], ["pause"], ["package", PROJECT], ["audit"]]
)
def test_a_wrong_folder_is_told_and_stays_empty(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = enter(tmp_path, monkeypatch)
    refused = workspace.run(*args, status=2).stderr
    assert f"There is no AICMO database at {tmp_path}/.aicmo/aicmo.db." in refused
    assert "Next:  Run `aicmo init` here" in refused
    assert list(tmp_path.iterdir()) == []


def test_up_says_whether_its_runs_can_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = enter(tmp_path, monkeypatch)
    assert "nothing can be sent" in sending()
    workspace.allow()
    assert "SENDS" in sending()


def test_init_never_overwrites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = enter_with_example(tmp_path, monkeypatch)
    before = (tmp_path / ".env").read_bytes()
    assert "stays as it is" in workspace.run("init").stdout
    assert (tmp_path / ".env").read_bytes() == before
    assert [row["project_id"] for row in workspace.json("projects")["projects"]] == [PROJECT]


def test_init_keeps_the_other_lines_of_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text("EXECUTION_CHANNELS=email", encoding="utf-8")
    workspace.run("init")
    lines = (tmp_path / ".env").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "EXECUTION_CHANNELS=email"
    assert lines[1].startswith("AICMO_SECRET_KEY=")


def test_init_refuses_a_short_key_instead_of_replacing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text("AICMO_SECRET_KEY=tiny-key\n", encoding="utf-8")
    refused = workspace.run("init", status=2).stderr
    assert "shorter than 32" in refused
    assert "Next:  Remove it" in refused
    assert (tmp_path / ".env").read_text(encoding="utf-8") == "AICMO_SECRET_KEY=tiny-key\n"


@pytest.mark.parametrize("name", ["calendar.csv", "calendar.xlsx"])
def test_init_template_writes_a_calendar_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = enter(tmp_path, monkeypatch)
    workspace.run("init", "--template", name)
    written = (tmp_path / name).read_bytes()
    assert written
    assert not (tmp_path / ".env").exists()
    assert "is there already" in workspace.run("init", "--template", name, status=2).stderr
    assert (tmp_path / name).read_bytes() == written
