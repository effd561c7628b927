"""`aicmo email`: the doctor's table, and a test message to a colleague."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.command_line.cli_workspace import PROJECT, SECRET_KEY, Workspace, enter_with_example
from tests.peers.dns_peer import DnsPeer, Zone, text
from tests.peers.smtp_peer import PASSWORD, Answer, Script, SmtpPeer

DOMAIN = "northside.example.com"
ME = "me@agency.example"
TEST = ("email", "test", PROJECT, "fit-em-1", "--to", ME)
DOCTOR = ("email", "doctor", PROJECT)
ZONE: Zone = {
    (DOMAIN, "TXT"): [text("v=spf1 ip4:192.0.2.1 -all")],
    (DOMAIN, "MX"): [f"10 mx.{DOMAIN}."],
    (f"_dmarc.{DOMAIN}", "TXT"): [text("v=DMARC1; p=reject")],
}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def resolve_at(workspace: Workspace, peer: DnsPeer) -> None:
    workspace.patch.setattr("aicmo.gateways.dns_records._of_this_machine", lambda: peer.resolver)


def ledger(workspace: Workspace) -> list[Any]:
    with sqlite3.connect(workspace.folder / ".aicmo" / "aicmo.db") as database:
        return [
            database.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
            for table in ("delivery", "attempt", "run", "item", "account")
        ]


def verdicts(told: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["verdict"] for each in told["checks"]}


def test_the_doctor_finds_a_setup_without_problems(workspace: Workspace) -> None:
    with DnsPeer(ZONE) as dns, SmtpPeer() as relay:
        resolve_at(workspace, dns)
        workspace.patch.setenv("AICMO_SMTP_URL", f"smtp://127.0.0.1:{relay.relay.port}?tls=none")
        told = workspace.json(*DOCTOR)
        shown = workspace.run(*DOCTOR).stdout
    assert (told["problems"], told["project_id"]) == (0, PROJECT)
    assert verdicts(told)["SPF"] == verdicts(told)["DMARC alignment"] == "ok"
    assert re.search(r"^SPF +ok +northside.example.com", shown, re.MULTILINE)
    assert "No problem, " in shown
    assert "Nothing was sent." in shown
    assert (relay.effects.total(), relay.transmissions.total()) == (0, 0)


def test_the_doctor_needs_no_permission_and_changes_nothing(workspace: Workspace) -> None:
    before = ledger(workspace)
    audited = workspace.run("audit", PROJECT).stdout
    with DnsPeer() as dns:
        resolve_at(workspace, dns)
        told = workspace.json(*DOCTOR, status=1)
    assert told["problems"] >= 3
    assert {"Relay", "SPF", "Bounces", "DMARC"} <= {
        name for name, verdict in verdicts(told).items() if verdict == "problem"
    }
    assert all(each["fix"] for each in told["checks"] if each["verdict"] == "problem")
    assert (ledger(workspace), workspace.run("audit", PROJECT).stdout) == (before, audited)


def test_without_a_resolver_the_doctor_says_not_checked(workspace: Workspace) -> None:
    workspace.patch.setattr("aicmo.gateways.dns_records._of_this_machine", lambda: None)
    with SmtpPeer() as relay:
        workspace.patch.setenv("AICMO_SMTP_URL", f"smtp://127.0.0.1:{relay.relay.port}?tls=none")
        told = workspace.json(*DOCTOR)
    names = ("SPF", "Bounces", "DMARC", "DMARC alignment", "Reverse DNS")
    assert {verdicts(told)[name] for name in names} == {"not checked"}
    assert "no DNS resolver" in str(told["checks"])


def test_the_doctor_tells_of_two_ways_out_and_a_key_file_that_is_missing(
    workspace: Workspace,
) -> None:
    workspace.patch.setenv("AICMO_SMTP_URL", "smtp://127.0.0.1:9?tls=none")
    workspace.patch.setenv("AICMO_RESEND_API_KEY", "re_canary-of-a-key")
    workspace.patch.setenv("AICMO_DKIM_KEY_FILE", "missing.pem")
    workspace.patch.setenv("AICMO_DKIM_SELECTOR", "s")
    with DnsPeer(ZONE) as dns:
        resolve_at(workspace, dns)
        told = workspace.json(*DOCTOR, status=1)
    relay = next(each for each in told["checks"] if each["name"] == "Relay")
    assert "AICMO_SMTP_URL and AICMO_RESEND_API_KEY" in relay["seen"]
    assert verdicts(told)["DKIM key file"] == "problem"
    assert "canary" not in str(told)


def test_the_doctor_checks_our_own_signature_against_the_published_key(
    workspace: Workspace,
) -> None:
    file = workspace.folder / "dkim.pem"
    subprocess.run(("openssl", "genrsa", "-out", file, "2048"), check=True, capture_output=True)
    file.chmod(0o600)
    public = ("openssl", "rsa", "-in", file, "-pubout", "-outform", "DER")
    key = b64encode(subprocess.run(public, check=True, capture_output=True).stdout).decode()
    record = text("v=DKIM1; p=", key[:200], key[200:])
    workspace.patch.setenv("AICMO_DKIM_KEY_FILE", str(file))
    workspace.patch.setenv("AICMO_DKIM_SELECTOR", "s")
    zone = {**ZONE, (f"s._domainkey.{DOMAIN}", "TXT"): [record]}
    with DnsPeer(zone) as dns, SmtpPeer() as relay:
        resolve_at(workspace, dns)
        workspace.patch.setenv("AICMO_SMTP_URL", f"smtp://127.0.0.1:{relay.relay.port}?tls=none")
        told = verdicts(workspace.json(*DOCTOR))
    assert (told["DKIM key"], told["DKIM signature"]) == ("ok", "ok")


def test_the_doctor_names_no_secret_of_a_login_that_fails(workspace: Workspace) -> None:
    with DnsPeer(ZONE) as dns, SmtpPeer(Script(mechanisms="PLAIN")) as relay:
        resolve_at(workspace, dns)
        place = f"127.0.0.1:{relay.relay.port}?tls=none"
        workspace.patch.setenv("AICMO_SMTP_URL", f"smtp://postbox:canary-wrong@{place}")
        result = workspace.run(*DOCTOR, status=1)
    assert re.search(r"^Login +problem", result.stdout, re.MULTILINE)
    assert "canary" not in result.output + PASSWORD[:0]


def test_the_doctor_of_an_unknown_project(workspace: Workspace) -> None:
    result = workspace.run("email", "doctor", "nobody", status=2)
    assert "nobody not found" in result.stderr


def test_a_dry_run_shows_the_test_and_needs_nothing(workspace: Workspace) -> None:
    before = ledger(workspace)
    shown = workspace.run(*TEST, "--dry-run").stdout
    assert "Subject: [Test] " in shown
    assert f"To: {ME}" in shown
    assert "Test message." in shown
    assert "nothing was sent" in shown
    told = workspace.json(*TEST, "--dry-run", "--as", "n1")
    assert (told["outcome"], told["recipient"]) == ("dry_run", ME)
    assert ledger(workspace) == before


def test_a_test_reaches_the_colleague_and_is_no_delivery(workspace: Workspace) -> None:
    before = ledger(workspace)
    with SmtpPeer() as relay:
        workspace.allow(relay.relay.port, AICMO_TEST_RECIPIENTS="@agency.example")
        shown = workspace.run(*TEST).stdout
        told = workspace.json(*TEST)
    assert shown.startswith(f"Accepted (Q1): look into the mailbox of {ME}.")
    assert (told["outcome"], told["ref"]) == ("sent", "Q2")
    assert relay.effects == {ME: 2}
    assert ledger(workspace) == before
    audited = workspace.run("audit", PROJECT).stdout
    assert audited.count("email.test_sent") == 2
    assert "agency" not in audited
    workspace.run("audit", PROJECT, "--verify")
    workspace.run("report", PROJECT)


@pytest.mark.parametrize(
    ("answers", "status", "said", "outcome"),
    [
        ({"RCPT": Answer("550 5.1.1 no")}, 1, "Not sent: 550 5.1.1", "refused_for_good"),
        ({"RCPT": Answer("451 4.7.1 later")}, 1, "Not sent: 451 4.7.1", "refused_for_now"),
        ({"dot": Answer(then="close", applies=True)}, 1, "It may have gone out", "unknown"),
    ],
)
def test_what_became_of_a_test_is_said_plainly(
    workspace: Workspace, answers: dict[Any, Answer], status: int, said: str, outcome: str
) -> None:
    with SmtpPeer(Script(answers)) as relay:
        workspace.allow(relay.relay.port, AICMO_TEST_RECIPIENTS=ME)
        shown = workspace.run(*TEST, status=status).stdout
        told = workspace.json(*TEST, status=status)
    assert shown.startswith(said)
    assert "\nNext: " in shown
    assert (told["outcome"], bool(told["next_step"])) == (outcome, True)


def test_each_missing_key_of_a_test_is_named_with_what_to_do(workspace: Workspace) -> None:
    with SmtpPeer() as relay:
        workspace.allow(relay.relay.port)
        unlisted = workspace.run(*TEST, status=2).stderr
        workspace.patch.setenv("AICMO_TEST_RECIPIENTS", ME)
        workspace.patch.setenv("EXECUTION_ENABLED", "false")
        disabled = workspace.run(*TEST, status=2).stderr
        workspace.patch.setenv("EXECUTION_ENABLED", "true")
        workspace.run("pause")
        paused = workspace.run(*TEST, status=1).stderr
    assert "AICMO_TEST_RECIPIENTS doesn't list" in unlisted
    assert "EXECUTION_ENABLED" in disabled
    assert "paused" in paused
    assert all("Next:" in each for each in (unlisted, disabled, paused))
    assert relay.connections == 0


def test_the_secret_key_is_not_shown(workspace: Workspace) -> None:
    assert SECRET_KEY not in workspace.run(*TEST, "--dry-run").output


def test_the_group_lists_its_commands(workspace: Workspace) -> None:
    shown = workspace.run("email", "--help").stdout
    assert {"doctor", "test", "feedback"} == set(re.findall(r"│ (\w+)", shown))
