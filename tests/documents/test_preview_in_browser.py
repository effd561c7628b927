"""The preview's page with posts, in a browser: readable by everyone, on a telephone too, without a request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aicmo.database import Database
from aicmo.execution.post_card_media import contents
from aicmo.execution.preview import preview_items
from aicmo.execution.preview_page import write_preview
from aicmo.execution.project import load_items, load_plan
from tests.checkers.browser import Browser, running_browser
from tests.unit.social_projects import NETWORKS, launch, social_project, thread, too_long

NOW = datetime(2026, 3, 16, 17, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as started:
        yield started


@pytest.fixture
def page(sqlite_url: str, tmp_path: Path) -> Path:
    database = Database(sqlite_url)
    long = thread("mastodon") | {
        "id": "long-title",
        "title": "Hauptbetriebswerkbauunterbeamten" * 3,
    }
    social_project(database, launch(), thread(), too_long(), long, pinned=NETWORKS[:4])
    with database.read() as session:
        plan, items = load_plan(session, "studio"), load_items(session, "studio")
    found = preview_items(database, plan, items, NOW)
    return write_preview(found, plan, tmp_path / "preview", contents(database))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_cards_can_be_read_by_everyone_and_ask_for_nothing(
    browser: Browser, page: Path, width: int, scheme: str
) -> None:
    seen = browser.look(
        page, width=width, scheme="dark" if scheme == "dark" else "light", axe=True,
        visible=[".network", ".pic img", ".thread > li"],
    )  # fmt: skip
    assert seen.violations == []
    requests = [each for each in seen.requests if not each.startswith("data:")]
    assert (requests, seen.errors, seen.overflow) == ([], [], 0)
    assert seen.visible[".network"] == 8
    assert seen.visible[".thread > li"] == 6
    assert seen.visible[".pic img"] >= 8


def test_the_cards_of_one_post_stand_side_by_side(browser: Browser, page: Path) -> None:
    tops = ["#launch-linkedin", "#launch-instagram"]
    wide, narrow = (browser.look(page, width=width, tops=tops).tops for width in (1280, 390))
    assert wide[tops[0]] == wide[tops[1]]
    assert narrow[tops[0]] < narrow[tops[1]]
