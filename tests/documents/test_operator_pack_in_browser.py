"""The page of a post that a person publishes, in a browser: readable by everyone, in any script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aicmo.database import Database
from aicmo.execution.operator_pack import write_packs
from aicmo.execution.operator_tasks import operator_tasks
from aicmo.execution.project import load_plan
from tests.checkers.browser import Browser, running_browser
from tests.projects import NOW
from tests.unit.social_projects import PORTRAIT, social_project

ARABIC = "يفتح الاستوديو يوم الاثنين. #أوستن https://northside.example.com/ar"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as started:
        yield started


@pytest.fixture
def page(sqlite_url: str, tmp_path: Path) -> Path:
    database = Database(sqlite_url)
    post = {
        "id": "opening", "channel": "twitter", "title": "Hauptbetriebswerkbauunterbeamten" * 3,
        "send_at": "2026-03-16T07:30", "content": {"text": ARABIC, "media": [PORTRAIT]},
    }  # fmt: skip
    social_project(database, post, pinned=())
    with database.read() as session:
        plan, found = (
            load_plan(session, "studio"), operator_tasks(session, "studio", None, now=NOW)
        )  # fmt: skip
        (pack,) = write_packs(session, "studio", plan.document, found, tmp_path / "tasks")
    return pack.page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_pack_can_be_read_by_everyone_in_its_own_direction(
    browser: Browser, page: Path, width: int, scheme: str
) -> None:
    seen = browser.look(
        page, width=width, scheme="dark" if scheme == "dark" else "light", axe=True,
        styles=[("#text-1", "direction"), ("h1", "direction")],
    )  # fmt: skip
    assert (seen.violations, seen.errors, seen.overflow) == ([], [], 0)
    assert seen.styles == ["rtl", "ltr"]
