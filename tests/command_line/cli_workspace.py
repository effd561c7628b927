"""A working folder with the bundled example imported, and the command line run inside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aicmo.cli.main import app

PROJECT = "northside-founders"


def _by_day() -> Path:
    """The example without its quiet hours: at night in Chicago its emails would wait."""
    made = Path(tempfile.mkdtemp(prefix="aicmo-examples-"))
    shutil.copytree(Path(str(files("aicmo.plans") / "examples")), made, dirs_exist_ok=True)
    example = made / f"{PROJECT}.yaml"
    lines = example.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [each for each in lines if not each.lstrip().startswith("quiet_hours:")]
    example.write_text("".join(kept), encoding="utf-8")
    return example


EXAMPLE = _by_day()
SECRET_KEY = "canary-of-the-secret-key-0123456789abcdef"
_OURS = ("AICMO_", "EXECUTION_", "FORCE_COLOR", "COLUMNS", "TTY_")


@dataclass
class Workspace:
    """A working folder; the process stands in it."""

    folder: Path
    patch: pytest.MonkeyPatch

    def run(self, *args: str, status: int = 0, answers: str | None = None) -> Result:
        """Runs `aicmo ARGS`, which must end with `status`."""
        result = CliRunner().invoke(app, list(args), prog_name="aicmo", input=answers)
        assert result.exit_code == status, (
            f"{result.exit_code}: {result.output}{result.exception!r}"
        )
        return result

    def json(self, *args: str, status: int = 0) -> dict[str, Any]:
        """The one JSON object that `aicmo ARGS --json` prints on stdout."""
        return json.loads(self.run(*args, "--json", status=status).stdout)

    def allow(self, smtp_port: int | None = None, **variables: str) -> None:
        """Turns the environment's keys; mail goes to a loopback port."""
        self.patch.setenv("EXECUTION_ENABLED", "true")
        if smtp_port is not None:
            self.patch.setenv("AICMO_SMTP_URL", f"smtp://127.0.0.1:{smtp_port}?tls=none")
        for name, value in variables.items():
            self.patch.setenv(name, value)


def enter(folder: Path, patch: pytest.MonkeyPatch) -> Workspace:
    """An empty working folder; nothing of the real environment reaches the product."""
    for name in os.environ:
        if name.startswith(_OURS):
            patch.delenv(name)
    patch.setenv("USER", "casey")
    patch.setenv("LOGNAME", "casey")
    patch.chdir(folder)
    return Workspace(folder, patch)


def enter_with_example(folder: Path, patch: pytest.MonkeyPatch) -> Workspace:
    """A working folder with a key, a database, the example project and the pictures it names."""
    shutil.copytree(_prepared(), folder, dirs_exist_ok=True)
    with sqlite3.connect(folder / ".aicmo" / "aicmo.db") as database:
        # A copy would be taken for a backup that was restored.
        database.execute("UPDATE installation SET place = ''")
    return enter(folder, patch)


@lru_cache(maxsize=1)
def _prepared() -> Path:
    # Made once: creating the schema and reading the example take a second.
    folder = Path(tempfile.mkdtemp(prefix="aicmo-cli-"))
    (folder / ".env").write_text(f"AICMO_SECRET_KEY={SECRET_KEY}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        workspace = enter(folder, patch)
        workspace.run("init")
        workspace.run("import", str(EXAMPLE))
        shutil.copytree(EXAMPLE.parent / "pictures", folder / "pictures")
        _close_database()
    return folder


def _close_database() -> None:
    # The write-ahead log has to be in the file before the folder is copied.
    from aicmo.cli.ledger import open_ledger  # noqa: PLC0415

    open_ledger().dispose()


def listen_to_ctrl_c() -> None:
    """As at a terminal: a test run in the background would hand on that it ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
