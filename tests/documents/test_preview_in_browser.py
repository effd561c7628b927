"""The preview's page with posts and changes in a CRM, in a browser.

Readable by everyone, on a telephone too, without a request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aicmo.crm.record import Several
from aicmo.database import Database
from aicmo.execution.post_card_media import contents
from aicmo.execution.preview import preview_items
from aicmo.execution.preview_page import write_preview
from aicmo.execution.project import load_items, load_plan
from tests.checkers.browser import Browser, running_browser
from tests.projects import contact
from tests.unit.crm_projects import FIELDS, change, connect, import_crm
from tests.unit.crm_readings import has, record
from tests.unit.social_projects import NETWORKS, launch, social_project, thread, too_long

NOW = datetime(2026, 3, 16, 17, 0, tzinfo=UTC)
HOSTILE = "<img src=https://evil.example.com/x onerror=alert(1)><script>alert(2)</script>"


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


@pytest.fixture
def differences(sqlite_url: str, tmp_path: Path) -> Path:
    database = Database(sqlite_url)
    people = [contact(number, attributes={"goal": "run"}) for number in range(1, 31)]
    fields = [each | {"conflict": "ask"} if each["ours"] == "goal" else each for each in FIELDS]
    items = change(), change("crm-2", "log_activity", note="Came to the open day.")
    import_crm(database, *items, contacts=people, fields=fields)
    connect(database)
    long = "Donaudampfschifffahrtsgesellschaft" * 5
    asks = record(changed_by=HOSTILE, email="a@example.com", firstname=long, goal=HOSTILE)
    has(database, {
        "c1": replace(asks, link="javascript:alert(3)"), "c2": None, "c3": Several(("1", "2")),
        **{f"c{at}": record(f"c{at}", email="x@example.com", firstname="X") for at in range(4, 30)},
    })  # fmt: skip
    with database.read() as session:
        plan, items = load_plan(session, "studio"), load_items(session, "studio")
    found = preview_items(database, plan, items, NOW)
    return write_preview(found, plan, tmp_path / "preview", contents(database))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_changes_in_a_crm_can_be_read_by_everyone_and_ask_for_nothing(
    browser: Browser, differences: Path, width: int, scheme: str
) -> None:
    seen = browser.look(
        differences, width=width, scheme="dark" if scheme == "dark" else "light", axe=True,
        visible=["#crm-1 .group", "#crm-1 .group:nth-child(1) tbody tr", "#crm-1 .group[open]", ".group script", ".group img", '[href^="javascript:"]'],
    )  # fmt: skip
    requests = [each for each in seen.requests if not each.startswith("data:")]
    assert (seen.violations, requests, seen.errors, seen.overflow) == ([], [], [], 0)
    assert list(seen.visible.values()) == [5, 3, 4, 0, 0, 0]


def test_a_long_group_opens_on_request(browser: Browser, differences: Path) -> None:
    changed = "#crm-1 .group:nth-child(3)"
    rows = f"{changed} tbody"
    assert browser.look(differences, visible=[rows]).visible[rows] == 0
    opened = browser.look(differences, clicks=[f"{changed} summary"], visible=[rows])
    assert opened.visible[rows] == 26
