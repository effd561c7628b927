"""`aicmo package`: build, compare, try templates out."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import yaml

from aicmo.packaging import companions
from tests.command_line.cli_workspace import (
    EXAMPLE,
    PROJECT,
    Workspace,
    enter_with_example,
    listen_to_ctrl_c,
)

OURS = '{% include "aicmo/summary.css.j2" %}\n'
PATIENCE_SECONDS = 60


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def test_building_says_what_there_is_whether_it_is_ready_and_where(workspace: Workspace) -> None:
    said = workspace.run("package", PROJECT, "--formats", "html").stdout
    for words in ("summary.html", "calendar.xlsx", "proof/ledger.csv", "Content calendar"):
        assert words in said
    assert f"Internal draft: 1 blocker (`aicmo check {PROJECT}`)" in said
    assert "Package 1, in " in said
    assert "northside-strength-studio-v1" in said


def test_a_package_that_lacks_a_file_is_not_called_ready(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(companions, "OF_PLAN", {**companions.OF_PLAN, "calendar.xlsx": fail})
    ran = workspace.run("package", PROJECT, "--formats", "html", status=1)
    assert "Not ready for the client: it lacks calendar.xlsx." in ran.stdout
    assert "calendar.xlsx failed: " in ran.stderr


def test_build_can_be_named_and_json_is_one_object(workspace: Workspace) -> None:
    made = workspace.json("package", "build", PROJECT, "--formats", "html")
    assert made["success"]
    assert made["metadata"]["number"] == 1
    assert "calendar.ics" in made["metadata"]["companions"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "name one project"),
        (("build",), "name one project"),
        (("build", PROJECT, "--all"), "name one project"),
        ((PROJECT, "--templates", "."), "is for --watch"),
        ((PROJECT, "--watch"), "needs --templates"),
        ((PROJECT, "--watch", "--templates", "nowhere"), "for --templates: nowhere isn't there"),
        ((PROJECT, "--formats", "docx"), "Unknown format docx"),
        (("nobody",), "Project nobody not found"),
        (("diff", "1", "2"), "--project"),
        (("diff", "nowhere", "nowhere"), "isn't there"),
        (("diff", "1", "2", "--project", PROJECT), "has no package 1"),
    ],
)
def test_what_can_not_be_done_is_said(
    workspace: Workspace, args: tuple[str, ...], said: str
) -> None:
    if not args:
        assert "Usage" in workspace.run("package", status=2).output
        return
    result = workspace.run("package", *args, status=2)
    assert said in " ".join(result.output.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_what_is_ready_still_names_its_warnings(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "--yes")
    said = workspace.run("package", PROJECT, "--formats", "html").stdout
    assert f"Ready for the client with 3 warnings (`aicmo check {PROJECT}`)." in said


def test_two_packages_are_compared_in_words(workspace: Workspace) -> None:
    workspace.run("package", PROJECT, "--formats", "html")
    workspace.run("approve", PROJECT, "fit-em-1", "--yes")
    workspace.run("package", PROJECT, "--formats", "html")
    said = workspace.run("package", "diff", "1", "2", "--project", PROJECT).stdout
    assert "Founder price opens (fit-em-1) is approved" in said
    changes = workspace.json("package", "diff", "1", "2", "--project", PROJECT)["changes"]
    assert {"about": "Approvals", "text": "Founder price opens (fit-em-1) is approved"} in changes
    same = workspace.run("package", "diff", "2", "2", "--project", PROJECT).stdout
    assert same.strip() == "Nothing changed."


def test_every_project_is_packaged_and_one_that_fails_is_named(workspace: Workspace) -> None:
    other = yaml.safe_load(EXAMPLE.read_text())
    for part in (other["brand"]["logo"], other["brand"]["cover_picture"]):
        (workspace.folder / part).parent.mkdir(exist_ok=True)
        shutil.copyfile(EXAMPLE.parent / part, workspace.folder / part)
    other["id"] = "second-studio"
    file = workspace.folder / "second.yaml"
    file.write_text(yaml.safe_dump(other))
    workspace.run("import", str(file))
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        broken = "UPDATE plan SET document = json_remove(document, '$.market') WHERE project_id = ?"
        database.execute(broken, ("second-studio",))
    result = workspace.run("package", "--all", status=1)
    assert "northside-founders" in result.stdout
    assert "internal draft" in result.stdout
    assert "second-studio" in result.stdout
    assert "not made, with errors" in result.stdout
    assert str(workspace.folder / ".aicmo" / "output" / "packages") in result.stdout
    assert "Error: second-studio: " in result.stderr
    assert "Error: northside-founders" not in result.stderr


def test_the_proof_is_checked_against_the_audit_log(workspace: Workspace) -> None:
    made = workspace.json("package", PROJECT, "--formats", "html")
    proof = Path(made["metadata"]["folder"]) / "proof" / "ledger.json"
    command = json.loads(proof.read_text())["audit"]["verify"].split()
    assert command[0] == "aicmo"
    assert "unbroken" in workspace.run(*command[1:]).stdout
    forged = [*command[1:-1], f"1:{'0' * 64}"]
    said = workspace.run(*forged, status=1).stdout
    assert "broken at event 1: not the event that was kept" in said


@pytest.fixture
def templates(workspace: Workspace) -> Path:
    folder = workspace.folder / "look"
    folder.mkdir()
    (folder / "summary.css.j2").write_text(OURS + "h1 { letter-spacing: 1px }")
    return folder


@pytest.fixture
def watching(
    workspace: Workspace, templates: Path
) -> Generator[tuple[subprocess.Popen[str], Path]]:
    said = workspace.folder / "said.txt"
    with said.open("w") as output:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "aicmo.cli.main", "package", PROJECT, "--watch",
                "--formats", "html", "--templates", str(templates),
            ],
            stdout=output, stderr=subprocess.STDOUT, text=True, cwd=workspace.folder,
            preexec_fn=listen_to_ctrl_c,  # noqa: PLW1509  (nothing else runs between fork and exec)
        )  # fmt: skip
    try:
        wait_until(lambda: "Watching" in said.read_text(), said)
        yield process, said
    finally:
        process.kill()
        process.wait()


def wait_until(happened: Callable[[], bool], said: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.05)


def test_a_saved_template_is_rendered_again_and_an_error_has_its_line(
    workspace: Workspace, templates: Path, watching: tuple[subprocess.Popen[str], Path]
) -> None:
    process, said = watching
    page = workspace.folder / ".aicmo" / "output" / "trial" / PROJECT / "summary.html"
    assert "letter-spacing: 1px" in page.read_text()
    template = templates / "summary.css.j2"
    template.write_text(OURS + "h1 { letter-spacing: 2px }")
    wait_until(lambda: "letter-spacing: 2px" in page.read_text(), said)
    template.write_text(OURS + "h1 { letter-spacing: {{ nothing }} }")
    wait_until(lambda: "summary.css.j2, line 2" in said.read_text(), said)
    assert "letter-spacing: 2px" in page.read_text()
    template.write_text(OURS + "h1 { letter-spacing: 3px }")
    wait_until(lambda: "letter-spacing: 3px" in page.read_text(), said)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert "Traceback" not in said.read_text()
    assert workspace.json("packages", PROJECT)["packages"] == []
    assert not (workspace.folder / ".aicmo" / "output" / "packages").exists()
