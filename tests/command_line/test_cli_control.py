"""Cancel, retry, recover and the wait of a pause, as they are typed and read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from aicmo.gateways.capture import CaptureServer
from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example

REFUSED = "full.mailbox@example.net"
LIVE = ("execute", PROJECT, "--enable", "--live")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def _captured(workspace: Workspace, *refused: str) -> CaptureServer:
    server = CaptureServer(workspace.folder / "captured", refused=refused)
    workspace.patch.setenv("EXECUTION_ENABLED", "true")
    return server


def _ledger(workspace: Workspace) -> Path:
    return workspace.folder / ".aicmo" / "aicmo.db"


def test_a_cancelled_item_never_goes_out_and_retry_takes_it_back(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-em-2")
    shown = workspace.run("cancel", PROJECT, "fit-em-2", "--reason", "the client called").stdout
    assert "Called off: 9 deliveries of fit-em-2." in shown
    assert f"`aicmo retry {PROJECT} fit-em-2`" in shown
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        assert workspace.json(*LIVE)["reasons"]["cancelled"] == {"cancelled": 9}
        assert server.accepted == []
        assert "cancelled: name the item" in workspace.run("retry", PROJECT).stdout
        workspace.run(*LIVE)
        assert server.accepted == []
        assert workspace.json("retry", PROJECT, "fit-em-2")["reopened"] == 9
        workspace.run(*LIVE)
        assert len(server.accepted) == 8


def test_cancelling_tells_what_stays_and_is_audited(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-em-2")
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        workspace.run(*LIVE, "--limit", "2")
    told = workspace.json("cancel", PROJECT, "fit-em-2", "--by", "Ana")
    assert (told["items"], told["cancelled"]) == (["fit-em-2"], 6)
    assert {each["state"]: each["count"] for each in told["stays"]} == {"sent": 2, "skipped": 1}
    assert "2 sent" in workspace.run("cancel", PROJECT, "fit-em-2").stdout
    events = workspace.json("audit", PROJECT)["events"]
    assert ("control.cancelled", "Ana") in {(each["event"], each["actor"]) for each in events}


def test_cancelling_during_a_run_says_that_the_item_is_called_off(workspace: Workspace) -> None:
    with sqlite3.connect(_ledger(workspace)) as ledger:
        ledger.execute(
            "UPDATE delivery SET state = 'claimed', fence = 7, lease_until = '2099-01-01 10:20:30'"
            " WHERE item_id = (SELECT id FROM item WHERE key = 'fit-em-2')"
        )
    shown = workspace.run("cancel", PROJECT, "fit-em-2").stdout
    assert "Called off: fit-em-2." in shown
    assert "In progress: 9 deliveries, stopped before the request begins." in shown
    assert "At most the request under way still ends." in shown


def test_an_unknown_item_is_bad_usage(workspace: Workspace) -> None:
    for command in (("cancel",), ("retry",), ("recover", "--release", "--reason", "seen")):
        refused = workspace.run(command[0], PROJECT, "fit-em-9", *command[1:], status=2)
        assert "no item fit-em-9" in refused.stderr


def test_a_retry_says_what_waits_and_what_does_not(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-em-1")
    with _captured(workspace, REFUSED) as server:
        workspace.allow(server.relay.port)
        workspace.run(*LIVE, status=1)
    shown = workspace.run("retry", PROJECT).stdout
    assert "Waits again: 1 delivery." in shown
    assert f"`aicmo execute {PROJECT} --enable --live` tries them" in shown


def test_a_restored_database_tells_what_it_holds_and_what_to_do(workspace: Workspace) -> None:
    assert "never restored" in workspace.run("recover").stdout
    workspace.run("approve", PROJECT, "fit-em-2")
    backup = workspace.folder / "backup.db"
    with sqlite3.connect(_ledger(workspace)) as source, sqlite3.connect(backup) as copy:
        source.backup(copy)
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        workspace.run(*LIVE)
        assert len(server.accepted) == 8
        _put_back(workspace, backup)
        workspace.run(*LIVE, status=1)
        assert len(server.accepted) == 8

        shown = workspace.run("recover").stdout
        assert "a restore from a backup was found" in shown
        assert "fit-em-2" in shown
        assert "aicmo cancel PROJECT ITEM" in shown
        held = workspace.json("recover", PROJECT, "fit-em-2")["held"]
        assert [(each["item"], each["deliveries"]) for each in held] == [("fit-em-2", 8)]

        unreasoned = workspace.run("recover", PROJECT, "fit-em-2", "--release", status=2)
        assert "needs a reason" in unreasoned.stderr
        workspace.run(*LIVE, status=1)
        assert len(server.accepted) == 8
        done = workspace.run(
            "recover", PROJECT, "fit-em-2", "--release", "--reason", "not in the relay's log"
        )
        assert "Released: 8 deliveries of fit-em-2." in done.stdout
        workspace.run(*LIVE, status=1)
        assert len(server.accepted) == 16


def _put_back(workspace: Workspace, backup: Path) -> None:
    from aicmo.cli.ledger import open_ledger  # noqa: PLC0415  (as the command line opens it)

    open_ledger().dispose()
    for suffix in ("-wal", "-shm"):
        Path(f"{_ledger(workspace)}{suffix}").unlink(missing_ok=True)
    backup.replace(_ledger(workspace))


def test_disarming_by_hand_holds_what_was_due(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-em-2")
    told = workspace.json("recover", "--disarm", "--reason", "moved to a new machine")
    assert told["disarmed_at"]
    assert "fit-em-2" in {each["item"] for each in told["held"]}
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        workspace.run(*LIVE, status=1)
        assert server.accepted == []
    released = workspace.json("recover", PROJECT, "--release", "--reason", "seen")
    assert released["held"] == []
    assert "is held any more" in workspace.run("recover").stdout


@pytest.mark.parametrize(
    "arguments",
    [("--release",), ("--release", "--disarm"), (PROJECT, "--disarm")],
    ids=["no project", "both", "one project"],
)
def test_recover_refuses_what_makes_no_sense(
    workspace: Workspace, arguments: tuple[str, ...]
) -> None:
    workspace.run("recover", *arguments, status=2)
    assert workspace.json("recover")["disarmed_at"] is None


def test_a_pause_tells_that_nothing_is_in_flight(workspace: Workspace) -> None:
    told = workspace.json("pause", PROJECT)
    assert told["stopped_after_seconds"] is not None
    assert (told["requests_open"], told["requests_end_by"]) == (0, None)
    assert "Stopped: nothing in flight" in workspace.run("pause").stdout


def test_a_pause_tells_of_an_open_request_and_until_when(workspace: Workspace) -> None:
    with sqlite3.connect(_ledger(workspace)) as ledger:
        ledger.execute(
            "UPDATE delivery SET state = 'sending', fence = 7, lease_until = '2099-01-01 10:20:30'"
            " WHERE id = (SELECT min(id) FROM delivery)"
        )
    shown = workspace.run("pause", "--wait", "0").stdout
    assert "At most 1 request still open: the last one ends by 10:20:30 UTC" in shown
    told = workspace.json("pause", "--wait", "0")
    assert (told["changed"], told["requests_open"]) == (False, 1)
    assert told["stopped_after_seconds"] is None


@pytest.mark.parametrize(
    ("trouble", "told", "status"),
    [("full", "database or disk is full", 1), ("missing", "There is no AICMO database", 2)],
)
def test_a_pause_that_fails_says_so_first(
    workspace: Workspace, trouble: str, told: str, status: int
) -> None:
    if trouble == "missing":
        _ledger(workspace).unlink()
    else:
        _fill(workspace)
    long = "the client called " * 10_000
    failed = workspace.run("pause", PROJECT, "--reason", long, status=status).stderr
    assert failed.startswith("Error: NOT PAUSED, runs go on: ")
    assert told in failed
    assert "Next:" in failed


def _fill(workspace: Workspace) -> None:
    from aicmo.cli.ledger import open_ledger  # noqa: PLC0415  (as the command line opens it)

    @event.listens_for(open_ledger().engine, "begin")
    def allow_no_growth(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")


def test_unpausing_what_is_not_paused_is_no_success(workspace: Workspace) -> None:
    workspace.run("pause", PROJECT, "--reason", "the client called")
    shown = workspace.run("unpause", status=2).stdout
    assert "No such switch was set: every project, every channel." in shown
    assert "the client called" in shown
    assert workspace.run("pause", "--list").stdout.count(PROJECT) == 1


def test_listing_pauses_sets_none(workspace: Workspace) -> None:
    assert "Nothing is paused." in workspace.run("pause", "--list").stdout
    workspace.run("pause", PROJECT, "--reason", "the client called")
    assert "the client called" in workspace.run("pause", "--list").stdout
    assert len(workspace.json("pause", "--list")["switches"]) == 1
