"""Posts go out through the block that a flow names, as the pinned account; nobody's secrets show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL
from pydantic import SecretStr

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount, FixConfiguration
from aicmo.execution.account_pinning import Pin, pin_account
from aicmo.execution.gate import issue_account_permit
from aicmo.gateways.account_gateway import Profile
from aicmo.gateways.login import Login
from aicmo.gateways.social_gateway import SocialGateway
from blocks import (
    BlueskyCredentials,
    InstagramCredentials,
    LinkedInCredentials,
    MastodonCredentials,
    XCredentials,
)
from blocks.social_credentials import SOCIAL_BLOCKS, load_social_credentials
from flows.execute_plan import execute_plan
from tasks.gateways import NO_BLOCKS, Credentials, open_gateway
from tests.conftest import KEY
from tests.orchestration.flow_runs import execute, page
from tests.peers.mastodon_peer import MastodonPeer
from tests.peers.routed_peer import KEY as TOKEN
from tests.projects import approved, imported, post

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def peer() -> Iterator[MastodonPeer]:
    with MastodonPeer() as peer:
        yield peer


def pinned(ledger: Database, peer: MastodonPeer, identity: str, login: Login | None = None) -> None:
    imported(ledger, post(channel="mastodon"))
    profile = Profile(identity, "Northside", "@northside@127.0.0.1")
    pin = Pin("studio", Channel.MASTODON, profile, login, server=peer.base_url)
    pin_account(ledger, pin, KEY, by="Ann")


def saved(channel: str, name: str, **login: Any) -> subprocess.CompletedProcess[str]:
    """What `aicmo accounts add --block` does."""
    asked = {"network": channel, "name": name, "login": Login(**login).to_bytes().decode()}
    environment = os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
    return subprocess.run(
        [sys.executable, "-m", "blocks.saving"], input=json.dumps(asked), text=True,
        capture_output=True, check=False, env=environment, cwd=os.environ["AICMO_TEST_ROOT"],
    )  # fmt: skip


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setenv("AICMO_TEST_ROOT", str(request.config.rootpath))


def opened(ledger: Database, *names: str) -> SocialGateway:
    credentials = Credentials(social=names) if names else NO_BLOCKS
    gateway = open_gateway(ledger, "studio", "mastodon", credentials)
    found = gateway(issue_account_permit("mastodon"))
    assert isinstance(found, SocialGateway)
    return found


def test_the_named_block_is_the_pinned_account(ledger: Database, peer: MastodonPeer) -> None:
    pinned(ledger, peer, peer.identity)
    done = saved("mastodon", "studio-7", access_token=TOKEN, server=peer.base_url)
    assert (done.returncode, done.stdout) == (0, "mastodon-credentials/studio-7")
    assert TOKEN not in done.stdout + done.stderr
    with pytest.raises(FixAccount, match="isn't logged in here"):
        open_gateway(ledger, "studio", "mastodon", NO_BLOCKS)

    with opened(ledger, "x-credentials/other", "mastodon-credentials/studio-7") as gateway:
        assert gateway.identify() is None
        assert gateway.identity == peer.identity


def test_the_block_of_another_client_is_refused(ledger: Database, peer: MastodonPeer) -> None:
    pinned(ledger, peer, "somebody-else")
    saved("mastodon", "studio-8", access_token=TOKEN, server=peer.base_url)

    with pytest.raises(FixAccount, match="but the project's account is"):
        opened(ledger, "mastodon-credentials/studio-8")
    assert peer.posts == []


def test_a_token_is_shown_to_no_other_server(ledger: Database, peer: MastodonPeer) -> None:
    pinned(ledger, peer, peer.identity)
    saved("mastodon", "studio-11", access_token=TOKEN, server="https://elsewhere.example")

    with pytest.raises(FixAccount, match="The log-in is of https"):
        opened(ledger, "mastodon-credentials/studio-11")
    assert peer.connections == 0


def test_without_a_block_the_stored_log_in_is_used(ledger: Database, peer: MastodonPeer) -> None:
    pinned(ledger, peer, peer.identity, Login(access_token=TOKEN, server=peer.base_url))
    with opened(ledger) as gateway:
        assert gateway.identify() is None


@pytest.mark.parametrize("channel", SOCIAL_BLOCKS)
def test_every_network_has_a_block_that_keeps_its_log_in(
    ledger: Database, channel: Channel
) -> None:
    whole = Login(
        access_token=TOKEN, refresh_token="canary-r", client_id="c", client_secret="canary-s",
        identifier="acme.test", app_password="canary-p", server="https://example.social",
    )  # fmt: skip
    done = saved(channel.value, f"all-{channel}", **whole.model_dump())
    assert done.returncode == 0, done.stderr
    block = load_social_credentials([done.stdout], channel)
    assert block is not None
    login = block.login()
    assert set(login.secrets()) <= set(whole.secrets())
    assert login.secrets()
    shown = f"{block!r}{block.model_dump_json()}{login!r}{done.stderr}"
    assert [each for each in whole.secrets() if each in shown] == []


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["x-credentials/nobody"], "There is no block x-credentials/nobody"),
        (["x-credentials/a", "x-credentials/b"], "are both for twitter"),
    ],
)
def test_a_wrong_name_is_a_clear_error(ledger: Database, names: list[str], told: str) -> None:
    with pytest.raises(FixConfiguration, match=told):
        load_social_credentials(names, "twitter")


def test_a_block_that_cant_be_kept_says_no_secret(ledger: Database) -> None:
    done = saved("twitter", "Not A Name", access_token=TOKEN, client_id="c")
    assert done.returncode == 1
    assert "doesn't take the block" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize("names", [["studio"], ["smtp-credentials/a"], ["x-credentials/A b"], "x"])
def test_the_form_takes_names_with_their_type_only(ledger: Database, names: Any) -> None:
    state = execute_plan("studio", social_credentials=names, return_state=True)
    assert state.is_failed()
    assert "social_credentials" in str(state.message)


def test_a_dry_run_loads_no_block(ledger: Database) -> None:
    imported(ledger, post(channel="linkedin"))
    names = ["linkedin-credentials/there-is-no-such-block"]
    state = execute(enabled=True, channels=["linkedin"], social_credentials=names)
    assert state.name == "Previewed"


def test_a_live_run_posts_once_through_the_block(
    ledger: Database, peer: MastodonPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_CHANNELS", "mastodon")
    pinned(ledger, peer, peer.identity)
    block = saved("mastodon", "studio-9", access_token=TOKEN, server=peer.base_url).stdout
    approved(ledger, at=datetime.now(UTC))
    live = {"enabled": True, "dry_run": False, "channels": ["mastodon"]}

    without = execute(**live)
    assert "isn't logged in here" in str(without.message)
    assert peer.posts == []

    ends = [execute(**live, social_credentials=[block]).name for _ in range(2)]

    assert ends == ["Delivered", "Delivered"]
    (published,) = peer.posts
    report = page("report-studio")
    assert f"https://social.test/@acme/{published.ref}" in report
    assert TOKEN not in report


def test_the_forms_refuse_what_cant_work() -> None:
    for block, values in (
        (XCredentials, {"client_id": ""}),
        (LinkedInCredentials, {"access_token": SecretStr("")}),
        (InstagramCredentials, {"access_token": SecretStr("")}),
        (BlueskyCredentials, {"identifier": "a", "app_password": SecretStr("b"), "server": ""}),
        (MastodonCredentials, {"server": "", "access_token": SecretStr("a")}),
    ):
        with pytest.raises(ValueError, match="at least 1"):
            block(**values)
