"""Log-ins are nowhere but sealed: whatever networks do with them, no log, error, row or report shows one."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.delivery.execution_orchestrator import execute_plan_for_project
from aicmo.errors import AicmoError
from aicmo.execution.account_checking import check_account
from aicmo.execution.account_pinning import Pin, pin_account
from aicmo.execution.account_tokens import AccountTokens
from aicmo.gateways.account_gateway import NoToken, Profile
from aicmo.gateways.login import Login
from aicmo.models import Account
from tests.conftest import KEY
from tests.peers.login_peer import CLIENT_SECRET, PASSWORD, Fault, LoginPeer, login_peer
from tests.projects import crm, imported, post
from tests.security.secret_search import is_in

NETWORKS = ("twitter", "linkedin", "instagram", "bluesky")
CRMS = ("hubspot", "salesforce")


@pytest.fixture
def ledger(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    for name, value in {
        "AICMO_DATABASE_URL": sqlite_url,
        "AICMO_SECRET_KEY": KEY.decode(),
        "EXECUTION_ENABLED": "true",
        "EXECUTION_DRY_RUN": "false",
        "EXECUTION_CHANNELS": ",".join((*NETWORKS, "crm")),
    }.items():
        monkeypatch.setenv(name, value)
    return Database(sqlite_url)


def channel_of(network: str) -> Channel:
    return Channel.CRM if network in CRMS else Channel(network)


def pinned(ledger: Database, peer: LoginPeer, network: str) -> int:
    channel = channel_of(network)
    imported(ledger, crm() if network in CRMS else post(channel=channel.value))
    server = peer.instance_url if network == "salesforce" else peer.url
    now = ledger.time()
    login = Login(
        access_token=peer.token("access"), refresh_token=peer.token("refresh"),
        client_id="client-1", client_secret=CLIENT_SECRET, identifier="acme.test",
        app_password=PASSWORD, server=server, api_url=peer.url,
        obtained_at=now - timedelta(days=2), expires_at=now - timedelta(minutes=1),
    )  # fmt: skip
    provider = network if network in CRMS else ""
    pin = Pin("studio", channel, Profile("7"), login, server, provider=provider)
    pin_account(ledger, pin, KEY, by="Ann")
    with ledger.read() as session:
        return session.query(Account.id).filter_by(channel=channel.value).scalar()


def tried(ledger: Database, account_id: int, network: str) -> list[Any]:
    """Everything that somebody may read of using the account: errors, reports, checks."""
    said: list[Any] = []
    try:
        AccountTokens(ledger, account_id, network, KEY).access_token()
    except NoToken as none:
        said += [none, none.outcome, none.__cause__, none.__context__]
    said.append(execute_plan_for_project("studio").as_dict())
    try:
        said.append(check_account(ledger, "studio", channel_of(network), by="Ann"))
    except AicmoError as error:
        said += [error, error.next_step]
    return said


@pytest.mark.parametrize("network", [*NETWORKS, *CRMS])
@pytest.mark.parametrize("fault", ["", *get_args(Fault)])
def test_using_an_account_shows_no_secret(
    ledger: Database,
    network: str,
    fault: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with login_peer(faults=[fault] * 3 if fault else []) as peer:
        account_id = pinned(ledger, peer, network)
        said = tried(ledger, account_id, network)
        assert peer.asked, "the token wasn't even due"
    with ledger.read() as session:
        said += [row.data for row in audit.events(session, "studio", newest=100)]
    ledger.dispose()
    shown = f"{said}{said!r}{caplog.text}{''.join(capfd.readouterr())}".encode()
    shown += b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in [*peer.issued, CLIENT_SECRET, PASSWORD, "canary-said"]:
        assert not is_in(secret, shown), secret
