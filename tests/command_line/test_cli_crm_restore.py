"""Shows that `aicmo crm restore` and `aicmo crm consent` say what they do, and do that to a HubSpot portal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aicmo.channels import Channel
from aicmo.cli.ledger import open_ledger
from aicmo.execution.account_pinning import Pin, pin_account
from aicmo.execution.contacts import suppress
from aicmo.execution.leaving import UNSUBSCRIBED
from aicmo.gateways.account_gateway import Profile
from aicmo.gateways.login import Login
from aicmo.models import Contact
from tests.command_line.cli_workspace import SECRET_KEY, Workspace, enter
from tests.peers.crm_peer import CrmPeer, Kept
from tests.peers.hubspot_peer import HubspotPeer
from tests.peers.routed_peer import KEY
from tests.peers.salesforce_peer import SalesforcePeer
from tests.unit.plan_documents import contact, plain_document

PROJECT = "corner-bakery"
FIELDS = [
    {"ours": "email", "theirs": "email", "type": "email", "conflict": "ours"},
    {"ours": "first_name", "theirs": "firstname", "conflict": "ours"},
    {"ours": "job", "theirs": "jobtitle", "conflict": "ours"},
    {"ours": "score", "theirs": "score", "type": "number", "conflict": "ours"},
    {"ours": "visit", "theirs": "last_visit", "type": "datetime", "conflict": "ours"},
]
SETUP = {
    "provider": "hubspot", "fields": FIELDS, "consent": "both",
    "stages": {"property": "lifecyclestage", "order": ["lead", "opportunity", "customer"]},
}  # fmt: skip


@pytest.fixture
def portal() -> Iterator[HubspotPeer]:
    with HubspotPeer(identity="7001") as running:
        running.stages_go_forward = True  # as HubSpot's do
        yield running


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    found = enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text(f"AICMO_SECRET_KEY={SECRET_KEY}\n", encoding="utf-8")
    found.run("init")
    found.allow(EXECUTION_CHANNELS="crm")
    return found


@pytest.fixture
def ann(portal: HubspotPeer) -> Kept:
    return portal.add({
        "email": "ann@example.com", "firstname": "Anna", "jobtitle": "Baker", "score": "3",
        "last_visit": "2026-01-02T10:00:00Z", "lifecyclestage": "lead",
    })  # fmt: skip


def change(name: str, action: str, **content: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(hours=1)
    return {
        "id": name, "channel": "crm", "title": "Change", "send_at": at.isoformat(timespec="minutes"),
        "audience": "everyone", "content": {"action": action, **content},
    }  # fmt: skip


def ready(
    workspace: Workspace, peer: CrmPeer, *items: dict[str, Any], setup: dict[str, Any] = SETUP
) -> None:
    """Imported, approved, and logged in."""
    of_ann = {"job": "Head baker", "score": "7.50", "visit": "2026-03-01T09:00:00+01:00",
              "last_name": "Ames"}  # fmt: skip
    people = [contact("ann", attributes=of_ann), contact("bob")]
    document = plain_document(contacts=people, crm=setup, items=list(items))
    path = workspace.folder / "project.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    workspace.run("import", str(path))
    log_in(peer, setup["provider"])
    workspace.run("approve", PROJECT, "--yes")


def log_in(peer: CrmPeer, provider: str) -> None:
    server = "https://acme.my.salesforce.com" if provider == "salesforce" else ""
    login = Login(
        access_token=KEY, obtained_at=datetime.now(UTC), server=server, api_url=peer.base_url
    )
    profile = Profile(peer.identity, name="Corner Bakery")
    pin = Pin(PROJECT, Channel.CRM, profile, login, server=server, provider=provider)
    pin_account(open_ledger(), pin, SECRET_KEY.encode(), by="Ann")


def executed(workspace: Workspace) -> None:
    workspace.run("execute", PROJECT, "--enable", "--live")


def leave(key: str) -> None:
    database = open_ledger()
    with database.write() as session:
        person = session.scalars(select(Contact).where(Contact.key == key)).one()
        suppress(session, PROJECT, person.address_hmac, UNSUBSCRIBED, database.now(session))


def shown(workspace: Workspace, *options: str, status: int = 0) -> str:
    said = workspace.run("crm", "restore", PROJECT, *options, status=status).stdout
    return "\n".join(" ".join(line.split()) for line in said.splitlines())


def test_look_ask_approve(workspace: Workspace, portal: HubspotPeer, ann: Kept) -> None:
    ready(
        workspace, portal, change("add", "upsert_contact"),
        change("stage", "set_stage", stage="opportunity"),
        change("note", "log_activity", note="Met at the fair."),
    )  # fmt: skip
    executed(workspace)
    at = datetime.now(UTC) + timedelta(minutes=5)
    portal.edit(ann, {"jobtitle": "Retired"}, at=at)

    assert "1 2026-" in shown(workspace)
    assert "RUN` shows what it overwrote" in shown(workspace)
    looked = shown(workspace, "1")
    assert "firstname Anna Ann Ann put back" in looked
    assert "score 3 7.5 7.5 put back" in looked
    assert "lifecyclestage lead opportunity opportunity put back" in looked
    assert "stays: changed since" in looked
    assert f"{at:%Y-%m-%d %H:%M} UTC" in looked
    assert "5 fields would be put back, 1 stays." in looked
    assert (
        "Contacts added by this run; none is deleted (1):\nbob https://app.hubspot.com/contacts/7001"
        in looked
    )
    assert "Entries on timelines; they stay, delete them there by hand (2):" in looked
    assert "restore corner-bakery 1 --ask --by NAME` asks for it" in looked
    assert "Asked for by Ann: 3 changes of run 1" in shown(workspace, "1", "--ask", "--by", "Ann")
    assert "Asked for by Ann: 3 changes." in shown(workspace, "1")
    assert ann.values["firstname"] == "Ann"

    done = shown(workspace, "1", "--approve", "--by", "Ben")

    assert done == "3 changes put back.\nann, add: stays: jobtitle"
    assert {name: ann.values[name] for name in ("firstname", "jobtitle", "score")} == {
        "firstname": "Anna", "jobtitle": "Retired", "score": "3",
    }  # fmt: skip
    assert ann.values["lifecyclestage"] == "lead"
    assert ann.values["last_visit"].startswith("2026-01-02T10:00:00")
    assert "3 changes of this run put back already." in shown(workspace, "1")
    assert len(portal.contacts) == 2
    assert portal.misshapen == []


def test_scripts_get_it_as_json(workspace: Workspace, portal: HubspotPeer, ann: Kept) -> None:
    ready(workspace, portal, change("stage", "set_properties", properties={"job": "Cook"}))
    executed(workspace)

    (run,) = workspace.json("crm", "restore", PROJECT)["runs"]
    (looked,) = workspace.json("crm", "restore", PROJECT, "1")["changes"]
    asked = workspace.json("crm", "restore", PROJECT, "1", "--ask", "--by", "Ann")
    portal.refused.add("contact:ann")
    done = workspace.json("crm", "restore", PROJECT, "1", "--approve", "--by", "Ben", status=1)

    assert (run["run"], run["changes"], asked["asked"]) == (1, 1, 1)
    assert (looked["contact"], looked["state"], looked["added"]) == ("ann", "", False)
    assert [(each["name"], each["former"], each["becomes"]) for each in looked["fields"]] == [
        ("jobtitle", "Baker", "put back")
    ]
    assert [each["state"] for each in done["changes"]] == ["refused"]
    assert ann.values["jobtitle"] == "Cook"


def test_what_is_missing_is_told(workspace: Workspace, portal: HubspotPeer, ann: Kept) -> None:
    ready(workspace, portal, change("add", "upsert_contact"))

    assert "No run of corner-bakery has changed anything" in shown(workspace)
    executed(workspace)
    nobody = workspace.run("crm", "restore", PROJECT, "1", "--approve", status=2).stderr
    other = workspace.run("crm", "restore", PROJECT, "7", status=2).stderr
    workspace.run("crm", "restore", PROJECT, "1", "--ask", "--by", "Ann")
    workspace.patch.setenv("EXECUTION_ENABLED", "false")
    closed = workspace.run("crm", "restore", PROJECT, "1", "--approve", status=2).stderr

    assert "Nobody has asked to put back what run 1 overwrote" in nobody
    assert "corner-bakery has no run 7" in other
    assert "EXECUTION_ENABLED isn't true" in closed
    assert ann.values["firstname"] == "Ann"


def test_consent_goes_both_ways(workspace: Workspace, portal: HubspotPeer, ann: Kept) -> None:
    ready(workspace, portal, change("add", "upsert_contact"))
    bob = portal.add({"email": "bob@example.com", "hs_email_optout": "true"})
    leave("ann")

    dry = workspace.run("crm", "consent", PROJECT).stdout
    assert "Asked the CRM about 2 contacts." in dry
    assert "1 contact unsubscribed there: suppressed from now on: bob." in dry
    assert "1 contact left here, and the CRM hasn't been told: ann." in dry
    assert portal.out == set()

    live = workspace.run("crm", "consent", PROJECT, "--live").stdout
    assert "Nobody there has left whom we didn't know of." in live
    assert "1 contact left here: the CRM knows now: ann." in live
    assert (portal.out, ann.values["hs_email_optout"]) == ({"ann@example.com"}, "true")
    again = workspace.json("crm", "consent", PROJECT, "--live")
    assert (again["read"]["left"], again["told"]["asked"]) == ([], [])
    assert bob.values["hs_email_optout"] == "true"
    assert portal.misshapen == []


def test_telling_needs_the_keys_and_reading_does_not(
    workspace: Workspace, portal: HubspotPeer, ann: Kept
) -> None:
    ready(workspace, portal, change("add", "upsert_contact"))
    portal.add({"email": "bob@example.com", "hs_email_optout": "true"})
    leave("ann")
    workspace.patch.setenv("EXECUTION_CHANNELS", "email")

    said = workspace.run("crm", "consent", PROJECT, "--live", status=2).stderr
    read = workspace.json("crm", "consent", PROJECT)

    assert "EXECUTION_CHANNELS leaves crm off" in said
    assert read["told"]["asked"] == ["ann"]
    assert portal.out == set()


def test_salesforce_gets_its_values_back_and_is_told_who_left(workspace: Workspace) -> None:
    fields = [
        {"ours": "last_name", "theirs": "LastName", "conflict": "ours"},
        {"ours": "job", "theirs": "Title", "conflict": "ours"},
        {"ours": "score", "theirs": "Score__c", "type": "number", "conflict": "ours"},
        {"ours": "visit", "theirs": "Met_At__c", "type": "datetime", "conflict": "ours"},
    ]
    setup = {"provider": "salesforce", "fields": fields, "consent": "both"}
    with SalesforcePeer() as org:
        ann = org.add({"Email": "ann@example.com", "LastName": "Adams", "Score__c": "3"})
        bob = org.add({"Email": "bob@example.com", "LastName": "B", "HasOptedOutOfEmail": "true"})
        before = dict(ann.values)
        ready(
            workspace, org, change("set", "set_properties", properties={"job": "Cook"}),
            change("add", "upsert_contact"), setup=setup,
        )  # fmt: skip
        executed(workspace)
        assert (ann.values["LastName"], ann.values["Title"]) == ("Ames", "Cook")
        workspace.run("crm", "restore", PROJECT, "1", "--ask", "--by", "Ann")
        done = shown(workspace, "1", "--approve", "--by", "Ben")
        leave("ann")
        consent = workspace.json("crm", "consent", PROJECT, "--live")

        assert "put back" in done
        after = {
            name: ann.values.get(name, "")
            for name in ("LastName", "Score__c", "Title", "Met_At__c")
        }
        assert after == {name: before.get(name, "") for name in after}
        assert (consent["read"]["left"], consent["told"]["told"]) == (["bob"], ["ann"])
        assert (ann.values["HasOptedOutOfEmail"], bob.values.get("Title", "")) == ("true", "")
        assert org.misshapen == []
