"""`aicmo erase` as it is typed and read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def _person(workspace: Workspace) -> tuple[str, str]:
    """Id and address of a contact of the example."""
    from sqlalchemy import select  # noqa: PLC0415

    from aicmo.cli.ledger import open_ledger  # noqa: PLC0415
    from aicmo.models import Contact  # noqa: PLC0415

    with open_ledger().read() as session:
        query = select(Contact.key, Contact.mailbox).where(Contact.mailbox != "")
        key, mailbox = session.execute(query.order_by(Contact.id)).first() or ("", "")
    return key, mailbox


def test_it_shows_what_goes_and_says_what_is_left_to_do(workspace: Workspace) -> None:
    key, mailbox = _person(workspace)
    workspace.run("preview", PROJECT)
    previews = workspace.folder / ".aicmo" / "output" / "previews" / PROJECT
    assert list(previews.iterdir())
    shown = workspace.run("erase", PROJECT, "--contact", key, "--yes").stdout
    assert f"Contact {key} of {PROJECT}" in shown
    assert f"Address {mailbox}: everywhere" in shown
    assert "called off" in shown
    assert "Erased. Nobody of this client writes to the person again." in shown
    assert "1 preview deleted" in shown
    assert "Left to do by hand: the project document" in shown
    assert not previews.exists()
    for file in (workspace.folder / ".aicmo").rglob("*"):
        assert not file.is_file() or mailbox.encode() not in file.read_bytes(), file
    again = workspace.run("erase", PROJECT, "--email", mailbox, "--yes").stdout
    assert "Nothing that names this person is left." in again
    assert workspace.json("audit", PROJECT, "--verify")
    events = workspace.json("audit", PROJECT)["events"]
    assert [each["event"] for each in events].count("contact.erased") == 1
    assert mailbox not in str(events)


def test_for_a_script_it_is_one_object_without_the_address(workspace: Workspace) -> None:
    key, mailbox = _person(workspace)
    told = workspace.run("erase", PROJECT, "--contact", key, "--yes", "--by", "Ana", "--json")
    assert mailbox not in told.stdout
    assert '"contacts": 1' in told.stdout
    assert '"file_rewritten": true' in told.stdout


def test_without_a_yes_and_a_terminal_nothing_happens(workspace: Workspace) -> None:
    key, mailbox = _person(workspace)
    refused = workspace.run("erase", PROJECT, "--contact", key, status=2)
    assert "--yes" in refused.stderr
    assert _person(workspace) == (key, mailbox)


@pytest.mark.parametrize(
    "how", [(), ("--contact", "a", "--email", "b@example.com")], ids=["nobody", "both"]
)
def test_the_person_is_named_in_one_way(workspace: Workspace, how: tuple[str, ...]) -> None:
    refused = workspace.run("erase", PROJECT, *how, "--yes", status=2)
    assert "--contact" in refused.stderr


def test_an_unknown_person_is_bad_usage_and_is_not_repeated(workspace: Workspace) -> None:
    refused = workspace.run("erase", PROJECT, "--email", "who@example.org", "--yes", status=2)
    assert "has this address" in refused.stderr
    assert "who@example.org" not in refused.stderr
    refused = workspace.run("erase", PROJECT, "--email", "who at example", "--yes", status=2)
    assert "not an email address" in refused.stderr
    assert "who@" not in refused.stderr
