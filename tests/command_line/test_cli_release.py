"""Releasing: nothing goes out unless every key is turned, and what goes out goes out once."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from aicmo.gateways.capture import CaptureServer
from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example

REFUSED = "full.mailbox@example.net"
LIVE = ("execute", PROJECT, "--enable", "--live")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def _captured(workspace: Workspace) -> CaptureServer:
    return CaptureServer(workspace.folder / "captured", refused=[REFUSED])


def test_by_default_nothing_is_done_and_every_missing_key_is_named(workspace: Workspace) -> None:
    with _captured(workspace) as server:
        workspace.patch.setenv("AICMO_SMTP_URL", f"smtp://127.0.0.1:{server.relay.port}?tls=none")
        told = workspace.json("execute", PROJECT)
        shown = workspace.run("execute", PROJECT).stdout
        assert server.accepted == []
    assert told["mode"] == "disabled"
    assert told["missing_keys"] == ["EXECUTION_ENABLED=true", "--enable", "--live", "approval"]
    for key in told["missing_keys"]:
        assert f"missing  {key}" in shown


@pytest.mark.parametrize(
    ("environment", "options", "missing"),
    [
        ("", ("--enable", "--live"), "EXECUTION_ENABLED=true"),
        ("true", ("--live",), "--enable"),
        ("true", ("--enable", "--live", "--channels", "linkedin"), "EXECUTION_CHANNELS=email,linkedin"),
    ],
)  # fmt: skip
def test_asking_to_send_without_a_key_sends_nothing_and_is_no_success(
    workspace: Workspace, environment: str, options: tuple[str, ...], missing: str
) -> None:
    workspace.run("approve", PROJECT, "--channels", "email")
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        workspace.patch.setenv("EXECUTION_ENABLED", environment)
        told = workspace.json("execute", PROJECT, *options, status=2)
        assert server.accepted == []
    assert missing in told["missing_keys"]


def test_without_live_it_is_a_dry_run(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT)
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        told = workspace.json("execute", PROJECT, "--enable")
        assert server.accepted == []
    assert (told["mode"], told["items_previewed"]) == ("preview", 17)
    assert told["missing_keys"] == ["--live"]


def test_without_approval_a_live_run_sends_nothing(workspace: Workspace) -> None:
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        told = workspace.json(*LIVE)
        assert server.accepted == []
    assert told["missing_keys"] == ["approval"]
    assert told["reasons"]["held"]["not approved"] == 22


def test_what_is_approved_and_due_goes_out_once(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-em-1", "--by", "Ana")
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        first = workspace.json(*LIVE, status=1)
        sent = sorted(address for address, _ in server.accepted)
        assert len(set(sent)) == 8
        assert REFUSED not in sent
        assert "j.moreau@example.com" not in sent
        assert first["this_run"] == {"sent": 8, "failed": 1}

        second = workspace.json(*LIVE, status=1)
        assert second["this_run"] == {}
        assert second["items_sent_successfully"] == 8
        assert len(server.accepted) == 8
    report = workspace.json("report", PROJECT, status=1)
    assert report["balanced"] is True
    assert (report["planned"], report["sent"], report["failed"]) == (24, 8, 1)
    assert "Planned 24 = 8 sent + 1 failed" in workspace.run("report", PROJECT, status=1).stdout


def test_the_limit_bounds_a_run(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-em-2")
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        assert workspace.json(*LIVE, "--limit", "2")["this_run"] == {"sent": 2}
        assert len(server.accepted) == 2


@pytest.mark.parametrize(
    "switch", [(), (PROJECT,), ("--channel", "email"), (PROJECT, "--channel", "email")]
)
def test_a_pause_stops_a_live_run(workspace: Workspace, switch: tuple[str, ...]) -> None:
    workspace.run("approve", PROJECT, "fit-em-2")
    paused = workspace.json("pause", *switch, "--reason", "the client called")
    assert (paused["changed"], paused["switches"][0]["reason"]) == (True, "the client called")
    assert "the client called" in workspace.run("plan", PROJECT).stdout
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        held = 17 if "--channel" in switch else 22
        assert workspace.json(*LIVE)["reasons"]["held"]["paused"] == held
        shown = workspace.run(*LIVE).stdout
        assert f"Nothing was sent: {held} deliveries held by a pause." in shown
        assert f"`{' '.join(('aicmo unpause', *switch))}` releases it." in shown
        assert server.accepted == []
        assert workspace.json("unpause", *switch)["switches"] == []
        workspace.run(*LIVE, status=1)
        assert len(server.accepted) == 7


@pytest.mark.parametrize("state", ["claimed", "sending"])
def test_what_another_run_holds_is_not_told_as_done(workspace: Workspace, state: str) -> None:
    workspace.run("approve", PROJECT, "fit-em-1")
    _change(
        workspace, f"UPDATE delivery SET state = '{state}', fence = 7, lease_until = '2099-01-01 10:20:30' "
        "WHERE state = 'pending' AND item_id = (SELECT id FROM item WHERE key = 'fit-em-1')",
    )  # fmt: skip
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        shown = workspace.run(*LIVE).stdout
        assert server.accepted == []
    told = (
        "deliveries are with another run, or were left by one that stopped; run again in a quarter"
    )
    assert shown.startswith("Nothing was sent: ")
    assert told in shown


def test_a_live_run_points_to_the_doubts_in_the_books(workspace: Workspace) -> None:
    _change(
        workspace,
        "UPDATE delivery SET state = 'unknown' WHERE id = (SELECT min(id) FROM delivery)",
    )
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        shown = workspace.run(*LIVE, status=1).stdout
    line = f"1 delivery in doubt: `aicmo doubts {PROJECT}` shows the evidence and the choices."
    assert line in shown
    assert line in workspace.run("report", PROJECT, status=1).stdout


def _change(workspace: Workspace, statement: str) -> None:
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        assert database.execute(statement).rowcount


def test_releasing_a_narrower_switch_leaves_the_broader_one(workspace: Workspace) -> None:
    workspace.run("pause")
    released = workspace.json("unpause", PROJECT, status=2)
    assert released["changed"] is False
    assert [each["project_id"] for each in released["switches"]] == [""]


def test_an_account_that_a_refusal_paused_is_listed_and_named_when_released(
    workspace: Workspace,
) -> None:
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        database.execute(
            "UPDATE account SET paused_at = '2026-03-10 15:00:00', pause_reason = '535 refused' "
            "WHERE channel = 'email'"
        )
        (handle,) = database.execute(
            "SELECT handle FROM account WHERE channel = 'email'"
        ).fetchone()
    account = f"the email account {handle} of {PROJECT} (535 refused)"
    assert f"Paused by a refusal: {account}." in workspace.run("plan", PROJECT).stdout
    assert [each["handle"] for each in workspace.json("plan", PROJECT)["accounts_paused"]] == [
        handle
    ]

    untouched = workspace.run("unpause", PROJECT, "--channel", "crm", status=2).stdout
    assert "Released" not in untouched
    assert f"Paused by a refusal: {account}." in untouched

    released = workspace.run("unpause", PROJECT).stdout
    assert f"No such switch was set: {PROJECT}, every channel." in released
    assert f"Released: {account}." in released
    assert "Nothing is paused." in released
    assert workspace.json("plan", PROJECT)["accounts_paused"] == []


def test_approve_ends_with_a_command_that_sends(workspace: Workspace) -> None:
    command = f"aicmo execute {PROJECT} --enable --live`"
    assert f"`EXECUTION_ENABLED=true {command}" in workspace.run("approve", PROJECT).stdout
    workspace.allow()
    assert f"`{command}" in workspace.run("approve", PROJECT).stdout


def test_approving_shows_first_and_needs_a_known_item(workspace: Workspace) -> None:
    shown = workspace.run("approve", PROJECT, "fit-em-1").stdout
    assert shown.index("Founder price opens") < shown.index("Approved by casey: 1 item.")
    assert "no item fit-em-9" in workspace.run("approve", PROJECT, "fit-em-9", status=2).stderr
    approved = workspace.json("approve", PROJECT, "--channels", "email", "--by", "Ana")["approved"]
    assert {each["item"]: each["new"] for each in approved} == {
        "fit-em-1": False,
        "fit-em-2": True,
    }


def test_approving_warns_of_what_is_long_due_and_only_if_it_would_go_out(
    workspace: Workspace,
) -> None:
    warning = re.compile(
        r"^fit-em-1 was due \d+ days ago: it goes out with the next live run\.$", re.MULTILINE
    )
    shown = workspace.run("approve", PROJECT).stdout
    assert warning.search(shown)
    assert shown.index("was due") < shown.index("Approved by")
    assert set(re.findall(r"^(\S+) was due", shown, re.MULTILINE)) == {"fit-em-1", "fit-em-2"}

    _change(workspace, "UPDATE item SET send_at = '2099-01-01 10:20:30' WHERE key = 'fit-em-2'")
    with _captured(workspace) as server:
        workspace.allow(server.relay.port)
        workspace.run(*LIVE, status=1)
    assert "was due" not in workspace.run("approve", PROJECT).stdout


def test_revoking_takes_the_approval_back(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "--channels", "email")
    assert workspace.json("revoke", PROJECT, "fit-em-1")["revoked"] == ["fit-em-1"]
    states = {item["item"]: item["approval"] for item in workspace.json("plan", PROJECT)["items"]}
    assert (states["fit-em-1"], states["fit-em-2"]) == ("not approved", "approved")


def test_a_live_run_without_a_mail_relay_is_bad_configuration(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-em-1")
    workspace.allow()
    refused = workspace.run(*LIVE, status=2)
    assert "AICMO_SMTP_URL is not set" in refused.stderr
    assert workspace.json("report", PROJECT)["sent"] == 0


def test_a_misspelt_safety_variable_is_reported(workspace: Workspace) -> None:
    workspace.patch.setenv("EXECUTION_ENABELD", "true")
    assert "EXECUTION_ENABELD" in workspace.run("execute", PROJECT, status=1).stderr
