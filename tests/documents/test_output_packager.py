"""The public API of packaging: whole, verified, reused, partial when it must be, never raising."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from aicmo import audit
from aicmo.database import Database, open_database
from aicmo.delivery import output_packager as api
from aicmo.delivery.output_packager import ProjectPackageResult, build_project_package
from tests.projects import email, imported, post


@pytest.fixture
def project(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    database = open_database(sqlite_url)
    imported(database, email(), post())
    return database


def fail(_: object) -> Path:
    raise RuntimeError("no ink")


def test_a_package_is_whole_verified_and_stored(project: Database) -> None:
    result = build_project_package("studio")
    assert (result.success, result.errors, result.file_count()) == (True, [], 3)
    folder = Path(result.metadata["folder"])
    assert sorted(file.name for file in folder.iterdir()) == [
        "SHA256SUMS", "calendar.ics", "calendar.xlsx", "data", "deck.pptx", "manifest.json",
        "previews", "proof", "strategy.pdf", "summary.html",
    ]  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in manifest["files"]:
        content = (folder / entry["name"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["size"] == len(content)
        assert entry["title"]
    pages = {entry["format"]: entry["pages"] for entry in manifest["files"] if entry["format"]}
    assert pages["pdf"] >= 3
    assert pages["pptx"] >= 5
    assert (manifest["complete"], manifest["missing"]) == (True, [])
    assert len(list((folder / "previews").glob("*.webp"))) == pages["pdf"]
    assert len(result.metadata["stored"]) == len(manifest["files"]) + 3
    assert result.metadata["files_generated"] == ["pdf", "pptx", "html"]
    with project.read() as session:
        names = [row.event for row in audit.events(session, "studio", newest=20)]
    assert {"packaging.started", "packaging.pdf_generated", "packaging.completed"} <= set(names)


def test_unchanged_content_is_not_rendered_again_and_a_change_is(project: Database) -> None:
    first = build_project_package("studio", formats=("pptx", "html"))
    again = build_project_package("studio", formats=("pptx", "html"))
    assert [file["reused"] for file in first.metadata["files"]] == [False, False]
    assert [file["reused"] for file in again.metadata["files"]] == [True, True]
    assert first.pptx_path == again.pptx_path
    imported(project, email(title="Another title"), post())
    changed = build_project_package("studio", formats=("pptx", "html"))
    assert [file["reused"] for file in changed.metadata["files"]] == [False, False]
    assert changed.pptx_path != first.pptx_path


def test_a_damaged_file_is_not_reused(project: Database) -> None:
    del project
    first = build_project_package("studio", formats=("html",))
    for file in Path(".aicmo/output").rglob("summary.html"):
        file.write_bytes(b"damaged")
    again = build_project_package("studio", formats=("html",))
    assert again.errors == []
    assert again.html_summary_path == first.html_summary_path
    assert b"Northside Studio" in Path(str(again.html_summary_path)).read_bytes()


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        ("generate_strategy_pdf", ["pptx", "html"]),
        ("generate_full_deck_pptx", ["html"]),
        ("generate_html_summary", ["pptx"]),
    ],
)
def test_one_format_that_fails_leaves_the_others_and_its_reason(
    project: Database, broken: str, left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del project
    monkeypatch.setattr(api, broken, fail)
    formats: Any = ("pdf", "pptx", "html") if len(left) > 1 else ("pptx", "html")
    result = build_project_package("studio", formats=formats)
    assert result.success
    assert result.errors == [f"{broken} failed: no ink"]
    assert result.metadata["files_generated"] == left
    assert result.metadata["error_count"] == 1
    missing = result.metadata["manifest"]["missing"]
    assert [entry["reason"] for entry in missing] == ["no ink"]


def test_nothing_made_is_no_success(project: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    del project
    for step in ("generate_strategy_pdf", "generate_full_deck_pptx", "generate_html_summary"):
        monkeypatch.setattr(api, step, fail)
    result = build_project_package("studio")
    assert (result.success, result.file_count(), len(result.errors)) == (False, 0, 3)


def test_an_unknown_project_is_said(project: Database) -> None:
    result = build_project_package("nobody")
    assert (result.success, result.errors) == (False, ["Project nobody not found"])
    with project.read() as session:
        names = [row.event for row in audit.events(session, "nobody", newest=9)]
    assert "packaging.project_not_found" in names


def test_a_store_that_refuses_is_an_error_and_the_files_stay(
    project: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    del project
    monkeypatch.setenv("AICMO_PACKAGES_URL", "ftp://nowhere")
    result = build_project_package("studio", formats=("html",))
    assert result.success
    assert result.errors[0].startswith("store_package failed: ")
    assert Path(str(result.html_summary_path)).exists()


def test_every_step_can_be_replaced(
    project: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del project
    own = tmp_path / "own.pdf"
    own.write_bytes(b"%PDF-own")
    monkeypatch.setattr(api, "fetch_project_data", lambda key: {"id": key})
    monkeypatch.setattr(api, "generate_strategy_pdf", lambda _data: own)
    result = build_project_package("mine", formats=("pdf",))
    assert (result.pdf_path, result.success, result.errors) == (str(own), True, [])


@pytest.mark.parametrize("given", ["missing.html", None, 7, "."])
def test_a_step_that_returns_no_file_fails_alone(
    project: Database, given: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    del project
    monkeypatch.setattr(api, "generate_html_summary", lambda _: given)
    alone = build_project_package("studio", formats=("html",))
    assert not alone.success
    assert alone.errors == [f"generate_html_summary failed: returned no file: {given}"]
    result = build_project_package("studio", formats=("pptx", "html"))
    assert result.metadata["files_generated"] == ["pptx"]
    assert result.metadata["manifest"]["missing"][0]["reason"] == f"returned no file: {given}"
    assert "deck.pptx" in result.metadata["stored"]
    assert "summary.html" not in result.metadata["stored"]


@pytest.mark.parametrize(
    ("formats", "said"), [((), "No format is named."), (("docx",), "Unknown format docx.")]
)
def test_a_format_nobody_knows_is_an_error_with_the_known_ones(
    project: Database, formats: Any, said: str
) -> None:
    del project
    result = build_project_package("studio", formats=formats)
    assert not result.success
    assert result.errors == [
        f"build_project_package failed: {said} The formats are pdf, pptx, html."
    ]


def test_an_argument_that_can_not_be_read_as_text_is_an_error(project: Database) -> None:
    class Unreadable:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    del project
    unreadable: Any = Unreadable()
    assert build_project_package(unreadable).errors == ["build_project_package failed: no text"]


@pytest.mark.parametrize("value", [None, "", "../../etc", "x" * 500])
def test_no_argument_makes_it_raise(project: Database, value: Any) -> None:
    del project
    assert not build_project_package(value).success


def test_a_broken_database_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_DATABASE_URL", "nonsense")
    assert build_project_package("studio").errors


def test_errors_are_kept_once() -> None:
    result = ProjectPackageResult("studio")
    result.add_error("same")
    result.add_error("same")
    assert result.errors == ["same"]
    assert (result.success, result.file_count()) == (False, 0)


def test_a_step_called_alone_returns_a_verified_file(project: Database) -> None:
    del project
    data = api.fetch_project_data("studio")
    assert data is not None
    path = api.generate_html_summary(data)
    assert path.name == "summary.html"
    assert api.fetch_project_data("nobody") is None
