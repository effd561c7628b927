"""What may have gone out: shown with its evidence and the next commands, decided in words."""

from __future__ import annotations

import re
import shlex
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from aicmo.cli.number_ranges import parse_numbers, ranges
from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example
from tests.peers.smtp_peer import Answer, Script, SmtpPeer

LIVE = ("execute", PROJECT, "--enable", "--live")
LOST = Script(answers={"dot": Answer(then="close", applies=True)})
SAID = ("--reason", "the relay's log")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def send(workspace: Workspace, script: Script | None = None, *, status: int = 0) -> SmtpPeer:
    with SmtpPeer(script) as peer:
        workspace.allow(peer.relay.port)
        workspace.run(*LIVE, "--limit", "2", status=status)
    return peer


@pytest.fixture
def in_doubt(workspace: Workspace) -> list[str]:
    """The numbers of two deliveries whose answer was lost."""
    workspace.run("approve", PROJECT, "fit-em-2")
    send(workspace, LOST, status=1)
    numbers = [str(each["id"]) for each in workspace.json("doubts", PROJECT, status=1)["doubts"]]
    assert len(numbers) == 2
    rewrite(workspace, "UPDATE delivery SET since = '2026-01-01 00:00:00.000000'")
    return numbers


def test_without_a_doubt_there_is_nothing_to_do(workspace: Workspace) -> None:
    assert workspace.run("doubts", PROJECT).stdout == "Nothing is in doubt.\n"
    assert workspace.json("doubts", PROJECT) == {"project_id": PROJECT, "doubts": []}
    assert workspace.run("reconcile", PROJECT).stdout == "Nothing is in doubt.\n"
    assert "aicmo doubts" not in workspace.run("report", PROJECT).stdout


def test_a_doubt_is_shown_with_its_evidence(workspace: Workspace, in_doubt: list[str]) -> None:
    found, _ = workspace.json("doubts", PROJECT, status=1)["doubts"]
    shown = workspace.run("doubts", PROJECT, status=1).stdout
    assert shown.startswith("2 deliveries in doubt")
    assert f"fit-em-2, email to {found['recipient']}" in shown
    assert "@" in found["recipient"]
    (attempt,) = found["attempts"]
    assert (attempt["gateway"], attempt["started_by"]) == ("smtp", "casey")
    assert attempt["detail"] in shown
    assert f"<{found['token']}@" in shown
    assert "If it did go out, it goes out twice." in shown


def test_a_fresh_doubt_tells_from_when_on_it_can_be_said_not_to_be_there(
    workspace: Workspace, in_doubt: list[str]
) -> None:
    shown = workspace.run("doubts", PROJECT, status=1).stdout
    assert "UTC: until then" not in shown
    began = datetime.now(UTC)
    rewrite(workspace, f"UPDATE delivery SET since = '{began:%Y-%m-%d %H:%M}:30.000000'")
    shown = workspace.run("doubts", PROJECT, status=1).stdout
    sure_from = f"{began + timedelta(minutes=11):%H:%M} UTC"
    assert shown.count(f"--is-not-there is accepted from {sure_from}") == 2
    assert f"Accepted from {sure_from}:" in shown
    refused = workspace.run("doubts", PROJECT, *in_doubt, "--is-not-there", *SAID, status=2)
    assert f"Look again at {sure_from}" in refused.stderr


@pytest.mark.parametrize("state", ["claimed", "sending"])
def test_what_a_run_holds_is_told_where_nothing_is_recorded(
    workspace: Workspace, state: str
) -> None:
    rewrite(
        workspace,
        f"UPDATE delivery SET state = '{state}', lease_until = '2999-01-01 10:20:30.000000' "
        "WHERE id <= 2",
    )
    said = "Nothing is recorded as in doubt; 2 deliveries are with a run"
    for command in ("doubts", "reconcile"):
        assert said in workspace.run(command, PROJECT).stdout
    assert "from 10:20:30 UTC on" in " ".join(workspace.run("reconcile", PROJECT).stdout.split())


def test_at_80_columns_no_word_is_broken_and_only_headings_are_bold(
    workspace: Workspace, in_doubt: list[str]
) -> None:
    workspace.patch.setenv("FORCE_COLOR", "1")
    workspace.patch.setenv("COLUMNS", "80")
    shown = workspace.run("doubts", PROJECT, status=1).stdout
    assert not re.search(r"\x1b\[1m[^\x1b]*(In doubt since|Attempt)", shown)
    assert re.search(r"\x1b\[1mfit-em-2, email to", shown)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert all(len(line) <= 80 for line in lines if "aicmo doubts" not in line)


