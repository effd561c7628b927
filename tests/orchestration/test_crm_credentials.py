"""A CRM is changed through the block that a flow names, as the pinned account; nobody's secrets show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount, FixConfiguration
from aicmo.execution.account_pinning import Pin, pin_account
from aicmo.execution.accounts import open_crm_reader, open_gateway_of
from aicmo.execution.gate import issue_account_permit
from aicmo.gateways.account_gateway import Profile
from aicmo.gateways.crm_gateway import CrmGateway
from aicmo.gateways.login import Login
from blocks import BottleCrmCredentials, HubSpotCredentials, SalesforceCredentials
from blocks.crm_credentials import CRM_BLOCKS, load_crm_credentials
from flows.execute_plan import execute_plan
from flows.reconcile_doubts import reconcile_doubts
from tasks.gateways import NO_BLOCKS, Credentials, open_gateway
from tests.conftest import KEY
from tests.orchestration.flow_runs import execute, page
from tests.orchestration.test_social_credentials import root, saved
from tests.peers.bottlecrm_peer import BottleCrmPeer
from tests.peers.routed_peer import KEY as TOKEN
from tests.projects import approved, contact
from tests.unit.crm_projects import change, import_crm

__all__ = ["root"]
pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]
FIELDS = [
    {"ours": "email", "theirs": "email", "type": "email", "conflict": "ours"},
    {"ours": "first_name", "theirs": "first_name", "conflict": "ours"},
    {"ours": "last_name", "theirs": "last_name", "conflict": "ours"},
]


@pytest.fixture(autouse=True)
def allowed(ledger: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTION_CHANNELS", "crm")


@pytest.fixture
def peer() -> Iterator[BottleCrmPeer]:
    with BottleCrmPeer() as peer:
        yield peer


def pinned(
    ledger: Database, peer: BottleCrmPeer, identity: str, login: Login | None = None
) -> None:
    import_crm(
        ledger, change(), contacts=[contact(1, name="Person1 Acme")], provider="bottlecrm",
        fields=FIELDS, stages=None, tags=None,
    )  # fmt: skip
    pin = Pin(
        "studio", Channel.CRM, Profile(identity, "Acme"), login, server=peer.base_url,
        provider="bottlecrm",
    )  # fmt: skip
    pin_account(ledger, pin, KEY, by="Ann")


def opened(ledger: Database, block: str) -> CrmGateway:
    gateway = open_gateway(ledger, "studio", "crm", Credentials(crm=block))
    found = gateway(issue_account_permit("crm"))
    assert isinstance(found, CrmGateway)
    return found


def test_a_live_run_changes_contacts_once_through_the_block(
    ledger: Database, peer: BottleCrmPeer
) -> None:
    pinned(ledger, peer, peer.identity)
    block = saved("bottlecrm", "crm-1", access_token=TOKEN, server=peer.base_url).stdout
    assert block == "bottlecrm-credentials/crm-1"
    approved(ledger, at=datetime.now(UTC))
    live: dict[str, Any] = {"enabled": True, "dry_run": False, "channels": ["crm"]}

    without = execute(**live)
    assert "isn't logged in here" in str(without.message)
    assert peer.effects == {}

    ends = [execute(**live, crm_credentials=block).name for _ in range(2)]

    assert ends == ["Delivered", "Delivered"]
    assert peer.effects == {"contact:c1": 1}
    assert TOKEN not in page("report-studio")
    state = reconcile_doubts("studio", crm_credentials=block, return_state=True)
    assert state.is_completed()


def test_the_block_of_another_client_changes_nothing(ledger: Database, peer: BottleCrmPeer) -> None:
    """Neither there, nor what is kept: the log-in that `aicmo accounts add` kept is still used."""
    held = Login(access_token=TOKEN, server=peer.base_url)
    pinned(ledger, peer, peer.identity, held)
    with BottleCrmPeer(identity="another") as other:
        held_there = {"access_token": TOKEN, "server": peer.base_url, "api_url": other.base_url}
        block = BottleCrmCredentials(server=peer.base_url, access_token=SecretStr(TOKEN))
        login = Login.model_validate(block.login().model_dump() | held_there)
        with pytest.raises(FixAccount, match="but the project's account is"):
            open_gateway_of(ledger, "studio", "crm", login, "bottlecrm")
    with open_crm_reader(ledger, "studio")(issue_account_permit("crm")) as gateway:
        assert isinstance(gateway, CrmGateway)
        assert gateway.identify() is None


def test_a_secret_is_shown_to_no_other_crm_and_no_other_server(
    ledger: Database, peer: BottleCrmPeer
) -> None:
    pinned(ledger, peer, peer.identity)
    saved("hubspot", "crm-2", access_token=TOKEN)
    saved("bottlecrm", "crm-3", access_token=TOKEN, server="https://elsewhere.example")

    with pytest.raises(
        FixAccount, match="The block is of HubSpot, but studio's CRM account is of B"
    ):
        opened(ledger, "hubspot-credentials/crm-2")
    with pytest.raises(FixAccount, match=r"The log-in is of https://elsewhere\.example"):
        opened(ledger, "bottlecrm-credentials/crm-3")
    assert peer.connections == 0


@pytest.mark.parametrize("provider", CRM_BLOCKS)
def test_every_crm_has_a_block_that_keeps_its_log_in(ledger: Database, provider: str) -> None:
    whole = Login(
        access_token=TOKEN, refresh_token="canary-r", client_id="c", client_secret="canary-s",
        server="https://acme.example",
    )  # fmt: skip
    done = saved(provider, f"all-{provider}", **whole.model_dump())
    assert done.stdout == f"{provider}-credentials/all-{provider}", done.stderr
    block = load_crm_credentials(done.stdout)
    login = block.login()
    assert set(login.secrets()) <= set(whole.secrets())
    assert login.secrets()
    shown = f"{block!r}{block.model_dump_json()}{login!r}{done.stderr}"
    assert [each for each in whole.secrets() if each in shown] == []


@pytest.mark.parametrize("name", ["hubspot-credentials/nobody", "crm/studio", "studio"])
def test_a_wrong_name_is_a_clear_error(ledger: Database, name: str) -> None:
    with pytest.raises(FixConfiguration, match=f"There is no block {name}"):
        load_crm_credentials(name)


@pytest.mark.parametrize("name", ["studio", "x-credentials/studio", "hubspot-credentials/A b"])
def test_the_form_takes_the_blocks_of_crms_only(ledger: Database, name: str) -> None:
    state = execute_plan("studio", crm_credentials=name, return_state=True)
    assert state.is_failed()
    assert "crm_credentials" in str(state.message)


def test_a_dry_run_loads_no_block(ledger: Database, peer: BottleCrmPeer) -> None:
    pinned(ledger, peer, peer.identity)
    block = "bottlecrm-credentials/there-is-no-such-block"
    state = execute(enabled=True, channels=["crm"], crm_credentials=block)
    assert state.name == "Previewed"
    assert peer.connections == 0


def test_the_forms_refuse_what_cant_work() -> None:
    assert NO_BLOCKS.crm == ""
    with pytest.raises(ValueError, match="give a service key"):
        HubSpotCredentials(client_id="c", client_secret=SecretStr("s"))
    for block, values in (
        (SalesforceCredentials, {"server": "", "client_id": "c", "client_secret": SecretStr("s")}),
        (BottleCrmCredentials, {"server": "", "access_token": SecretStr("a")}),
    ):
        with pytest.raises(ValueError, match="at least 1"):
            block(**values)
