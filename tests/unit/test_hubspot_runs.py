"""Whole runs into a scripted HubSpot portal: lost answers, partial refusals, and everybody changed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aicmo.execution.reconciling import reconcile
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import LivePermit, OpenGateway
from aicmo.gateways.hubspot import HubspotGateway
from aicmo.gateways.hubspot_pace import Pace
from tests.contract.social_samples import Tokens
from tests.peers.http_exchange import Fault
from tests.peers.hubspot_peer import HubspotPeer
from tests.projects import approved, contact
from tests.unit.crm_ledger import CONFIG, counted, crm_ledger, deliveries, run, run_until_quiet
from tests.unit.crm_projects import IDENTITY, change, connect, import_crm
from tests.unit.doubtful_rows import ClockedDatabase

LOST, UNHEARD = Fault(applies=True, then="close"), Fault(then="reset")
FIELDS = [
    {"ours": "email", "theirs": "email", "type": "email", "conflict": "ours"},
    {"ours": "first_name", "theirs": "firstname", "conflict": "theirs"},
    {"ours": "goal", "theirs": "jobtitle", "conflict": "theirs"},
]
STAGES = {"property": "lifecyclestage", "order": ["subscriber", "lead", "customer"]}


@pytest.fixture
def ledger(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[ClockedDatabase]:
    with crm_ledger(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


def ready(ledger: ClockedDatabase, *items: dict[str, Any], people: int = 3) -> None:
    import_crm(
        ledger, *items, fields=FIELDS, stages=STAGES, tags="sport",
        contacts=[contact(each, attributes={"goal": f"Win {each}"}) for each in range(1, people + 1)],
    )  # fmt: skip
    connect(ledger)
    approved(ledger)


def portal(faults: dict[int | str, Fault] | None = None) -> HubspotPeer:
    return HubspotPeer(faults, identity=IDENTITY)


def opening(peer: HubspotPeer, ledger: ClockedDatabase) -> OpenGateway:
    account = ProviderAccount(IDENTITY, "Acme", api_url=peer.base_url)

    def open_gateway(permit: LivePermit) -> HubspotGateway:
        pace = Pace(wait=lambda _: None)
        return HubspotGateway(permit, account, Tokens(), clock=lambda: ledger.at, pace=pace)

    return open_gateway


@pytest.mark.parametrize(
    "faults", [{2: LOST}, {2: UNHEARD}, {1: LOST, 2: UNHEARD, 3: LOST, 4: LOST}]
)
def test_lost_answers_in_the_middle_leave_every_contact_added_once(
    ledger: ClockedDatabase, faults: dict[int | str, Fault]
) -> None:
    ready(ledger, change(), people=250)
    with portal(faults) as peer:
        run_until_quiet(ledger, opening(peer, ledger))

    assert counted(ledger) == {"sent": 250}
    assert len(peer.contacts) == 250
    assert set(peer.effects.values()) == {1}
    ids = {each.values["aicmo_contact_id"] for each in peer.contacts.values()}
    assert ids == {f"studio:c{number}" for number in range(1, 251)}
    assert not peer.misshapen


def test_contacts_that_are_there_are_changed_once_and_theirs_stays(ledger: ClockedDatabase) -> None:
    ready(ledger, change())
    with portal({1: LOST}) as peer:
        own = peer.add({"email": "person1@example.com", "firstname": "Own", "phone": "1"})
        moved = peer.add(
            {"email": "old@example.com", "aicmo_contact_id": "studio:c2", "jobtitle": "Own"}
        )
        run_until_quiet(ledger, opening(peer, ledger))

    assert counted(ledger) == {"sent": 3}
    assert (own.values["firstname"], own.values["jobtitle"]) == ("Own", "Win 1")
    assert (own.values["phone"], own.values["aicmo_contact_id"]) == ("1", "studio:c1")
    assert (moved.values["email"], moved.values["jobtitle"]) == ("person2@example.com", "Own")
    assert len(peer.contacts) == 3
    first = deliveries(ledger)[0]
    assert (first.staged["former"], first.provider_ref) == ({"jobtitle": ""}, own.id)
    assert first.permalink == f"https://app.hubspot.com/contacts/{IDENTITY}/record/0-1/{own.id}"


def test_each_note_stands_once_whatever_is_lost(ledger: ClockedDatabase) -> None:
    ready(ledger, change(action="log_activity", note="Met at the fair."), people=250)
    with portal({1: LOST, 2: UNHEARD, 3: LOST}) as peer:
        for number in range(1, 251):
            peer.add({"email": f"person{number}@example.com"})
        run_until_quiet(ledger, opening(peer, ledger))

    assert counted(ledger) == {"sent": 250}
    notes = peer.activities.values()
    assert Counter(each.contacts[0] for each in notes) == dict.fromkeys(peer.contacts, 1)
    tokens = {each.token for each in deliveries(ledger)}
    assert {each.values["aicmo_delivery_id"] for each in notes} == tokens
    assert not peer.misshapen


def test_one_bad_record_is_told_and_the_others_go(ledger: ClockedDatabase) -> None:
    ready(ledger, change())
    with portal() as peer:
        peer.refused = {"contact:c2"}
        run_until_quiet(ledger, opening(peer, ledger))

    assert [each.state for each in deliveries(ledger)] == ["sent", "failed", "sent"]
    assert deliveries(ledger)[1].reason == "207 VALIDATION_ERROR INVALID_OPTION jobtitle"
    assert peer.effects == {"contact:c1": 1, "contact:c3": 1}


def test_a_batch_that_is_refused_as_a_whole_goes_one_by_one_in_the_same_run(
    ledger: ClockedDatabase,
) -> None:
    ready(ledger, change())
    with portal({1: Fault(status=400)}) as peer:
        peer.refused = {"contact:c2"}
        run(ledger, opening(peer, ledger))

    assert [each.state for each in deliveries(ledger)] == ["sent", "failed", "sent"]
    assert len(peer.begun) == 4
    assert peer.effects == {"contact:c1": 1, "contact:c3": 1}


def test_two_of_ours_who_are_one_contact_there_are_changed_one_after_the_other(
    ledger: ClockedDatabase,
) -> None:
    """Their second address is another contact of ours; what the first has filled stays."""
    ready(ledger, change(), people=2)
    with portal() as peer:
        addresses = {"email": "other@example.com", "hs_additional_emails": "person2@example.com"}
        both = peer.add({"aicmo_contact_id": "studio:c1"} | addresses)
        run(ledger, opening(peer, ledger))

    assert len(peer.contacts) == 1
    assert both.values["jobtitle"] == "Win 1"
    assert both.values["aicmo_contact_id"] == "studio:c1"
    assert not peer.misshapen


def test_a_stage_moves_forward_only(ledger: ClockedDatabase) -> None:
    ready(ledger, change(action="set_stage", stage="lead"), people=2)
    with portal() as peer:
        early = peer.add({"email": "person1@example.com", "lifecyclestage": "subscriber"})
        late = peer.add({"email": "person2@example.com", "lifecyclestage": "customer"})
        run_until_quiet(ledger, opening(peer, ledger))

    assert [each.state for each in deliveries(ledger)] == ["sent", "held"]
    assert early.values["lifecyclestage"] == "lead"
    assert late.values["lifecyclestage"] == "customer"
    assert "move back" in deliveries(ledger)[1].reason


def test_a_stage_that_the_item_moves_back_gets_there_in_one_run(ledger: ClockedDatabase) -> None:
    ready(
        ledger, change(action="set_stage", stage="lead", back_because="signed by mistake"), people=2
    )
    with portal({2: LOST}) as peer:
        peer.stages_go_forward = True
        late = peer.add({"email": "person1@example.com", "lifecyclestage": "customer"})
        early = peer.add({"email": "person2@example.com", "lifecyclestage": "subscriber"})
        run(ledger, opening(peer, ledger))

    assert [each.state for each in deliveries(ledger)] == ["sent", "sent"]
    assert [each.values["lifecyclestage"] for each in (late, early)] == ["lead", "lead"]
    first = deliveries(ledger)[0]
    assert first.staged["former"] == {"lifecyclestage": "customer"}
    assert first.staged["ours"] == {"lifecyclestage": "lead"}


def test_what_a_stage_was_before_it_was_emptied_is_kept_whatever_becomes_of_the_second_request(
    ledger: ClockedDatabase,
) -> None:
    ready(ledger, change(action="set_stage", stage="lead", back_because="by mistake"), people=1)
    with portal({2: Fault(status=429)}) as peer:
        peer.stages_go_forward = True
        late = peer.add({"email": "person1@example.com", "lifecyclestage": "customer"})
        run_until_quiet(ledger, opening(peer, ledger))

    assert late.values["lifecyclestage"] == "lead"
    (only,) = deliveries(ledger)
    assert (only.state, only.staged["former"]) == ("sent", {"lifecyclestage": "customer"})


def test_a_list_is_looked_up_again_by_a_try_before_which_nothing_was_sent(
    ledger: ClockedDatabase,
) -> None:
    """Its number may be another list's by then, as in another portal."""
    ready(ledger, change(action="add_to_list", list_name="Guests"), people=1)
    with portal({1: Fault(status=429)}) as peer:
        peer.add({"email": "person1@example.com"})
        other = peer.add_list("Guests")
        run(ledger, opening(peer, ledger))
        other.name = "Complaints"
        guests = peer.add_list("Guests")
        ledger.at += timedelta(hours=1)
        run_until_quiet(ledger, opening(peer, ledger))

    assert counted(ledger) == {"sent": 1}
    assert (len(guests.members), len(other.members)) == (1, 0)