def rewrite(workspace: Workspace, statement: str) -> None:
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        database.execute(statement)


def test_the_report_points_to_the_doubts(workspace: Workspace, in_doubt: list[str]) -> None:
    shown = workspace.run("report", PROJECT, status=1).stdout
    assert f"2 deliveries in doubt: `aicmo doubts {PROJECT}`" in shown


@pytest.mark.parametrize("option", ["--is-there", "--is-not-there", "--give-up"])
def test_the_commands_that_are_shown_work(
    workspace: Workspace, in_doubt: list[str], option: str
) -> None:
    shown = workspace.run("doubts", PROJECT, status=1).stdout
    (command,) = re.findall(rf"^ +aicmo (doubts .* {option} .*)$", shown, re.MULTILINE)
    workspace.run(*shlex.split(command))
    left = workspace.json("doubts", PROJECT, status=1)["doubts"]
    assert [str(each["id"]) for each in left] == in_doubt[1:]


def test_what_is_there_is_sent(workspace: Workspace, in_doubt: list[str]) -> None:
    told = workspace.json("doubts", PROJECT, *in_doubt, "--is-there", *SAID)
    assert told == {
        "project_id": PROJECT, "decision": "is_there", "deliveries": [int(n) for n in in_doubt],
    }  # fmt: skip
    report = workspace.json("report", PROJECT)
    assert (report["sent"], report["unknown"], report["balanced"]) == (2, 0, True)
    assert "the relay's log" in workspace.run("audit", PROJECT).stdout


def test_what_is_not_there_goes_out_again_and_the_risk_is_said(
    workspace: Workspace, in_doubt: list[str]
) -> None:
    first, second = in_doubt
    said = workspace.run("doubts", PROJECT, f"{first}-{second}", "--is-not-there", *SAID).stdout
    assert "If one of them did go out after all, it goes out twice." in said
    lift_the_breaker(workspace)
    assert sorted(send(workspace).effects.values()) == [1, 1]
    assert workspace.json("report", PROJECT)["sent"] == 2


def test_what_was_called_off_and_is_not_there_is_opened_by_a_retry(
    workspace: Workspace, in_doubt: list[str]
) -> None:
    workspace.run("cancel", PROJECT, "fit-em-2")
    said = workspace.run("doubts", PROJECT, *in_doubt, "--is-not-there", *SAID).stdout
    assert "execute" not in said
    (command,) = re.findall("`aicmo (retry .*)`", said)
    lift_the_breaker(workspace)
    assert send(workspace).effects.total() == 0
    assert "Waits again: 8 deliveries." in workspace.run(*shlex.split(command)).stdout
    assert send(workspace).effects.total() == 2


def lift_the_breaker(workspace: Workspace) -> None:
    rewrite(workspace, "UPDATE account SET not_before = NULL")


def test_what_is_given_up_failed(workspace: Workspace, in_doubt: list[str]) -> None:
    workspace.run("doubts", PROJECT, *in_doubt, "--give-up", *SAID, "--by", "Ana")
    report = workspace.json("report", PROJECT, status=1)
    assert report["reasons"]["failed"] == {"given up: the relay's log": 2}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--is-there",), "needs a reason"),
        (("--is-there", "--give-up", *SAID), "only one of"),
        (SAID, "say also"),
        (("--give-up", "--reference", "Q1", *SAID), "Only what is there"),
        (("1-999", "--is-there", "--reference", "Q1", *SAID), "can't be that of 2 deliveries"),
    ],
)
def test_a_decision_that_is_not_clear_is_refused(
    workspace: Workspace, in_doubt: list[str], options: tuple[str, ...], said: str
) -> None:
    refused = workspace.run("doubts", PROJECT, in_doubt[0], *options, status=2)
    assert said in " ".join(refused.stderr.split())
    assert len(workspace.json("doubts", PROJECT, status=1)["doubts"]) == 2


def test_numbers_that_are_no_doubts_are_named(workspace: Workspace, in_doubt: list[str]) -> None:
    for options in ((), ("--is-there", *SAID)):
        refused = workspace.run("doubts", PROJECT, in_doubt[0], "999", *options, status=2)
        assert f"{PROJECT} has no doubt 999" in refused.stderr
    assert workspace.run("doubts", PROJECT, "--is-there", *SAID, status=2).stdout == ""
    assert len(workspace.json("doubts", PROJECT, status=1)["doubts"]) == 2


