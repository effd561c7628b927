"""`aicmo accounts` of a CRM: one for each project, a second log-in to read by, no secret anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aicmo import audit
from aicmo.cli.ledger import open_ledger
from aicmo.execution.accounts import open_crm_reader, open_gateway_of
from aicmo.execution.gate import issue_account_permit
from aicmo.gateways.account_gateway import AccountGateway
from aicmo.models import Account, AccountSecret, CrmSchema
from tests.command_line.cli_workspace import PROJECT, Workspace, enter_with_example
from tests.command_line.test_cli_accounts import browser, everything, shown_in
from tests.peers.bottle_crm import BottleCrm
from tests.peers.login_peer import CLIENT_ID, CLIENT_SECRET, LoginPeer, login_peer
from tests.peers.postgres_server import free_port
from tests.security.secret_search import is_in

__all__ = ["browser"]
ORG = "https://acme.my.salesforce.com"


def portal(number: int) -> dict[str, Any]:
    return {
        "/account-info/v3/details": {
            "portalId": number, "accountType": "STANDARD", "timeZone": "Europe/London",
            "uiDomain": "app.hubspot.com",
        }
    }  # fmt: skip


def org(identity: str = "00Dxx0000001gPLEAY") -> dict[str, Any]:
    rows = {"totalSize": 1, "done": True, "records": [{"Name": "Acme", "IsSandbox": False}]}
    answer = {"body": rows, "httpStatusCode": 200, "httpHeaders": {}, "referenceId": "q0"}
    return {
        "/services/oauth2/userinfo": {"organization_id": identity, "preferred_username": "a@b.c"},
        "/services/data/v66.0/composite": {"compositeResponse": [answer]},
        "/services/data/v66.0/limits": {"DailyApiRequests": {"Max": 15000, "Remaining": 14990}},
    }


@pytest.fixture
def peer() -> Iterator[LoginPeer]:
    with login_peer(reads=portal(7001) | org()) as peer:
        yield peer


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


def credentials(workspace: Workspace, **login: Any) -> str:
    file = workspace.folder / "app.json"
    file.write_text(json.dumps(login))
    return str(file)


def add(workspace: Workspace, crm: str, *options: str, status: int = 0, **login: Any) -> Any:
    file = credentials(workspace, **login)
    return workspace.run(
        "accounts", "add", PROJECT, crm, "--credentials", file, "--yes", *options, status=status
    )


def hubspot(workspace: Workspace, peer: LoginPeer, *options: str, status: int = 0) -> Any:
    token = peer.token("access")
    return add(workspace, "hubspot", *options, status=status, access_token=token, api_url=peer.url)


def salesforce(workspace: Workspace, peer: LoginPeer, *options: str, status: int = 0) -> Any:
    return add(
        workspace, "salesforce", *options, status=status, client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET, api_url=peer.url,
    )  # fmt: skip


def listed(workspace: Workspace) -> list[tuple[str, str, bool]]:
    found = workspace.json("accounts", "list", PROJECT)["accounts"]
    return [(each["provider"], each["identity"], each["read_only"]) for each in found]


def test_a_service_key_is_pasted_and_the_portal_is_pinned(
    workspace: Workspace, peer: LoginPeer
) -> None:
    token = peer.token("access")
    file = credentials(workspace, api_url=peer.url)
    command = ("accounts", "add", PROJECT, "hubspot", "--credentials", file)
    said = workspace.run(*command, "--yes", answers=f"{token}\n")

    assert "Make a service key" in said.stderr
    assert "crm.objects.contacts.write" in said.stderr
    assert f"{PROJECT}'s CRM is HubSpot portal 7001." in said.stdout
    assert "goes out" not in said.output
    assert listed(workspace) == [("hubspot", "7001", False)]
    checked = workspace.run("accounts", "check", PROJECT)
    assert not is_in(token, everything(workspace, said, checked))


def test_a_person_agrees_in_the_browser_and_the_token_is_renewed(
    workspace: Workspace, peer: LoginPeer, browser: Path
) -> None:
    redirect = f"http://127.0.0.1:{free_port()}/callback"
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "api_url": peer.url}
    said = add(workspace, "hubspot", "--redirect", redirect, **app)

    assert "You can close this window" in shown_in(browser)
    assert "may do   oauth, crm.objects.contacts.read" in said.stderr
    (told,) = workspace.json("accounts", "check", PROJECT)["accounts"]
    assert (told["is_same"], told["problems"], told["ends_at"]) == (True, [], None)
    shown = everything(workspace, said)
    for secret in [*peer.issued, CLIENT_SECRET, *peer.codes]:
        assert not is_in(secret, shown), secret


def test_salesforce_is_logged_in_to_by_an_app_and_only_at_its_own_org(
    workspace: Workspace, peer: LoginPeer
) -> None:
    for server in ("https://my.salesforce.com.evil.example", "https://salesforce.example"):
        refused = salesforce(workspace, peer, "--server", server, status=2)
        assert "isn't the address of a Salesforce org" in refused.stderr
    assert "name yours" in salesforce(workspace, peer, status=2).stderr
    assert peer.asked == []

    salesforce(workspace, peer, "--server", "Acme.my.salesforce.com")
    assert listed(workspace) == [("salesforce", "00Dxx0000001gPLEAY", False)]
    assert workspace.json("accounts", "list")["accounts"][0]["server"] == ORG


def test_a_token_of_an_org_that_says_it_is_elsewhere_is_never_used(
    workspace: Workspace, peer: LoginPeer
) -> None:
    peer.instance_url = "https://evil.example"
    said = salesforce(workspace, peer, "--server", ORG, status=1)
    assert "at another address now" in said.stderr
    assert listed(workspace) == []


def test_a_project_has_one_crm(workspace: Workspace, peer: LoginPeer) -> None:
    hubspot(workspace, peer)
    hubspot(workspace, peer, "--read-only")
    with open_ledger().write() as session:
        account = session.query(Account).filter_by(channel="crm", handle="").one()
        session.add(CrmSchema(account_id=account.id, content="{}", read_at=open_ledger().time()))

    refused = salesforce(workspace, peer, "--server", ORG, status=2)
    assert (
        f"{PROJECT}'s CRM is HubSpot portal 7001, and you are logged in as Acme at Salesforce"
        in (refused.stderr)
    )
    salesforce(workspace, peer, "--server", ORG, "--replace")

    assert listed(workspace) == [("salesforce", "00Dxx0000001gPLEAY", False)]
    with open_ledger().read() as session:
        assert session.query(AccountSecret).count() == 1
        assert session.query(CrmSchema).count() == 0


def test_nobody_logs_in_for_nothing_to_another_crm_than_the_documents(workspace: Workspace) -> None:
    document = Path(__file__).parents[2] / "aicmo/plans/examples/tarn-ember-retention.yaml"
    workspace.run("import", str(document))
    add = ("accounts", "add", "tarn-ember-retention", "salesforce", "--server", ORG)
    told = workspace.run(*add, status=2).stderr
    assert "tarn-ember-retention's document says crm.provider: hubspot, not salesforce" in told
    assert "Consumer key" not in told


def test_a_read_only_log_in_is_of_the_same_account_and_is_used_to_read(
    workspace: Workspace, peer: LoginPeer
) -> None:
    said = hubspot(workspace, peer, "--read-only", status=2)
    assert "has no CRM account yet" in said.stderr
    hubspot(workspace, peer)
    peer.reads.update(portal(7002))
    said = hubspot(workspace, peer, "--read-only", status=2)
    assert "this log-in is of HubSpot portal 7002" in said.stderr
    assert "has to be of the same account" in said.stderr

    peer.reads.update(portal(7001))
    said = hubspot(workspace, peer, "--read-only")

    assert "is read with this log-in" in said.stdout
    assert listed(workspace) == [("hubspot", "7001", False), ("hubspot", "7001", True)]
    changing, reading = [each for each in peer.issued if "access" in each][1::2]
    assert token_of(open_gateway_of(open_ledger(), PROJECT, "crm")) == changing
    assert token_of(open_crm_reader(open_ledger(), PROJECT)) == reading
    told = workspace.json("accounts", "check", PROJECT, "hubspot")["accounts"]
    assert [(each["read_only"], each["is_same"]) for each in told] == [(False, True), (True, True)]

    workspace.run("accounts", "remove", PROJECT, "hubspot", "--read-only", "--yes")
    assert listed(workspace) == [("hubspot", "7001", False)]
    assert token_of(open_crm_reader(open_ledger(), PROJECT)) == changing


def token_of(open_gateway: Any) -> str:
    with open_gateway(issue_account_permit("crm")) as gateway:
        assert isinstance(gateway, AccountGateway)
        return gateway._tokens.access_token()


def test_check_pauses_the_log_in_that_is_of_another_account_now(
    workspace: Workspace, peer: LoginPeer
) -> None:
    hubspot(workspace, peer)
    hubspot(workspace, peer, "--read-only")
    peer.reads.update(portal(7002))
    told = workspace.json("accounts", "check", PROJECT, status=1)["accounts"]
    assert [each["is_same"] for each in told] == [False, False]
    assert f"aicmo accounts add {PROJECT} hubspot --read-only" in told[1]["problems"][0]
    with open_ledger().read() as session:
        assert session.query(Account).filter(Account.paused_at.is_not(None)).count() == 2


def test_remove_forgets_the_crm_and_both_log_ins(workspace: Workspace, peer: LoginPeer) -> None:
    hubspot(workspace, peer)
    hubspot(workspace, peer, "--read-only")
    other = workspace.run("accounts", "remove", PROJECT, "salesforce", "--yes", status=1)
    assert f"{PROJECT} has no Salesforce account" in other.stderr

    workspace.run("accounts", "remove", PROJECT, "hubspot", "--yes")

    assert listed(workspace) == []
    with open_ledger().read() as session:
        assert session.query(AccountSecret).count() == 0
        assert audit.events(session, PROJECT, newest=1)[0].event == "account.removed"
    gone = workspace.run("accounts", "check", PROJECT, "hubspot", status=1)
    assert f"aicmo accounts add {PROJECT} hubspot" in gone.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("x", "--read-only"), "is for CRMs"),
        (("hubspot", "--read-only", "--block", "studio"), "is kept here"),
        (("pipedrive",), "is no social network and no CRM"),
        (("bottlecrm", "--server", "10.0.0.1"), "no address of the public internet"),
    ],
)
def test_what_cant_be_meant_is_told_at_once(
    workspace: Workspace, arguments: tuple[str, ...], told: str
) -> None:
    assert told in workspace.run("accounts", "add", PROJECT, *arguments, status=2).stderr


@pytest.mark.peer
def test_a_real_crm_says_whose_a_token_is(workspace: Workspace, bottle_crm: BottleCrm) -> None:
    user, other = bottle_crm.sign_up(), bottle_crm.sign_up()
    at = ("--server", bottle_crm.url)
    added = add(workspace, "bottlecrm", *at, access_token=user.create_token())
    refused = add(
        workspace, "bottlecrm", *at, "--read-only", status=2,
        access_token=other.create_token("*:read"),
    )  # fmt: skip
    add(workspace, "bottlecrm", *at, "--read-only", access_token=user.create_token("*:read"))

    assert f"{PROJECT}'s CRM is {user.organization} at BottleCRM." in added.stdout
    assert "has to be of the same account" in refused.stderr
    identity = user.organization_id
    assert listed(workspace) == [("bottlecrm", identity, False), ("bottlecrm", identity, True)]
    dead = add(workspace, "bottlecrm", *at, status=1, access_token="bcrm_pat_nobodys")
    assert "BottleCRM refuses the log-in" in dead.stderr