def test_a_daily_limit_lets_the_account_wait_until_midnight_and_burns_no_try(
    ledger: ClockedDatabase,
) -> None:
    ready(ledger, change())
    limit = Fault(status=429, content={"policyName": "DAILY"}, headers={"Retry-After": "7200"})
    with portal({1: limit}) as peer:
        opened = opening(peer, ledger)
        report = run(ledger, opened)
        waiting = deliveries(ledger)
        ledger.at += timedelta(minutes=110)
        run(ledger, opened)
        still_waiting = counted(ledger)
        ledger.at += timedelta(minutes=11)
        run(ledger, opened)

    assert report.errors
    assert {each.state for each in waiting} == {"pending"}
    assert still_waiting == {"pending": 3}
    assert counted(ledger) == {"sent": 3}
    assert peer.effects == {f"contact:c{number}": 1 for number in (1, 2, 3)}


def test_what_is_refused_and_there_all_the_same_is_found_by_asking(ledger: ClockedDatabase) -> None:
    """The answer to a note is lost, and the repeat is staged before HubSpot shows it."""
    ready(ledger, change(action="log_activity", note="Met at the fair."), people=1)
    with portal({1: LOST}) as peer:
        peer.add({"email": "person1@example.com"})
        opened = opening(peer, ledger)
        peer.hides_activities = True
        run(ledger, opened)
        peer.hides_activities = False
        ledger.at += timedelta(minutes=10)
        closed = reconcile(ledger, "studio", CONFIG, lambda _: opened, by="tester")

    (sent,) = deliveries(ledger)
    assert (sent.state, closed.present, len(peer.activities)) == ("sent", 1, 1)


def test_another_portal_gets_nothing(ledger: ClockedDatabase) -> None:
    ready(ledger, change())
    with HubspotPeer(identity="1234") as peer:
        report = run(ledger, opening(peer, ledger))

    assert report.errors
    assert (peer.effects.total(), counted(ledger)) == (0, {"pending": 3})