def test_some_of_the_doubts_can_be_looked_at(workspace: Workspace, in_doubt: list[str]) -> None:
    found = workspace.json("doubts", PROJECT, in_doubt[1], status=1)["doubts"]
    assert [str(each["id"]) for each in found] == in_doubt[1:]


def test_reconcile_says_what_is_left_and_for_whom(
    workspace: Workspace, in_doubt: list[str]
) -> None:
    with SmtpPeer() as peer:
        workspace.allow(peer.relay.port)
        told = workspace.json("reconcile", PROJECT, status=1)
        shown = workspace.run("reconcile", PROJECT, status=1).stdout
        assert peer.connections == 0
    assert (told["asked"], told["still_in_doubt"]) == (0, 2)
    (left,) = told["left"]
    assert (left["channel"], left["reason"], left["onward"], left["count"]) == (
        "email", "smtp can't be asked", "person", 2,
    )  # fmt: skip
    assert "2 deliveries still in doubt" in shown
    workspace.patch.delenv("AICMO_SMTP_URL")
    (left,) = workspace.json("reconcile", PROJECT, status=1)["left"]
    assert left["reason"] == "nobody was asked: the settings of email are missing or wrong"
    assert f"`aicmo doubts {PROJECT}`" in shown


def test_many_doubts_are_summed_up(workspace: Workspace) -> None:
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        database.execute("UPDATE delivery SET state = 'unknown', reason = 'no answer'")
        (number,) = database.execute("SELECT count(*) FROM delivery").fetchone()
    shown = workspace.run("doubts", PROJECT, status=1).stdout
    assert shown.startswith(f"{number} deliveries in doubt")
    assert len(shown.splitlines()) < 2 * number
    every = [each["id"] for each in workspace.json("doubts", PROJECT, status=1)["doubts"]]
    in_full = workspace.run("doubts", PROJECT, *ranges(every), status=1).stdout
    assert in_full.count("In doubt since") == number


def test_a_range_means_the_doubts_in_it(workspace: Workspace, in_doubt: list[str]) -> None:
    first, second = in_doubt
    workspace.run("doubts", PROJECT, first, "--is-there", *SAID)
    refused = workspace.run("doubts", PROJECT, "1-2,999", "--give-up", *SAID, status=2)
    assert f"{PROJECT} has no doubt 999" in refused.stderr
    for options in ((), ("--give-up", *SAID)):
        refused = workspace.run("doubts", PROJECT, "900-999", *options, status=2)
        assert f"{PROJECT} has no doubt 900-999" in refused.stderr
    shown = workspace.json("doubts", PROJECT, f"1-{second}", status=1)["doubts"]
    assert [str(each["id"]) for each in shown] == [second]
    told = workspace.json("doubts", PROJECT, f"1-{int(second) + 9}", "--give-up", *SAID)
    assert told["deliveries"] == [int(second)]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["12"], [12]),
        (["15-17", "12"], [12, 15, 17]),
        (["1,3-4", "3"], [1, 3]),
        (["16", "14-999999999999"], [15, 16, 17]),
        ([], []),
    ],
)
def test_numbers_and_ranges_are_read(texts: list[str], numbers: list[int]) -> None:
    assert parse_numbers(texts).among([10, 15, 17]) == numbers
    assert parse_numbers(ranges(numbers)).among(numbers) == numbers


@pytest.mark.parametrize("text", ["x", "0", "-3", "5-3", "1-", "1-2-3"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_numbers([text])


def test_recover_says_what_it_did_and_fits_a_terminal(workspace: Workspace) -> None:
    nothing = workspace.run("recover", PROJECT, "--release", "--reason", "seen").stdout
    assert nothing.startswith("Nothing was released.\n")
    workspace.patch.setenv("FORCE_COLOR", "1")
    workspace.patch.setenv("COLUMNS", "80")
    shown = workspace.run("recover", "--disarm", "--reason", "moved").stdout
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert lines[0].startswith("Disarmed by hand at ")
    assert "was found" not in shown
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("command", ["doubts", "reconcile"])
def test_an_unknown_project_is_named(workspace: Workspace, command: str) -> None:
    refused = workspace.run(command, "nowhere", status=2)
    assert refused.stderr.splitlines()[0] == "Error: Project nowhere not found."
