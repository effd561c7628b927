"""Importing: all problems at once, or the difference item by item; then the plan as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from aicmo.cli.console import plain
from tests.command_line.cli_workspace import EXAMPLE, PROJECT, Workspace, enter_with_example


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def _write(workspace: Workspace, document: dict[str, Any]) -> str:
    path = workspace.folder / "project.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path.name


def _document() -> dict[str, Any]:
    return yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))


def test_every_problem_is_shown_with_its_place_and_nothing_is_imported(
    workspace: Workspace,
) -> None:
    document = _document()
    document["timezone"] = "America/Chicagoo"
    document["items"][0]["send_at"] = "soon"
    document["items"][5]["audience"] = "nobody"
    name = _write(workspace, document)

    refused = workspace.run("import", name, status=2)
    for place in ("timezone", "items[0].send_at", "items[5].audience"):
        assert place in refused.stderr
    assert "nothing was imported" in refused.stderr
    assert refused.stdout == ""

    told = workspace.json("import", name, status=2)
    assert {"timezone", "items[0].send_at", "items[5].audience"} <= {
        problem["place"] for problem in told["problems"]
    }
    assert workspace.json("projects")["projects"][0]["plan_version"] == 1


def test_a_changed_plan_shows_its_difference_item_by_item(workspace: Workspace) -> None:
    document = _document()
    document["items"][0]["content"]["subject"] = "Doors are open"
    removed = document["items"].pop(2)
    name = _write(workspace, document)

    shown = workspace.run("import", name).stdout
    assert "plan version 2" in shown
    changed = next(line for line in shown.splitlines() if "fit-em-1" in line)
    assert changed.startswith("~")
    assert "content.subject" in changed
    withdrawn = next(line for line in shown.splitlines() if removed["id"] in line)
    assert withdrawn.startswith("-")

    again = workspace.json("import", name)
    assert again["unchanged"] is True
    assert again["version"] == 2


def test_a_calendar_replaces_the_items(workspace: Workspace) -> None:
    workspace.run("init", "--template", "calendar.csv")
    name = _write(workspace, _document())
    filled = workspace.json("import", name, "--calendar", "calendar.csv")
    assert {change["change"] for change in filled["difference"]["items"]} == {"added", "withdrawn"}

    heading = "id,channel,title,send_at,audience,subject,body"
    good = "sheet-1,email,From the sheet,2026-05-04T08:00,everyone,Hello,Good morning"
    _write_sheet(workspace, heading, good)
    assert workspace.json("import", name, "--calendar", "sheet.csv")["items"] == 1
    assert [item["item"] for item in workspace.json("plan", PROJECT)["items"]] == ["sheet-1"]

    _write_sheet(workspace, heading, good, "sheet-2,pigeon,By air,tomorrow,,,")
    told = workspace.json("import", name, "--calendar", "sheet.csv", status=2)
    places = " ".join(problem["place"] for problem in told["problems"])
    assert "row 3, column channel" in places
    assert "row 3, column send_at" in places


def _write_sheet(workspace: Workspace, *rows: str) -> None:
    (workspace.folder / "sheet.csv").write_text("\n".join(rows), encoding="utf-8")


def test_a_file_that_is_not_there_is_bad_input(workspace: Workspace) -> None:
    for args in (["missing.yaml"], [str(EXAMPLE), "--calendar", "missing.csv"]):
        refused = workspace.run("import", *args, status=2).stderr
        assert f"Error: There is no file {args[-1]}." in refused
    assert workspace.json("import", "missing.yaml", status=2)["error"].startswith(
        "There is no file"
    )


def test_a_calendar_alone_is_pointed_to_its_option(workspace: Workspace) -> None:
    workspace.run("init", "--template", "calendar.csv")
    refused = workspace.run("import", "calendar.csv", status=2).stderr
    assert "calendar.csv is a calendar" in refused
    assert "--calendar calendar.csv" in refused


def test_a_warning_is_neither_counted_nor_shown_as_what_stands_in_the_way(
    workspace: Workspace,
) -> None:
    document = _document()
    document["items"][0]["content"]["body"] += " TBD"
    document["items"][0]["audience"] = "nobody"
    name = _write(workspace, document)
    told = workspace.json("import", name, status=2)
    severities = [problem["severity"] for problem in told["problems"]]
    assert severities.count("error") == 1
    assert "warning" in severities
    assert told["error"] == f"{name} has 1 problem"
    shown = workspace.run("import", name, status=2).stderr
    assert f"{name} has 1 problem; nothing was imported" in shown
    errors, _, warnings = shown.partition("Warnings")
    assert "nobody" in errors
    assert "TBD" in warnings
    assert "TBD" not in errors


def test_the_plan_is_shown_in_the_clients_time_zone_with_what_would_happen(
    workspace: Workspace,
) -> None:
    shown = workspace.run("plan", PROJECT).stdout
    assert "Tue 3 Mar 2026 07:30 CST" in shown
    assert "Thu 2 Apr 2026 07:30 CDT" in shown
    plan = workspace.json("plan", PROJECT)
    items = {item["item"]: item for item in plan["items"]}
    email = {(s["state"], s["reason"]): s["count"] for s in items["fit-em-1"]["states"]}
    assert email == {("held", "not approved"): 9, ("skipped", "unsubscribed"): 1}
    assert items["fit-li-1"]["states"] == [{"state": "held", "reason": "not approved", "count": 1}]
    assert items["fit-em-1"]["approval"] == "not approved"

    workspace.run("approve", PROJECT, "fit-em-1", "--by", "Ana")
    after = {item["item"]: item for item in workspace.json("plan", PROJECT)["items"]}
    assert (after["fit-em-1"]["approval"], after["fit-em-1"]["approved_by"]) == ("approved", "Ana")
    # At night in Chicago, they wait for the end of the example's quiet hours.
    going = [each for each in after["fit-em-1"]["states"] if each["state"] in ("ready", "waiting")]
    assert sum(each["count"] for each in going) == 9

    document = _document()
    document["items"][0]["content"]["subject"] = "Something else"
    workspace.run("import", _write(workspace, document))
    changed = {item["item"]: item for item in workspace.json("plan", PROJECT)["items"]}
    assert changed["fit-em-1"]["approval"] == "changed since"


def test_markup_and_control_characters_of_a_document_stay_text(workspace: Workspace) -> None:
    document = _document()
    document["name"] = "[bold red]Sale[/] [/nonsense]"
    workspace.run("import", _write(workspace, document))
    for command in (("plan", PROJECT), ("projects",)):
        assert "[bold red]Sale[/] [/nonsense]" in workspace.run(*command).stdout
    assert plain("a\x1b]0;title\x07b").plain == "a ]0;title b"


def test_who_left_or_was_erased_is_named_by_the_next_import(workspace: Workspace) -> None:
    document = _document()
    first, second, *_ = [each["id"] for each in document["contacts"]]
    document["contacts"][0]["consent"] = "unsubscribed"
    workspace.run("import", _write(workspace, document))
    workspace.run("erase", PROJECT, "--contact", second, "--yes")

    document["contacts"][0]["consent"] = "opt_in"
    shown = workspace.run("import", _write(workspace, document)).stdout
    assert f"nothing is sent, whatever the document says: {first}.\n" in shown
    assert f"take them out of the document: {second}.\n" in shown
