"""What names people on disk is for its owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aicmo.cli.main import app
from aicmo.database import Database
from tests.projects import imported


@pytest.mark.parametrize("there_before", [False, True])
def test_nobody_else_can_open_a_preview(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, *, there_before: bool
) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    imported(Database(sqlite_url))
    folder = Path(".aicmo/output/previews/studio")
    if there_before:
        folder.mkdir(parents=True, mode=0o755)
    done = CliRunner().invoke(app, ["preview", "studio"])
    assert done.exit_code == 0, done.output
    assert "person1@example.com" in "".join(file.read_text() for file in folder.glob("*.eml"))
    assert oct(folder.stat().st_mode)[-3:] == "700"
