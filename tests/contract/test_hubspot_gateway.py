"""Shows that a client's contacts in HubSpot are changed once, as judged, and nothing else of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from aicmo.crm.change import Change, WantedField
from aicmo.crm.record import Match, Record
from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.contract import Found, LivePermit, Outcome, OutcomeKind, Scope
from aicmo.gateways.crm_gateway import SO_ALREADY
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.hubspot import HubspotGateway
from aicmo.gateways.hubspot_pace import Pace
from tests.contract.crm_contract import CrmContract
from tests.contract.crm_samples import LATELY, as_kept
from tests.contract.gateway_contract import NOT_SENT, SENT, UNKNOWN, always, permit
from tests.contract.mail_api_contract import ACCOUNT, FOR_GOOD, FOR_NOW
from tests.contract.social_samples import NOW, Tokens
from tests.peers.crm_peer import CrmPeer
from tests.peers.http_exchange import Fault, Request
from tests.peers.hubspot_peer import HubspotPeer


class TestHubspotGateway(CrmContract):
    provider = "hubspot"
    peer_type = HubspotPeer
    names: ClassVar[Mapping[str, str]] = {
        "email": "email", "name": "firstname", "job": "jobtitle", "stage": "lifecyclestage",
        "tags": "sport", "score": "score",
    }  # fmt: skip
    reading = "read"

    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> HubspotGateway:
        pace = Pace(wait=lambda _: None)
        return HubspotGateway(permit, account, tokens, times=times, clock=clock, pace=pace)

    def sent(self, peer: CrmPeer, change: Any, number: int = 1) -> Outcome:
        """A stage that moves back takes a second try."""
        outcome = super().sent(peer, change, number)
        is_emptied = outcome.kind is FOR_NOW and "empty" in outcome.detail
        return super().sent(peer, change, number) if is_emptied else outcome


CONTRACT = TestHubspotGateway()


def gateway(peer: HubspotPeer, **changes: Any) -> HubspotGateway:
    opened = CONTRACT.gateway(permit("crm"), peer, **changes)
    assert isinstance(opened, HubspotGateway)
    return opened


def last_body(peer: HubspotPeer) -> Any:
    return json.loads([each for each in peer.seen if each.method != "GET"][-1].body)


def refused(peer: HubspotPeer, change: Change) -> str:
    objection = CONTRACT.objection(peer, CONTRACT.outgoing_of(change))
    assert (objection.kind, objection.scope) == (FOR_GOOD, Scope.DELIVERY)
    return objection.detail


# Requests


def test_who_is_added_is_named_by_our_id_and_the_deliverys_token() -> None:
    outgoing = CONTRACT.outgoing(1)
    with HubspotPeer() as peer:
        CONTRACT.send(peer, outgoing)

    assert last_body(peer) == {
        "inputs": [
            {
                "idProperty": "aicmo_contact_id",
                "id": "acme:c1",
                "properties": {
                    "email": "c1@client.test", "firstname": "Größe",
                    "jobtitle": "Café <owner> & 1", "aicmo_contact_id": "acme:c1",
                },
                "objectWriteTraceId": outgoing.token,
            }
        ]
    }  # fmt: skip


def test_a_hundred_contacts_go_in_a_request_and_are_read_in_two() -> None:
    batch = [CONTRACT.outgoing(number) for number in range(1, 251)]
    with HubspotPeer() as peer:
        sent = CONTRACT.send_all(peer, batch)
        reads = [path for path in peer.paths() if path.endswith("objects/contacts/batch/read")]

    assert {each.kind for each in sent.values()} == {SENT}
    assert [len(json.loads(each.body)["inputs"]) for each in _writes(peer)] == [100, 100, 50]
    assert len(reads) == 6, "by our id, then by the address"
    assert set(peer.effects.values()) == {1}
    assert len(peer.effects) == 250
    assert peer.misshapen == []


def _writes(peer: HubspotPeer) -> list[Request]:
    return [each for each in peer.seen if each.path.endswith(("upsert", "update", "create"))]


def test_when_a_property_was_changed_is_asked_for_fifty_at_a_time() -> None:
    fields = (CONTRACT.field("job", "Owner", conflict="newer", since=LATELY),)
    changes = [CONTRACT.change(number, fields=fields) for number in range(1, 121)]
    with HubspotPeer() as peer:
        for number in range(1, 121):
            CONTRACT.there(peer, number, our_id=f"acme:c{number}", job="Chef")
        batch = [CONTRACT.outgoing_of(each, n) for n, each in enumerate(changes, 1)]
        sent = CONTRACT.send_all(peer, batch)

    assert {each.kind for each in sent.values()} == {SENT}
    assert {each.values["jobtitle"] for each in peer.contacts.values()} == {"Owner"}
    assert peer.misshapen == []


def test_a_request_that_is_refused_as_a_whole_is_taken_apart() -> None:
    """HubspotPeer may refuse all of a batch for one record; the others aren't to suffer."""
    batch = [CONTRACT.outgoing(number) for number in (1, 2, 3)]
    with HubspotPeer({1: Fault(status=400)}) as peer, gateway(peer) as opened:
        staged = opened.stage_batch(batch)
        ready = [as_kept(each, staged[each.delivery_id]) for each in batch]
        first = [outcome for _, outcome in opened.send_batch(ready, always)]
        peer.refused = {"contact:c2"}
        second = {each.delivery_id: told for each, told in opened.send_batch(ready, always)}

    assert {(each.kind, each.scope) for each in first} == {(NOT_SENT, Scope.BATCH)}
    assert [second[number].kind for number in (1, 2, 3)] == [SENT, FOR_GOOD, SENT]
    assert len(peer.begun) == 4


