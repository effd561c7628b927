"""Preview and approve at the command line: an answer, the findings with place and fix, no yes to errors."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.command_line.cli_workspace import EXAMPLE, PROJECT, Workspace, enter_with_example

SUBJECT = "50 minutes. Founder price. 100 places."
RULED_OUT = "A luxury car of a class. 100 places."
NO_DEFAULT = "{{ contact.preferred_class }}, and the founder price"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def _import_with_subject(workspace: Workspace, subject: str) -> None:
    _import_with(workspace, f"subject: '{subject}'", instead_of=f"subject: {SUBJECT}")


def _import_with(workspace: Workspace, new: str, *, instead_of: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert text.count(instead_of) == 1
    file = workspace.folder / "changed.yaml"
    file.write_text(text.replace(instead_of, new), encoding="utf-8")
    workspace.run("import", str(file))


def test_a_plan_is_previewed_in_a_table_with_a_page(workspace: Workspace) -> None:
    shown = workspace.run("preview", PROJECT).stdout
    assert "9 not approved" in shown
    assert "Warning  fit-li-1, content.card: LinkedIn doesn’t look at the page" in shown
    assert "1 unsubscribed" in shown
    page = Path(shown.split("Open ", 1)[1].strip())
    assert page.is_absolute()
    assert "Founder price opens" in page.read_text(encoding="utf-8")
    assert len(shown.splitlines()) < 40
    for file in page.parent.glob("*.eml"):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert not message.defects
        assert message["To"]


def test_findings_come_with_place_and_fix_and_end_with_1(workspace: Workspace) -> None:
    _import_with_subject(workspace, RULED_OUT)
    shown = workspace.run("preview", PROJECT, status=1).stdout
    assert "Error  fit-em-1, content.subject: Says “luxury car”" in shown
    assert "  Fix: Write it in other words, or take the phrase from language_rules" in shown
    assert "Can't be approved as it is: fit-em-1." in shown


def test_what_two_items_share_is_said_once(workspace: Workspace) -> None:
    _import_with(workspace, "/leave", instead_of="/u/{token}")
    shown = workspace.run("preview", PROJECT, "fit-em-1", "fit-em-2").stdout
    assert shown.count("brand.unsubscribe_url") == 1
    assert "Warning  fit-em-1, fit-em-2, brand.unsubscribe_url: Nobody can leave" in shown


def test_only_the_named_items_are_previewed(workspace: Workspace) -> None:
    _import_with_subject(workspace, RULED_OUT)
    told = workspace.json("preview", PROJECT, "fit-em-2", "fit-li-1")
    assert [each["item"] for each in told["items"]] == ["fit-li-1", "fit-em-2"]
    assert "no item fit-em-9" in workspace.run("preview", PROJECT, "fit-em-9", status=2).stderr


def test_json_has_every_check_with_its_verdict(workspace: Workspace) -> None:
    _import_with_subject(workspace, RULED_OUT)
    told = workspace.json("preview", PROJECT, status=1)
    items = {each["item"]: each for each in told["items"]}
    checks = {each["check"]: each for each in items["fit-em-1"]["checks"]}
    assert checks["Unsubscribe link"]["verdict"] == "ok"
    assert checks["Words ruled out"]["verdict"] == "error"
    (finding,) = checks["Words ruled out"]["findings"]
    assert finding.keys() == {"severity", "place", "text", "fix"}
    assert items["fit-em-1"]["skipped"] == {"unsubscribed": 1}
    assert [each["count"] for each in items["fit-em-1"]["samples"]] == [8, 1]
    assert items["fit-li-1"]["cards"][0]["network"] == "linkedin"
    assert items["fit-em-1"]["cards"] == []


def test_contacts_who_lack_a_value_are_named_before_anyone_approves(workspace: Workspace) -> None:
    _import_with_subject(workspace, NO_DEFAULT)
    shown = workspace.run("preview", PROJECT, "fit-em-1", status=1).stdout
    assert "3 contacts (n5, n6, n8): content.subject needs contact.preferred_class" in shown
    (item,) = workspace.json("preview", PROJECT, "fit-em-1", status=1)["items"]
    assert (item["would_go"], item["findings_count"]) == (6, 3)


def test_an_email_with_errors_is_not_approved_and_everything_else_is(workspace: Workspace) -> None:
    _import_with_subject(workspace, RULED_OUT)
    shown = workspace.run("approve", PROJECT, "--yes", status=1).stdout
    assert "Approved by casey: 5 items." in shown
    assert "Not approved: fit-em-1." in shown
    assert "Error  fit-em-1, content.subject: Says “luxury car”" in shown
    states = {each["item"]: each["approval"] for each in workspace.json("plan", PROJECT)["items"]}
    assert states.pop("fit-em-1") == "not approved"
    assert set(states.values()) == {"approved"}
    told = workspace.json("approve", PROJECT, "fit-em-1", status=1)
    assert (told["approved"], told["refused"][0]["item"]) == ([], "fit-em-1")
    assert told["refused"][0]["findings"][0]["place"] == "content.subject"


def test_once_corrected_it_can_be_approved(workspace: Workspace) -> None:
    _import_with_subject(workspace, RULED_OUT)
    workspace.run("approve", PROJECT, "fit-em-1", status=1)
    _import_with_subject(workspace, SUBJECT)
    assert "Approved by casey: 1 item." in workspace.run("approve", PROJECT, "fit-em-1").stdout
