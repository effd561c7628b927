"""Many projects at once: each gets its own result, in a process that spoils no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aicmo.database import Database
from aicmo.delivery import batch
from aicmo.delivery.batch import package_all
from tests import projects


def test_one_bad_project_spoils_no_other(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    for name in ("first", "second"):
        projects.imported(database, id=name)
    finished: list[str] = []

    results = package_all(
        ["first", "missing", "second", "first"],
        actor="test",
        workers=2,
        on_done=lambda result: finished.append(result.project_id),
    )

    assert [each.project_id for each in results] == ["first", "missing", "second"]
    assert sorted(finished) == ["first", "missing", "second"]
    assert [each.success for each in results] == [True, False, True]
    assert "Project missing not found" in results[1].errors
    assert [each.errors for each in (results[0], results[2])] == [[], []]
    for result in (results[0], results[2]):
        assert result.pdf_path
        assert Path(result.pdf_path).read_bytes().startswith(b"%PDF-1.7")


def test_a_process_that_dies_is_no_result() -> None:
    with batch._processes(1, 1) as processes:
        assert batch._result(processes.submit(os._exit, 3)) is None
