"""Whole runs into a scripted Salesforce org: lost answers, partial refusals, and everybody changed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import LivePermit, OpenGateway
from aicmo.gateways.salesforce import SalesforceGateway
from tests.contract.social_samples import Tokens
from tests.peers.http_exchange import Fault
from tests.peers.salesforce_fields import CONTACT_ID, DELIVERY_ID
from tests.peers.salesforce_peer import ORG, SalesforcePeer
from tests.projects import approved, contact
from tests.unit.crm_ledger import counted, crm_ledger, deliveries, run, run_until_quiet
from tests.unit.crm_projects import change, connect, import_crm
from tests.unit.doubtful_rows import ClockedDatabase

LOST, UNHEARD = Fault(applies=True, then="close"), Fault(then="reset")
FIELDS = [
    {"ours": "email", "theirs": "Email", "type": "email", "conflict": "ours"},
    {"ours": "last_name", "theirs": "LastName", "conflict": "theirs"},
    {"ours": "goal", "theirs": "Title", "conflict": "theirs"},
]
STAGES = {"property": "Stage__c", "order": ["subscriber", "lead", "customer"]}
SERVER = "https://acme.my.salesforce.com"


@pytest.fixture
def ledger(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[ClockedDatabase]:
    with crm_ledger(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


def person(number: int) -> dict[str, Any]:
    return contact(number, attributes={"last_name": f"Ng {number}", "goal": f"Win {number}"})


def ready(ledger: ClockedDatabase, *items: dict[str, Any], people: int = 3) -> None:
    import_crm(
        ledger, *items, contacts=[person(number) for number in range(1, people + 1)],
        provider="salesforce", fields=FIELDS, stages=STAGES, tags="Topics__c",
    )  # fmt: skip
    connect(ledger, "salesforce", ORG)
    approved(ledger)


def opening(peer: SalesforcePeer, ledger: ClockedDatabase) -> OpenGateway:
    account = ProviderAccount(ORG, "Acme", server=SERVER, api_url=peer.base_url)

    def open_gateway(permit: LivePermit) -> SalesforceGateway:
        return SalesforceGateway(permit, account, Tokens(), clock=lambda: ledger.at)

    return open_gateway


@pytest.mark.parametrize(
    "faults", [{2: LOST}, {2: UNHEARD}, {1: LOST, 2: UNHEARD, 3: LOST, 4: LOST}]
)
def test_lost_answers_in_the_middle_leave_every_contact_added_once(
    ledger: ClockedDatabase, faults: dict[int | str, Fault]
) -> None:
    ready(ledger, change(), people=450)
    with SalesforcePeer(faults) as peer:
        run_until_quiet(ledger, opening(peer, ledger))

    assert counted(ledger) == {"sent": 450}
    assert len(peer.contacts) == 450
    assert set(peer.effects.values()) == {1}
    ids = {each.values[CONTACT_ID] for each in peer.contacts.values()}
    assert ids == {f"studio:c{number}" for number in range(1, 451)}
    assert not peer.misshapen


def test_contacts_that_are_there_are_changed_once_and_theirs_stays(ledger: ClockedDatabase) -> None:
    ready(ledger, change())
    with SalesforcePeer({1: LOST}) as peer:
        own = peer.add({"Email": "person1@example.com", "LastName": "Own", "Phone": "1"})
        moved = peer.add({"Email": "old@example.com", CONTACT_ID: "studio:c2", "Title": "Own"})
        run_until_quiet(ledger, opening(peer, ledger))

    assert counted(ledger) == {"sent": 3}
    assert (own.values["LastName"], own.values["Title"]) == ("Own", "Win 1")
    assert (own.values["Phone"], own.values[CONTACT_ID]) == ("1", "studio:c1")
    assert (moved.values["Email"], moved.values["Title"]) == ("person2@example.com", "Own")
    assert len(peer.contacts) == 3
    first = deliveries(ledger)[0]
    assert (first.staged["former"], first.provider_ref) == ({"Title": ""}, own.id)
    assert first.permalink == f"{SERVER}/lightning/r/Contact/{own.id}/view"


def test_each_note_is_one_task_whatever_is_lost(ledger: ClockedDatabase) -> None:
    ready(ledger, change(action="log_activity", note="Met at the fair."), people=250)
    with SalesforcePeer({1: LOST, 2: UNHEARD, 3: LOST}) as peer:
        for number in range(1, 251):
            peer.add({"Email": f"person{number}@example.com", "LastName": "Ng"})
        run_until_quiet(ledger, opening(peer, ledger))

    assert counted(ledger) == {"sent": 250}
    tasks = peer.activities.values()
    assert Counter(each.values["WhoId"] for each in tasks) == dict.fromkeys(peer.contacts, 1)
    tokens = {each.token for each in deliveries(ledger)}
    assert {each.values[DELIVERY_ID] for each in tasks} == tokens


def test_one_bad_record_is_told_and_the_others_go(ledger: ClockedDatabase) -> None:
    ready(ledger, change())
    with SalesforcePeer() as peer:
        peer.refused = {"contact:c2"}
        run_until_quiet(ledger, opening(peer, ledger))

    assert [each.state for each in deliveries(ledger)] == ["sent", "failed", "sent"]
    failed = deliveries(ledger)[1]
    assert failed.reason == "200 FIELD_CUSTOM_VALIDATION_EXCEPTION fields: Email, Title"
    assert peer.effects == {"contact:c1": 1, "contact:c3": 1}


def test_a_stage_moves_forward_only(ledger: ClockedDatabase) -> None:
    ready(ledger, change(action="set_stage", stage="lead"), people=2)
    with SalesforcePeer() as peer:
        early = peer.add({"Email": "person1@example.com", "Stage__c": "subscriber"})
        late = peer.add({"Email": "person2@example.com", "Stage__c": "customer"})
        run_until_quiet(ledger, opening(peer, ledger))

    assert [each.state for each in deliveries(ledger)] == ["sent", "held"]
    assert (early.values["Stage__c"], late.values["Stage__c"]) == ("lead", "customer")
    assert "move back" in deliveries(ledger)[1].reason


def test_a_day_that_is_used_up_lets_the_account_wait_and_burns_no_try(
    ledger: ClockedDatabase,
) -> None:
    ready(ledger, change())
    with SalesforcePeer() as peer:
        peer.usage = "api-usage=14900/15000"
        report = run(ledger, opening(peer, ledger))
        waiting = deliveries(ledger)
        peer.usage = "api-usage=12/15000"
        ledger.at += timedelta(minutes=30)
        run(ledger, opening(peer, ledger))
        still_waiting = counted(ledger)
        ledger.at += timedelta(minutes=31)
        run(ledger, opening(peer, ledger))

    assert report.errors
    assert {(each.state, each.attempts) for each in waiting} == {("pending", 0)}
    assert still_waiting == {"pending": 3}
    assert counted(ledger) == {"sent": 3}
