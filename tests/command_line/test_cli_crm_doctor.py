"""Shows that `aicmo crm doctor` asks the CRM what it has, and makes only what it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aicmo.channels import Channel
from aicmo.cli.ledger import open_ledger
from aicmo.crm.schema import Schema
from aicmo.execution.account_pinning import Pin, pin_account
from aicmo.gateways.account_gateway import Profile
from aicmo.gateways.login import Login
from aicmo.models import AuditEvent, CrmSchema
from tests.command_line.cli_workspace import SECRET_KEY, Workspace, enter
from tests.peers.bottle_crm import BottleCrm
from tests.peers.http_exchange import Fault
from tests.peers.routed_peer import KEY
from tests.peers.salesforce_fields import CONTACT_ID, DELIVERY_ID
from tests.peers.salesforce_peer import SalesforcePeer
from tests.unit.plan_documents import contact, plain_document

PROJECT = "corner-bakery"
FIELDS = [
    {"ours": "email", "theirs": "Email", "type": "email", "conflict": "ours"},
    {"ours": "last_name", "theirs": "LastName"},
    {"ours": "score", "theirs": "Score__c", "type": "number", "conflict": "newer"},
]
SERVER, READER = "https://acme.my.salesforce.com", "canary-token-of-the-reader"


@pytest.fixture
def peer() -> Iterator[SalesforcePeer]:
    with SalesforcePeer() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    found = enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text(f"AICMO_SECRET_KEY={SECRET_KEY}\n", encoding="utf-8")
    found.run("init")
    return found


def change(name: str, action: str, **content: Any) -> dict[str, Any]:
    return {
        "id": name, "channel": "crm", "title": "Change", "send_at": "2026-03-05T07:30",
        "audience": "everyone", "content": {"action": action, **content},
    }  # fmt: skip


def import_plan(workspace: Workspace, *items: dict[str, Any], **setup: Any) -> None:
    people = [
        contact("ann", attributes={"last_name": "Ames", "score": "7"}),
        contact("bob", attributes={"last_name": "B" * 81}),
    ]
    crm = {"provider": "salesforce", "fields": FIELDS, **setup}
    document = plain_document(
        contacts=people, crm=crm, items=list(items or (change("c1", "upsert_contact"),))
    )
    import_document(workspace, document)


def import_document(workspace: Workspace, document: dict[str, Any]) -> None:
    path = workspace.folder / "project.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    workspace.run("import", str(path))


def log_in(
    peer: SalesforcePeer,
    identity: str = "",
    access_token: str = KEY,
    *,
    is_read_only: bool = False,
) -> None:
    pin = Pin(
        PROJECT, Channel.CRM, Profile(identity or peer.identity, name="Corner Bakery"),
        Login(
            access_token=access_token, obtained_at=datetime.now(UTC), server=SERVER,
            api_url=peer.base_url,
        ),
        server=SERVER, provider="salesforce", is_read_only=is_read_only,
    )  # fmt: skip
    pin_account(open_ledger(), pin, SECRET_KEY.encode(), by="Ann")


def events() -> list[str]:
    with open_ledger().read() as session:
        return [
            each
            for each in session.scalars(select(AuditEvent.event).order_by(AuditEvent.id))
            if each.startswith("crm.")
        ]


def writes(peer: SalesforcePeer) -> list[str]:
    """Requests that could change something; queries are posted, too."""
    composite = "/services/data/v66.0/composite"
    return [each.path for each in peer.seen if each.method != "GET" and each.path != composite]


def test_a_plan_that_fits_has_no_problem_and_the_schema_is_kept(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    import_plan(workspace, change("c1", "set_properties", properties={"score": "8"}))
    log_in(peer)

    said = workspace.run("crm", "doctor", PROJECT).stdout

    assert "No problem. No contact was changed." in said
    assert f"Next: `aicmo preview {PROJECT} --read` shows what would change." in said
    assert f"{peer.identity}, the account of {PROJECT}" in said
    assert "12 of 15,000" in said
    with open_ledger().read() as session:
        kept = Schema.from_json(session.scalars(select(CrmSchema.content)).one())
    assert kept.contacts["LastName"].longest == 80
    assert events() == ["crm.checked"]
    assert writes(peer) == []


def test_what_does_not_fit_is_told_with_what_to_do(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    fields = [*FIELDS[:1], {"ours": "score", "theirs": "Scor__c", "type": "number"}]
    stages = {"property": "Stage__c", "order": ["lead", "retired"]}
    stage = change("c2", "set_stage", stage="retired")
    import_plan(workspace, change("c1", "upsert_contact"), stage, fields=fields, stages=stages)
    log_in(peer)

    said = workspace.run("crm", "doctor", PROJECT, status=1).stdout
    assert "4 problems. No contact was changed." in said

    found = workspace.json("crm", "doctor", PROJECT, status=1)
    assert [(each["place"], each["fix"]) for each in found["misfits"]] == [
        ("crm.fields[1].theirs", "write `Score__c`, if that is meant"),
        ("crm.fields", "map last_name to it"),
        ("crm.stages.order", "the CRM has subscriber, lead, customer"),
    ]
    (refused,) = found["refused_values"]
    assert refused["place"] == "c2.stage"


def test_values_of_contacts_are_told_by_their_ids_and_never_repeated(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    import_plan(workspace)
    log_in(peer)

    said = workspace.run("crm", "doctor", PROJECT, status=1).stdout

    assert "1 contact (bob), last_name: LastName has 81 characters, and the CRM takes 80." in said
    assert "BBB" not in said


def test_the_unique_properties_are_made_only_on_request_and_once(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    note = change("c1", "log_activity", note="Called.")
    import_plan(workspace, note)
    log_in(peer)
    del peer.fields["Contact"][CONTACT_ID], peer.fields["Task"][DELIVERY_ID]

    missing = workspace.json("crm", "doctor", PROJECT, status=1)
    assert [each["name"] for each in missing["unique"] if not each["is_there"]] == [
        CONTACT_ID, DELIVERY_ID,
    ]  # fmt: skip
    workspace.run("crm", "doctor", PROJECT, "--create", "--yes", status=2)  # not enabled
    workspace.allow(EXECUTION_CHANNELS="email")
    workspace.run("crm", "doctor", PROJECT, "--create", "--yes", status=2)  # not this channel
    workspace.allow(EXECUTION_CHANNELS="email,crm")
    workspace.run("crm", "doctor", PROJECT, "--create", status=2)  # nobody to ask
    assert writes(peer) == []
    assert set(events()) == {"crm.checked"}

    made = workspace.json("crm", "doctor", PROJECT, "--create", "--yes")
    assert made["made"] == [CONTACT_ID, DELIVERY_ID]
    assert all(each["is_there"] for each in made["unique"])
    assert peer.fields["Contact"][CONTACT_ID]["unique"]
    assert events().count("crm.property_made") == 2
    again = workspace.json("crm", "doctor", PROJECT, "--create", "--yes")
    assert (again["made"], len(writes(peer))) == ([], 2)


def test_a_property_whose_answer_is_lost_is_found_by_the_next_look(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    import_plan(workspace, change("c1", "set_properties", properties={"score": "8"}))
    log_in(peer)
    del peer.fields["Contact"][CONTACT_ID]
    peer.other_faults["create_field"] = [Fault(applies=True, then="close")]
    workspace.allow(EXECUTION_CHANNELS="crm")

    said = workspace.run("crm", "doctor", PROJECT, "--create", "--yes", status=1).stderr

    assert f"didn't make {CONTACT_ID}" in said
    assert events()[-1] == "crm.property_begun"
    workspace.run("crm", "doctor", PROJECT)


def test_a_property_that_the_log_in_does_not_see_is_told(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    import_plan(workspace, change("c1", "set_properties", properties={"score": "8"}))
    log_in(peer)
    del peer.fields["Contact"][CONTACT_ID]
    peer.shows_new = False
    workspace.allow(EXECUTION_CHANNELS="crm")

    said = workspace.run("crm", "doctor", PROJECT, "--create", "--yes", status=1).stderr

    assert "hidden from this log-in" in said


def test_another_account_is_read_no_further(workspace: Workspace, peer: SalesforcePeer) -> None:
    import_plan(workspace)
    log_in(peer, identity="00D000000000001AAA")

    said = workspace.run("crm", "doctor", PROJECT, status=1).stderr

    assert "logged in as" in said
    assert "aicmo accounts check" in said
    assert not [each for each in peer.paths() if "describe" in each]
    assert events() == []


def test_it_reads_by_the_read_only_log_in_and_makes_by_the_other(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    import_plan(workspace, change("c1", "set_properties", properties={"score": "8"}))
    log_in(peer)
    del peer.fields["Contact"][CONTACT_ID]
    workspace.allow(EXECUTION_CHANNELS="crm")
    with SalesforcePeer(token=READER) as reader:
        reader.fields = peer.fields
        log_in(reader, access_token=READER, is_read_only=True)
        made = workspace.json("crm", "doctor", PROJECT, "--create", "--yes")

    assert (made["made"], made["is_read_only"]) == ([CONTACT_ID], True)
    assert writes(reader) == []
    assert len(writes(peer)) == 1
    assert not [each for each in peer.paths() if "describe" in each and "Task" in each]


def test_nothing_is_made_in_the_crm_of_somebody_else(
    workspace: Workspace, peer: SalesforcePeer
) -> None:
    import_plan(workspace, change("c1", "set_properties", properties={"score": "8"}))
    log_in(peer)
    del peer.fields["Contact"][CONTACT_ID]
    workspace.allow(EXECUTION_CHANNELS="crm")
    with SalesforcePeer(token=READER) as reader:
        reader.fields = peer.fields
        log_in(reader, access_token=READER, is_read_only=True)
        peer.identity = "00D000000000001AAA"
        workspace.run("crm", "doctor", PROJECT, "--create", "--yes", status=1)

    assert writes(peer) == []
    assert set(events()) == {"crm.checked"}


def test_without_a_crm_or_an_account_it_says_what_to_do(workspace: Workspace) -> None:
    import_plan(workspace)
    said = workspace.run("crm", "doctor", PROJECT, status=1).stderr
    assert f"aicmo accounts add {PROJECT} salesforce" in said
    import_document(workspace, plain_document())
    said = workspace.run("crm", "doctor", PROJECT, status=2).stderr
    assert "Describe it in the document's crm section" in said


@pytest.mark.peer
def test_a_real_crm_is_asked_and_gets_the_property_of_our_ids(
    workspace: Workspace, bottle_crm: BottleCrm
) -> None:
    user = bottle_crm.sign_up()
    fields = [
        {"ours": "email", "theirs": "email", "type": "email", "conflict": "ours"},
        {"ours": "first_name", "theirs": "First name"},
        {"ours": "last_name", "theirs": "last_name"},
    ]
    tag = change("c2", "add_tag", tag="spring")
    import_plan(workspace, change("c1", "upsert_contact"), tag, provider="bottlecrm", fields=fields)
    server = "https://crm.client.test"
    login = Login(access_token=user.create_token(), server=server, api_url=user.url)
    profile = Profile(user.organization_id, name=user.organization)
    pin = Pin(PROJECT, Channel.CRM, profile, login, server=server, provider="bottlecrm")
    pin_account(open_ledger(), pin, SECRET_KEY.encode(), by="Ann")
    workspace.allow(EXECUTION_CHANNELS="crm")

    before = workspace.json("crm", "doctor", PROJECT, status=1)
    after = workspace.json("crm", "doctor", PROJECT, "--create", "--yes", status=1)

    assert [(each["place"], each["fix"]) for each in before["misfits"]] == [
        ("crm.fields[1].theirs", "write `first_name`, if that is meant"),
        ("crm.fields", "map first_name to it"),
        ("crm.contact_id", f"`aicmo crm doctor {PROJECT} --create` makes it"),
    ]
    assert after["made"] == ["cf_aicmo_contact_id"]
    assert [each["place"] for each in after["misfits"]] == ["crm.fields[1].theirs", "crm.fields"]
    (made,) = user.call("GET", "custom-fields/")["definitions"]
    assert (made["key"], made["field_type"]) == ("aicmo_contact_id", "text")