# Answers


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"category": "VALIDATION_ERROR"}, FOR_GOOD),
        ({"category": "CONFLICT"}, FOR_NOW),
        ({"category": "RATE_LIMITS"}, FOR_NOW),
        ({"category": "INTERNAL_ERROR"}, UNKNOWN),
        ({"category": "c1@client.test"}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_an_error_of_a_record_is_what_we_know_of_it_and_else_a_doubt(
    error: dict[str, Any], kind: OutcomeKind
) -> None:
    outgoing = CONTRACT.outgoing(1)
    told = {
        "context": {"objectWriteTraceId": [outgoing.token]},
        "message": "c1@client.test",
        **error,
    }
    answer = Fault(status=207, content={"status": "COMPLETE", "results": [], "errors": [told]})
    with HubspotPeer({1: answer}) as peer:
        outcome = CONTRACT.send(peer, outgoing)

    assert outcome.kind is kind
    assert "@" not in repr(outcome)


def test_an_error_that_names_no_record_leaves_those_unnamed_in_doubt() -> None:
    error = {"category": "VALIDATION_ERROR", "context": {}}
    answer = Fault(status=207, content={"results": [], "errors": [error]})
    with HubspotPeer({1: answer}) as peer:
        sent = CONTRACT.send_all(peer, [CONTRACT.outgoing(number) for number in (1, 2)])

    assert {each.kind for each in sent.values()} == {UNKNOWN}


def test_a_result_without_its_trace_is_paired_by_the_records_id() -> None:
    with HubspotPeer() as peer:
        contact = CONTRACT.there(peer, 1, our_id="acme:c1")
        result = {"id": contact.id, "properties": {"jobtitle": "Café <owner> & 1"}}
        peer.faults[1] = Fault(applies=True, content={"results": [result]})
        outcome = CONTRACT.send(peer, CONTRACT.outgoing(1))

    assert (outcome.kind, outcome.ref) == (SENT, contact.id)


@pytest.mark.parametrize("category", ["VALIDATION_ERROR", "INTERNAL_ERROR", None])
def test_a_read_that_fails_for_some_does_not_say_that_they_are_absent(category: str | None) -> None:
    """Else a contact who is there would be added a second time."""
    error = {"category": category, "context": {"ids": ["acme:c1"]}}
    with HubspotPeer() as peer:
        CONTRACT.there(peer, 1, our_id="acme:c1")
        answer = Fault(status=207, content={"results": [], "errors": [error]})
        peer.other_faults["read"] = [answer]
        objection = CONTRACT.objection(peer, CONTRACT.outgoing(1))
        lost = CONTRACT.lost(peer, CONTRACT.change(1), applies=False)
        peer.other_faults["read"] = [answer]
        told = CONTRACT.told(peer, lost)

    assert objection.kind is NOT_SENT
    assert told is Found.CANNOT_TELL


def test_a_value_that_hubspot_leaves_as_it_was_is_not_reported_as_sent() -> None:
    with HubspotPeer() as peer:
        peer.stages_go_forward = True
        contact = CONTRACT.there(peer, 1, our_id="acme:c1", stage="customer", job="Chef")
        stage = WantedField(name="lifecyclestage", value="lead", type="choice", conflict="ours")
        alone = CONTRACT.send(peer, CONTRACT.outgoing_of(CONTRACT.change(1, fields=(stage,))))
        with_job = CONTRACT.change(1, fields=(stage, CONTRACT.field("job", "Owner")))
        partly = CONTRACT.send(peer, CONTRACT.outgoing_of(with_job))

    assert (alone.kind, alone.detail) == (FOR_GOOD, "HubSpot kept its own lifecyclestage")
    assert (partly.kind, partly.detail) == (SENT, "HubSpot kept its own lifecyclestage")
    assert contact.values["lifecyclestage"] == "customer"
    assert contact.values["jobtitle"] == "Owner"


def test_a_stage_that_moves_back_is_emptied_and_then_set() -> None:
    back = CONTRACT.outgoing_of(CONTRACT.stage_change(1, "lead", "signed by mistake"))
    with HubspotPeer() as peer, gateway(peer) as opened:
        peer.stages_go_forward = True
        contact = CONTRACT.there(peer, 1, our_id="acme:c1", stage="customer")
        first = CONTRACT.ready(peer, opened, back)
        emptied = opened.send(first, always)
        between = (contact.values["lifecyclestage"], CONTRACT.told(peer, first))
        second = CONTRACT.ready(peer, opened, first)
        outcome = opened.send(second, always)
        again = CONTRACT.ready(peer, opened, second)

    assert (emptied.kind, emptied.scope, outcome.kind) == (FOR_NOW, Scope.DELIVERY, SENT)
    assert between == ("", Found.ABSENT)
    assert contact.values["lifecyclestage"] == "lead"
    assert second.staged["former"] == again.staged["former"] == {"lifecyclestage": "customer"}


def test_who_was_added_by_a_person_meanwhile_is_read_anew_and_not_added_again() -> None:
    with HubspotPeer() as peer, gateway(peer) as opened:
        ready = CONTRACT.ready(peer, opened, CONTRACT.outgoing(1))
        contact = CONTRACT.there(peer, 1, job="Chef")
        early = opened.send(ready, always)
        outcome = opened.send(CONTRACT.ready(peer, opened, ready), always)

    assert (early.kind, outcome.kind, outcome.ref) == (FOR_NOW, SENT, contact.id)
    assert len(peer.contacts) == 1
    assert contact.values["aicmo_contact_id"] == "acme:c1"


# Whom and what it reads


def test_who_has_the_address_as_a_second_one_is_the_same_contact() -> None:
    with HubspotPeer() as peer:
        contact = peer.add(
            {"email": "old@client.test", "hs_additional_emails": "x@y.test;C1@client.test"}
        )
        fields = (CONTRACT.field("job", "Owner"),)
        outcome = CONTRACT.send(peer, CONTRACT.outgoing_of(CONTRACT.change(1, fields=fields)))

    assert (outcome.kind, outcome.ref, len(peer.contacts)) == (SENT, contact.id, 1)


@pytest.mark.parametrize(
    ("name", "theirs", "read"),
    [
        ("since", "1772409600000", "2026-03-02"),
        ("since", "2026-03-02", "2026-03-02"),
        ("last_visit", "2026-03-02T07:30:00.000Z", "2026-03-02T07:30:00+00:00"),
        ("last_visit", "1772436600000", "2026-03-02T07:30:00+00:00"),
        ("score", "12.50", "12.5"),
        ("vip", "true", "true"),
        ("sport", "judo;golf", "golf;judo"),
        ("jobtitle", "1772409600000", "1772409600000"),
        ("since", "soon", "soon"),
    ],
)
def test_values_are_read_in_our_words(name: str, theirs: str, read: str) -> None:
    with HubspotPeer() as peer, gateway(peer) as opened:
        peer.add({"email": "c1@client.test", name: theirs})
        (found,) = opened.find([Match("acme:c1", "c1@client.test")], {name})

    assert isinstance(found, Record)
    assert found.values == {name: read}


def test_a_time_is_written_in_hubspots_words_and_not_twice() -> None:
    moment = "2026-03-02T07:30:00+00:00"
    field = WantedField(name="last_visit", value=moment, type="datetime", conflict="ours")
    with HubspotPeer() as peer:
        contact = CONTRACT.there(peer, 1)
        change = CONTRACT.change(1, "set_properties", fields=(field,))
        outcomes = [CONTRACT.send(peer, CONTRACT.outgoing_of(change)) for _ in range(2)]

    assert contact.values["last_visit"] == "2026-03-02T07:30:00Z"
    assert [each.detail for each in outcomes] == ["", SO_ALREADY]


def test_who_changed_a_property_is_said_in_words() -> None:
    with HubspotPeer() as peer, gateway(peer) as opened:
        contact = CONTRACT.there(peer, 1, our_id="acme:c1")
        peer.edit(contact, {"jobtitle": "Chef"}, at=LATELY)
        peer.change(contact, {"firstname": "Größe"})
        names = {"jobtitle", "firstname", "phone"}
        (found,) = opened.find([Match("acme:c1", "c1@client.test")], names)

    assert isinstance(found, Record)
    assert (found.who("jobtitle"), found.when("jobtitle")) == ("a person (user 5)", LATELY)
    assert found.who("firstname") == "an app, AICMO"
    assert (found.who("phone"), found.when("phone")) == ("", None)
    assert found.link == f"https://app.hubspot.com/contacts/1001/record/0-1/{contact.id}"


def test_a_property_that_hubspot_does_not_have_or_lets_nobody_write_is_not_sent() -> None:
    unknown = WantedField(name="shoe_size", value="44", conflict="ours")
    fixed = WantedField(name="hs_email_optout", value="true", type="boolean", conflict="ours")
    with HubspotPeer() as peer:
        CONTRACT.there(peer, 1)
        details = [
            refused(peer, CONTRACT.change(1, "set_properties", fields=(each,)))
            for each in (unknown, fixed)
        ]

    assert "shoe_size" in details[0]
    assert "hs_email_optout" in details[1]


def test_without_a_unique_property_for_our_id_nothing_is_sent() -> None:
    with HubspotPeer() as peer:
        peer.properties["contacts"]["aicmo_contact_id"]["hasUniqueValue"] = False
        shared = refused(peer, CONTRACT.change(1))
        del peer.properties["contacts"]["aicmo_contact_id"]
        missing = refused(peer, CONTRACT.change(1))

    assert shared == missing
    assert "`aicmo crm doctor --create`" in missing


def test_before_the_property_is_made_contacts_can_be_previewed_by_their_addresses() -> None:
    with HubspotPeer() as peer, gateway(peer) as opened:
        del peer.properties["contacts"]["aicmo_contact_id"]
        contact = CONTRACT.there(peer, 1, job="Chef")
        (found,) = opened.find([Match("acme:c1", "c1@client.test")], {"jobtitle"})

    assert isinstance(found, Record)
    assert (found.id, found.contact_id) == (contact.id, "")


# The timeline and lists


def test_an_email_is_noted_as_one_and_its_text_is_no_markup() -> None:
    with HubspotPeer() as peer:
        CONTRACT.there(peer, 1)
        outgoing = CONTRACT.outgoing_of(CONTRACT.activity_change(kind="email"))
        CONTRACT.send(peer, outgoing)
        (made,) = peer.activities.values()

    assert made.kind == "emails"
    assert made.values == {
        "hs_timestamp": "2026-11-20T09:30:00Z", "hs_email_direction": "EMAIL",
        "hs_email_status": "SENT", "hs_email_subject": "Spring <offer>",
        "hs_email_html": "<p>First line<br>Second &amp; last</p>",
        "aicmo_delivery_id": outgoing.token,
    }  # fmt: skip


def test_an_email_is_a_note_where_emails_can_not_keep_our_id() -> None:
    def without_property(peer: HubspotPeer) -> None:
        del peer.properties["emails"]["aicmo_delivery_id"]

    def without_permission(peer: HubspotPeer) -> None:
        peer.other_faults["read_properties"] = [None, Fault(status=403)]

    for arrange in (without_property, without_permission):
        with HubspotPeer() as peer:
            arrange(peer)
            CONTRACT.there(peer, 1)
            outcome = CONTRACT.send(
                peer, CONTRACT.outgoing_of(CONTRACT.activity_change(kind="email"))
            )
            (made,) = peer.activities.values()

        assert (outcome.kind, made.kind) == (SENT, "notes")
        assert made.values["hs_note_body"].startswith(
            "<p><strong>Spring &lt;offer&gt;</strong></p>"
        )


def test_without_a_unique_property_for_the_delivery_nothing_is_noted() -> None:
    with HubspotPeer() as peer:
        CONTRACT.there(peer, 1)
        peer.properties["notes"]["aicmo_delivery_id"]["hasUniqueValue"] = False
        detail = refused(peer, CONTRACT.activity_change())

    assert "aicmo_delivery_id of notes" in detail


def test_a_note_longer_than_hubspot_takes_is_refused_before_it_is_sent() -> None:
    with HubspotPeer() as peer:
        CONTRACT.there(peer, 1)
        detail = refused(peer, CONTRACT.activity_change(body="&" * 14_000))

    assert "65,536" in detail


def test_a_note_that_arrived_after_all_is_named_and_not_made_again() -> None:
    with HubspotPeer() as peer:
        contact = CONTRACT.there(peer, 1)
        lost = CONTRACT.lost(peer, CONTRACT.activity_change())
        outcome = CONTRACT.send(peer, lost)
        (made,) = peer.activities

    assert (outcome.kind, outcome.ref, len(peer.begun)) == (SENT, made, 1)
    assert outcome.permalink.endswith(f"/record/0-1/{contact.id}")


def test_a_repeat_that_overtakes_the_first_request_makes_no_second_note() -> None:
    """Staged before the first one arrived: HubSpot refuses its token, and the doubt is asked about."""
    with HubspotPeer() as peer, gateway(peer) as opened:
        CONTRACT.there(peer, 1)
        ready = CONTRACT.ready(peer, opened, CONTRACT.outgoing_of(CONTRACT.activity_change()))
        peer.faults[1] = Fault(applies=True, then="close")
        kinds = [opened.send(ready, always).kind for _ in range(2)]
        reading = CONTRACT.ask(peer, ready)

    assert kinds == [UNKNOWN, FOR_GOOD]
    assert (reading.found, reading.ref) == (Found.PRESENT, *peer.activities)


def test_a_list_that_hubspot_fills_itself_is_left_alone() -> None:
    with HubspotPeer() as peer:
        CONTRACT.there(peer, 1)
        peer.add_list("Spring guests", is_manual=False)
        detail = refused(peer, CONTRACT.list_change())

    assert "static" in detail


def test_a_contact_who_went_meanwhile_joins_no_list() -> None:
    with HubspotPeer() as peer, gateway(peer) as opened:
        contact = CONTRACT.there(peer, 1)
        peer.add_list("Spring guests")
        ready = CONTRACT.ready(peer, opened, CONTRACT.outgoing_of(CONTRACT.list_change()))
        del peer.contacts[contact.id]
        outcome = opened.send(ready, always)

    assert (outcome.kind, outcome.detail) == (FOR_GOOD, "the contact is no longer there")


# The account and its limits


def test_the_profile_says_where_the_portal_is_and_what_the_log_in_may() -> None:
    with HubspotPeer(token="pat-eu1-7") as peer:
        peer.headers = {
            "X-HubSpot-RateLimit-Daily": "650000",
            "X-HubSpot-RateLimit-Daily-Remaining": "649000",
        }
        with gateway(peer, tokens=Tokens("pat-eu1-7")) as opened:
            profile = opened.profile()
        linked = gateway(peer, tokens=Tokens("pat-eu1-7"), profile=profile.facts)
        contact = CONTRACT.there(peer, 1)
        (found,) = linked.find([Match("acme:c1", "c1@client.test")], {"jobtitle"})

    assert profile.facts == {
        "permalink": "https://app-eu1.hubspot.com/contacts/1001",
        "ui_domain": "app-eu1.hubspot.com", "time_zone": "Europe/London",
    }  # fmt: skip
    assert set(profile.scopes) == peer.scopes
    assert (profile.quota_used, profile.quota_total) == (1_000, 650_000)
    assert isinstance(found, Record)
    assert found.link == f"https://app-eu1.hubspot.com/contacts/1001/record/0-1/{contact.id}"


def test_the_token_of_an_oauth_log_in_is_told_to_nobody() -> None:
    with (
        HubspotPeer() as peer,
        gateway(peer, tokens=Tokens(scopes="oauth crm.lists.read")) as opened,
    ):
        profile = opened.profile()

    assert profile.scopes == ("oauth", "crm.lists.read")
    assert peer.paths() == ["/account-info/v3/details"]


@pytest.mark.parametrize(
    ("said", "headers", "zone", "until"),
    [
        ({"policyName": "DAILY"}, {}, "America/New_York", datetime(2026, 11, 23, 5, tzinfo=UTC)),
        (
            {"policyName": "DAILY"},
            {"Retry-After": "60"},
            "Asia/Tokyo",
            datetime(2026, 11, 22, 15, tzinfo=UTC),
        ),
        ({"policyName": "DAILY"}, {}, "Nowhere/Land", NOW + timedelta(seconds=10)),
        ({"policyName": "TEN_SECONDLY_ROLLING"}, {}, "UTC", NOW + timedelta(seconds=10)),
        ({"policyName": "SECONDLY"}, {"Retry-After": "3"}, "UTC", NOW + timedelta(seconds=3)),
        ({}, {}, "UTC", NOW + timedelta(seconds=10)),
    ],
)
def test_a_limit_ends_when_hubspot_says_or_at_the_portals_midnight(
    said: dict[str, Any], headers: dict[str, str], zone: str, until: datetime
) -> None:
    fault = Fault(status=429, headers=headers, content={"errorType": "RATE_LIMIT", **said})
    with HubspotPeer({1: fault}) as peer:
        opened = gateway(peer, clock=lambda: NOW, profile={"time_zone": zone})
        with opened:
            outcome = opened.send(CONTRACT.ready(peer, opened, CONTRACT.outgoing()), always)

    assert (outcome.kind, outcome.scope, outcome.not_before) == (FOR_NOW, Scope.RUN, until)


@pytest.mark.parametrize("status", [423, 477])
def test_a_portal_that_is_locked_or_moving_is_waited_for(status: int) -> None:
    with HubspotPeer({1: Fault(status=status, headers={"Retry-After": "90"})}) as peer:
        opened = gateway(peer, clock=lambda: NOW)
        with opened:
            outcome = opened.send(CONTRACT.ready(peer, opened, CONTRACT.outgoing()), always)

    assert (outcome.kind, outcome.scope) == (FOR_NOW, Scope.RUN)
    assert outcome.not_before == NOW + timedelta(seconds=90)


def test_a_missing_permission_stops_the_account_and_is_named() -> None:
    with HubspotPeer() as peer:
        peer.scopes -= {"crm.objects.contacts.write"}
        outcome = CONTRACT.send(peer, CONTRACT.outgoing())

    assert (outcome.kind, outcome.code) == (ACCOUNT, "403 MISSING_SCOPES")


def test_requests_keep_to_the_pace_that_hubspot_tells() -> None:
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(lambda: now[0], wait)
    for _ in range(95):
        pace.before_request()
    assert now[0] == 0
    pace.before_request()
    assert now[0] == 10
    pace.after_answer(
        {"x-hubspot-ratelimit-max": "190", "x-hubspot-ratelimit-interval-milliseconds": "10000"}
    )
    for _ in range(179):
        pace.before_request()
    assert now[0] == 10
    pace.after_answer({"x-hubspot-ratelimit-remaining": "0"})
    pace.before_request()
    assert now[0] == 20


# The doctor's part


def test_the_unique_properties_are_made_once_for_contacts_notes_and_emails() -> None:
    with HubspotPeer() as peer, gateway(peer) as opened:
        for of in peer.properties.values():
            of.pop("aicmo_contact_id", None)
            of.pop("aicmo_delivery_id", None)
        for _ in range(2):
            opened.create_unique("aicmo_contact_id", of_activities=False)
            opened.create_unique("aicmo_delivery_id", of_activities=True)
        schema = opened.read_schema()
        made = [path for path in peer.paths("POST") if "/properties/" in path]

    assert made == [f"/crm/v3/properties/{each}" for each in ("contacts", "notes", "emails")]
    assert schema.contacts["aicmo_contact_id"].unique
    assert schema.activities["aicmo_delivery_id"].unique
    assert peer.misshapen == []


def test_the_schema_has_the_lists_that_can_be_added_to_and_survives_a_large_portal() -> None:
    with HubspotPeer() as peer, gateway(peer) as opened:
        guests = peer.add_list("Spring guests")
        peer.add_list("Everybody", is_manual=False)
        for number in range(3_000):
            peer.properties["contacts"][f"p{number}"] = peer.properties["contacts"]["jobtitle"] | {
                "name": f"p{number}", "description": "x" * 300,
            }  # fmt: skip
        schema = opened.read_schema()

    assert schema.lists == {guests.id: "Spring guests"}
    assert len(schema.contacts) > 3_000
    assert schema.contacts["sport"].type == "choices"
    assert [each.value for each in schema.contacts["sport"].choices] == ["golf", "judo", "chess"]
    assert not schema.contacts["hs_email_optout"].writable
    assert schema.contacts["since"].type == "date"


def test_a_log_in_that_may_see_neither_emails_nor_lists_is_enough_for_the_doctor() -> None:
    forbidden = Fault(status=403, content={"category": "MISSING_SCOPES"})
    with HubspotPeer() as peer, gateway(peer) as opened:
        del peer.properties["notes"]["aicmo_delivery_id"]
        peer.other_faults["list_properties"] = [None, forbidden]
        opened.create_unique("aicmo_delivery_id", of_activities=True)
        peer.other_faults["list_properties"] = [None, None, forbidden]
        peer.other_faults["search_lists"] = [forbidden]
        schema = opened.read_schema()

    assert schema.activities["aicmo_delivery_id"].unique
    assert schema.lists == {}


def test_an_opt_out_may_be_kept_in_a_property_of_the_clients_own() -> None:
    with HubspotPeer() as peer, gateway(peer) as opened:
        contact = CONTRACT.there(peer, 1)
        (found,) = opened.find([Match("acme:c1", "c1@client.test")], {"vip"})
        assert isinstance(found, Record)
        (outcome,) = opened.opt_out([found], "vip")

    assert (outcome.kind, contact.values["vip"], peer.out) == (SENT, "true", set())


def test_all_times_fit_into_the_bound() -> None:
    timing = HubspotGateway.timing
    assert HttpTimes().whole < timing.request_bound
    assert timing.quiet >= 2 * timing.request_bound
