"""Posts are due and their channel isn't enabled: every command says what to set."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from aicmo.cli.ledger import open_ledger
from aicmo.models import Account
from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example

LIVE = ("execute", PROJECT, "--enable", "--live")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = enter_with_example(tmp_path, monkeypatch)
    with open_ledger().write() as session:
        linkedin = update(Account).where(Account.channel == "linkedin")
        session.execute(linkedin.values(identity="urn:li:organization:5", name="Northside"))
    return workspace


def test_an_approval_names_the_channels_that_its_posts_need(workspace: Workspace) -> None:
    said = workspace.run("approve", PROJECT, "fit-li-1", "fit-tw-1").stdout
    # X has no account: its post is a person's.
    command = f"aicmo execute {PROJECT} --enable --live"
    assert f"EXECUTION_ENABLED=true EXECUTION_CHANNELS=email,linkedin {command}`" in said
    workspace.allow(EXECUTION_CHANNELS="linkedin")
    assert f"Next: `{command}`" in workspace.run("approve", PROJECT, "fit-li-1").stdout


def test_a_run_names_the_channels_that_it_left_out(workspace: Workspace) -> None:
    workspace.run("approve", PROJECT, "fit-li-1")
    workspace.allow(EXECUTION_CHANNELS="twitter")
    said = workspace.run(*LIVE).stdout
    assert "Planned on channels that aren't enabled: linkedin." in said
    assert "set EXECUTION_CHANNELS=twitter,linkedin in the environment or .env" in said
    assert "aren't enabled:" not in workspace.run(*LIVE, "--channels", "twitter").stdout


def test_a_plan_without_anything_on_enabled_channels_lacks_a_key(workspace: Workspace) -> None:
    workspace.allow(EXECUTION_CHANNELS="mastodon")
    told = workspace.json(*LIVE, status=2)
    key = "EXECUTION_CHANNELS=mastodon,email,linkedin,instagram,twitter,crm"
    assert told["missing_keys"] == [key, "approval"]
