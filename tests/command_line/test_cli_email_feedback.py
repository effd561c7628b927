"""`aicmo email feedback`: what came back, in words, and who is written to no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example
from tests.peers.smtp_peer import SmtpPeer
from tests.unit.mail_reports import bounce, complaint


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


@pytest.fixture
def sent(workspace: Workspace) -> list[tuple[str, str]]:
    """Message-ID and recipient of two emails that went out."""
    workspace.run("approve", PROJECT, "fit-em-2")
    with SmtpPeer() as peer:
        workspace.allow(peer.relay.port)
        workspace.run("execute", PROJECT, "--enable", "--live", "--limit", "2")
    ids = [re.search(rb"Message-ID: <([^>]+)>", each)[1].decode() for each in peer.messages]  # type: ignore[index]
    return list(zip(ids, peer.effects, strict=True))


@pytest.fixture
def maildir(workspace: Workspace) -> Path:
    folder = workspace.folder / "bounces"
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    workspace.allow(AICMO_FEEDBACK_URL=f"maildir://{folder}")
    return folder


def test_what_came_back_is_told_once(
    workspace: Workspace, sent: list[tuple[str, str]], maildir: Path
) -> None:
    (first_id, first), (second_id, second) = sent
    date = "Fri, 01 Jan 2027 15:10:00 +0000"
    (maildir / "new/1").write_bytes(bounce(message_id=first_id, recipient=first, date=date))
    report = complaint(message_id=second_id, recipient=second).replace(b"2026", b"2027")
    (maildir / "new/2").write_bytes(report)
    (maildir / "new/3").write_bytes(bounce())

    told = workspace.run("email", "feedback").stdout

    assert told.startswith("Read 3 messages.\n\n1 email complained:\n")
    assert "1 email bounced:\n" in told
    assert re.search(rf"{first} +5\.1\.1 +hard bounced +550 5\.1\.1", told)
    assert re.search(rf"{second} +complained +abuse", told)
    assert "1 message not ours, left in the mailbox as before:\n" in told
    assert sorted(each.name for each in (maildir / "cur").iterdir()) == ["1:2,S", "2:2,S"]
    assert workspace.json("email", "feedback") == {
        "messages": 1,
        "known": 0,
        "settled": 0,
        "came_back": [],
        "left": [{"name": "3", "reason": "it names no email that this installation sent"}],
    }
    assert "Came back: 1 bounced, 1 complained.\n" in workspace.run("report", PROJECT).stdout
    assert workspace.json("report", PROJECT)["came_back"] == {"bounced": 1, "complained": 1}


def test_an_empty_mailbox_is_read(workspace: Workspace, maildir: Path) -> None:
    assert workspace.run("email", "feedback").stdout == "Read 0 messages.\n"


def test_without_a_mailbox_it_says_what_to_set(workspace: Workspace) -> None:
    result = workspace.run("email", "feedback", status=2)

    assert "AICMO_FEEDBACK_URL is not set" in result.stderr
    assert "imaps://user:password@host/INBOX" in result.stderr
