"""`aicmo preview` of posts: cards in the terminal and in JSON, and an end with 1 where there are errors."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from aicmo.cli.ledger import open_ledger
from aicmo.cli.post_cards import show_posts
from aicmo.execution.post_card_media import contents
from aicmo.execution.preview import preview_items
from aicmo.execution.project import load_items, load_plan
from tests.command_line.cli_workspace import Workspace, enter
from tests.projects import NOW
from tests.unit.social_projects import launch, pin_account, social_project, thread, too_long


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Workspace:
    found = enter(tmp_path, monkeypatch)
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    social_project(open_ledger(), launch(), thread(), too_long(), pinned=("linkedin", "twitter"))
    return found


def test_the_post_of_several_networks_is_named_once_and_shown_on_each(workspace: Workspace) -> None:
    shown = workspace.run("preview", "studio", "launch").stdout
    for name in ("LinkedIn", "Instagram", "X", "Bluesky", "Mastodon"):
        assert f"  {name}  ─" in shown
    assert "US$0.20 for this post" in shown
    assert "Underlined" not in shown  # nothing can be, without a terminal
    assert "○ Northside Studio" in shown
    assert "@northsideATX" in shown
    assert "Mon 16 Mar 2026 07:30 CDT" in shown
    assert "Founder places: 20 % off" in shown  # the link's card
    assert max(len(line) for line in shown.splitlines() if "│" in line) <= 120


def test_a_long_word_is_broken_and_never_cut(workspace: Workspace) -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 2
    channels = ["linkedin", "bluesky", "mastodon"]
    social_project(
        open_ledger(), launch(channels=channels, content={"text": word}, variants={})
    )  # fmt: skip
    shown = workspace.run("preview", "studio", "launch").stdout
    assert "…" not in shown
    of_first = "".join(line[2:37].strip() for line in shown.splitlines() if line.startswith("│ "))
    assert word in of_first


def test_a_plan_as_a_whole_stays_a_table(workspace: Workspace) -> None:
    shown = workspace.run("preview", "studio", status=1).stdout
    assert "╭─" not in shown
    assert "launch-bluesky" in shown
    assert "Can't be approved as it is: long-1." in shown


def test_an_overlong_post_ends_with_1_and_says_by_how_much(workspace: Workspace) -> None:
    shown = workspace.run("preview", "studio", "long-1", status=1).stdout
    assert "of 280 " in shown
    assert "No alt text" in shown
    assert "Fix: " in shown


def test_json_has_the_cards_with_counts_and_problems(workspace: Workspace) -> None:
    told = workspace.json("preview", "studio", "thread-1", "long-1", status=1)
    items = {each["item"]: each for each in told["items"]}
    first, second, third = items["thread-1"]["cards"]
    assert (first["part"], first["parts"], first["network"]) == (1, 3, "bluesky")
    assert (first["limit"], first["account"]["pinned"]) == (300, False)
    assert [each["place"] for each in first["problems"]] == ["account"]
    assert second["pictures"][0]["alt_text"] == "Eight people on mats, seen from above"
    assert third["text"].startswith("The last five minutes")
    (card,) = items["long-1"]["cards"]
    assert card["used"] > card["limit"] == 280
    assert card["price_usd"] > 0
    assert {each["severity"] for each in card["problems"]} == {"error"}
    assert all(each["fix"] for each in card["problems"])


def test_a_post_on_several_networks_is_approved_by_its_one_name(workspace: Workspace) -> None:
    workspace.run("approve", "studio", "launch", "--yes")
    states = {each["item"]: each["approval"] for each in workspace.json("plan", "studio")["items"]}
    assert {key for key, state in states.items() if state == "approved"} == {
        f"launch-{network}"
        for network in ("linkedin", "instagram", "twitter", "bluesky", "mastodon")
    }


def test_a_refused_post_is_told_with_its_fix(workspace: Workspace) -> None:
    shown = workspace.run("approve", "studio", "long-1", "--yes", status=1).stdout
    assert "Not approved: long-1." in shown
    assert "Error  long-1, content.text" in shown


def test_a_terminal_with_colours_draws_the_pictures(workspace: Workspace) -> None:
    database = open_ledger()
    pin_account(database, "bluesky")
    with database.read() as session:
        plan, items = load_plan(session, "studio"), load_items(session, "studio")
    found = preview_items(database, plan, [each for each in items if each.key == "thread-1"], NOW)
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, color_system="truecolor", width=100)
    show_posts(console, found, contents(database))
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", told.getvalue())
    assert drawn.count("▀") > 100
    assert "● Northside Studio" in drawn
