"""The files beside a document: read at the import, kept by content, nothing else read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from sqlalchemy import func, select

from aicmo.database import Database
from aicmo.errors import FixDocument, FixInput
from aicmo.execution.importing import Imported, import_document
from aicmo.execution.project import load_files
from aicmo.models import Asset
from aicmo.plans.reading import ReadDocument, read_document
from tests.conftest import KEY
from tests.projects import brand, document


def png(colour: str = "#12345a", size: tuple[int, int] = (8, 8)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, "PNG")
    return written.getvalue()


def written(folder: Path, **of_brand: Any) -> Path:
    path = folder / "studio.yaml"
    plan = document(brand=brand(**of_brand)).model_dump(mode="json")
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    return path


def imported(database: Database, read: ReadDocument) -> Imported:
    return import_document(
        database,
        read.document,
        source=read.source,
        actor="tester",
        secret_key=KEY,
        files=read.files,
    )


def test_a_document_comes_with_its_pictures_and_templates(tmp_path: Path) -> None:
    (tmp_path / "looks").mkdir()
    (tmp_path / "logo.png").write_bytes(png())
    (tmp_path / "looks" / "strategy.css.j2").write_text("p { color: red }")
    read = read_document(written(tmp_path, logo="logo.png", templates="looks"))
    assert read.files == {"logo.png": png(), "looks/strategy.css.j2": b"p { color: red }"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "names logo.png, which isn't there"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a PNG, JPEG or WebP picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "is not a PNG, JPEG or WebP picture"),
        (png()[:40], "is not a PNG, JPEG or WebP picture"),
        (b"", "is not a PNG, JPEG or WebP picture"),
        (png() + bytes(20 * 1024**2), "is larger than 20 MB"),
        (png(size=(8000, 7000)), "has more than 50 million pixels"),
    ],
    ids=["missing", "svg", "gif", "cut", "empty", "large", "many pixels"],
)
def test_a_picture_that_can_not_be_used_is_told_with_its_place(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "logo.png").write_bytes(content)
    with pytest.raises(FixDocument) as raised:
        read_document(written(tmp_path, logo="logo.png"))
    (problem,) = raised.value.problems
    assert problem.place == "brand.logo"
    assert said in str(problem)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png())
    (tmp_path / "project" / "looks").mkdir(parents=True)
    (tmp_path / "project" / "logo.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "project" / "looks" / "strategy.css.j2").symlink_to("/etc/passwd")
    with pytest.raises(FixDocument) as raised:
        read_document(written(tmp_path / "project", logo="logo.png", templates="looks"))
    assert [problem.place for problem in raised.value.problems] == ["brand.logo", "brand.templates"]


@pytest.mark.parametrize("number", [0, 41])
def test_a_template_folder_that_is_empty_or_too_full_is_refused(
    tmp_path: Path, number: int
) -> None:
    (tmp_path / "looks").mkdir()
    for each in range(number):
        (tmp_path / "looks" / f"{each}.j2").write_text("x")
    with pytest.raises(FixDocument) as raised:
        read_document(written(tmp_path, templates="looks"))
    assert "which doesn't hold 1 to 40 files" in str(raised.value.problems[0])


def test_a_plan_keeps_its_files_and_another_plan_has_its_own(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "logo.png").write_bytes(png())
    first = imported(database, read_document(written(tmp_path, logo="logo.png")))
    (tmp_path / "logo.png").write_bytes(png("#c0392b"))
    second = imported(database, read_document(written(tmp_path, logo="logo.png")))
    again = imported(database, read_document(written(tmp_path, logo="logo.png")))
    assert (first.version, second.version, again.unchanged) == (1, 2, True)
    with database.read() as session:
        assert load_files(session, "studio") == {"logo.png": png("#c0392b")}
        assert session.scalar(select(func.count()).select_from(Asset)) == 2


def test_an_import_without_the_named_file_is_refused(database: Database) -> None:
    with pytest.raises(FixInput, match=r"brand\.logo names logo\.png"):
        import_document(
            database,
            document(brand=brand(logo="logo.png")),
            source="test",
            actor="t",
            secret_key=KEY,
        )
