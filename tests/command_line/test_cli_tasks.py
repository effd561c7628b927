"""`aicmo tasks` gives a person all they need to post by hand; `aicmo done` records that they did."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example

ITEM = "fit-li-1"
URL = "https://www.linkedin.com/feed/update/urn:li:share:7123/"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def test_the_pack_has_the_text_as_approved_and_the_command_that_records_it(
    workspace: Workspace,
) -> None:
    workspace.run("approve", PROJECT, ITEM, "--by", "Ana")
    told = workspace.json("tasks", PROJECT, ITEM)
    (task,) = told["tasks"]
    (part,) = task["parts"]
    preview = workspace.json("preview", PROJECT, ITEM)["items"][0]["cards"][0]
    assert part["text"] == preview["text"]
    assert (task["approved"], task["channel"]) == (True, "linkedin")
    assert task["local_time"].endswith(("CST", "CDT"))
    folder = Path(task["page"]).parent
    assert (folder / "1-text.txt").read_text(encoding="utf-8") == part["text"]
    assert f"aicmo done {PROJECT} {ITEM} --url" in Path(task["page"]).read_text(encoding="utf-8")


def test_what_is_done_is_sent_and_no_task_any_more(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, ITEM, "--by", "Ana")
    shown = workspace.run("done", PROJECT, ITEM, "--url", URL, "--by", "Ana").stdout
    assert f"Recorded: {ITEM} on LinkedIn, {URL}" in shown
    assert "Nobody had approved" not in shown
    (post,) = workspace.json("report", PROJECT)["published"]
    assert (post["item"], post["permalink"]) == (ITEM, URL)
    report = workspace.run("report", PROJECT).stdout
    assert URL in report.split()  # whole, on one line
    assert "(posted by a person)" in report
    assert ITEM not in {task["item"] for task in workspace.json("tasks", PROJECT)["tasks"]}
    again = workspace.json("done", PROJECT, ITEM, "--url", URL, "--by", "Ana")
    assert again["new"] is False


def test_what_nobody_approved_is_said_loudly(workspace: Workspace) -> None:
    page = Path(workspace.json("tasks", PROJECT, ITEM)["tasks"][0]["page"])
    assert "Nobody has approved this yet" in page.read_text(encoding="utf-8")
    shown = workspace.run("done", PROJECT, ITEM, "--url", URL, "--by", "Ana").stdout
    assert "Nobody had approved it" in shown


def test_a_wrong_address_says_what_it_looks_like(workspace: Workspace) -> None:
    wrong = workspace.run(
        "done", PROJECT, ITEM, "--url", "https://example.com/x", "--by", "Ana", status=2
    )
    assert "looks like https://www.linkedin.com/feed/update/" in wrong.output


def test_a_live_run_with_posts_for_a_person_is_no_failure(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, ITEM, "--by", "Ana")
    workspace.allow(EXECUTION_CHANNELS="linkedin")
    ran = workspace.run("execute", PROJECT, "--enable", "--live", "--channels", "linkedin")
    assert f"`aicmo tasks {PROJECT}`" in ran.stdout
