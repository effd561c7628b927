"""`aicmo check`: the quality gate alone, with a status that a script can rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line.cli_workspace import EXAMPLE, PROJECT, Workspace, enter_with_example


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def test_a_draft_is_shown_with_place_evidence_and_fix_and_ends_with_status_1(
    workspace: Workspace,
) -> None:
    shown = workspace.run("check", PROJECT, status=1).stdout
    assert shown.index("1 blocker") < shown.index("3 warnings") < shown.index("7 notes")
    assert "6 of 6 not approved" in shown
    assert "`aicmo approve" in shown
    assert "funnel[0]" in shown
    assert "500 × 30 = 15,000 USD" in shown
    assert shown.rstrip().endswith("Internal draft: 1 blocker.")


def test_an_approved_plan_is_ready_for_the_client(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "--yes")
    shown = workspace.run("check", PROJECT).stdout
    assert shown.rstrip().endswith("Ready for the client; 3 warnings want an answer.")
    found = workspace.json("check", PROJECT)
    assert found["ready"] is True
    assert found["counts"] == {"blocker": 0, "warning": 3, "note": 7}
    trials = next(one for one in found["findings"] if one["place"] == "funnel[0]")
    assert trials["severity"] == "warning"
    assert trials["rule"] == "costs above the budget"


def test_the_name_of_another_client_makes_a_draft_of_an_approved_plan(
    workspace: Workspace,
) -> None:
    workspace.run("import", str(EXAMPLE.with_name("aurelio-showroom.yaml")))
    text = EXAMPLE.read_text(encoding="utf-8")
    old = "  - Partner companies say yes but don't set a date"
    assert text.count(old) == 1
    changed = workspace.folder / "changed.yaml"
    new = "  - It goes as it went at Aurelio Motor House. Then we wait."
    changed.write_text(text.replace(old, new), encoding="utf-8")
    workspace.run("import", str(changed))
    workspace.run("approve", PROJECT, "--yes")
    found = workspace.json("check", PROJECT, status=1)
    blockers = [one for one in found["findings"] if one["severity"] == "blocker"]
    assert [(one["rule"], one["place"], one["evidence"]) for one in blockers] == [
        ("another client's name", "risks[2]", "“It goes as it went at Aurelio Motor House.”")
    ]


def test_an_unknown_project_is_refused(workspace: Workspace) -> None:
    assert "nobody" in workspace.run("check", "nobody", status=2).stderr
