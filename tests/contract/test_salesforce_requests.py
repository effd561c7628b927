"""Shows what Salesforce is asked and sent: every value as its field's type, no address in a URL."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aicmo.crm.change import WantedField
from aicmo.crm.record import Match, Record, Several
from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import ProviderAccount, Refused
from aicmo.gateways.contract import Found, Outgoing, Question, Reading
from aicmo.gateways.crm_gateway import Update
from aicmo.gateways.registry import open_crm_gateway
from aicmo.gateways.salesforce import SalesforceGateway
from aicmo.plans.crm import FieldType
from tests.contract.crm_samples import LONG_AGO, LOST
from tests.contract.gateway_contract import SENT, UNKNOWN, always, permit
from tests.contract.mail_api_contract import ACCOUNT, FOR_GOOD, PATIENT
from tests.contract.salesforce_samples import ORG, SERVER, written
from tests.contract.social_samples import NOW, Tokens
from tests.peers.crm_peer import Kept
from tests.peers.salesforce_fields import CONTACT_ID, DELIVERY_ID
from tests.peers.salesforce_peer import SalesforcePeer


def opened(peer: SalesforcePeer) -> SalesforceGateway:
    gateway = ORG.gateway(permit("crm"), peer, times=PATIENT)
    assert isinstance(gateway, SalesforceGateway)
    return gateway


def matches(*numbers: int) -> list[Match]:
    return [Match(f"acme:c{each}", f"c{each}@client.test", CONTACT_ID) for each in numbers]


def there(peer: SalesforcePeer, **values: str) -> Kept:
    return peer.add({"LastName": "Ng", **values}, at=LONG_AGO.timestamp())


# What is sent


def test_a_new_contact_is_added_by_our_id() -> None:
    with SalesforcePeer() as peer:
        ORG.send(peer, ORG.outgoing())

    fields = {"Email": "c1@client.test", "LastName": "Größe", "Title": "Café <owner> & 1"}
    record = {"attributes": {"type": "Contact"}, **fields, CONTACT_ID: "acme:c1"}
    assert written(peer) == [("PATCH", f"/composite/sobjects/Contact/{CONTACT_ID}", [record])]


def test_a_contact_that_is_there_is_changed_by_its_own_id_and_gets_ours() -> None:
    with SalesforcePeer() as peer:
        contact = ORG.there(peer, name="Größe")
        ORG.send(peer, ORG.outgoing())

    record = {"Id": contact.id, "Title": "Café <owner> & 1", CONTACT_ID: "acme:c1"}
    ((method, path, records),) = written(peer)
    assert (method, path) == ("PATCH", "/composite/sobjects")
    assert records == [{"attributes": {"type": "Contact"}, **record}]


def test_another_project_s_id_stays() -> None:
    with SalesforcePeer() as peer:
        contact = ORG.there(peer, our_id="other:x7")
        outcome = ORG.send(peer, ORG.outgoing())

    assert (outcome.kind, contact.values[CONTACT_ID]) == (SENT, "other:x7")
    assert len(peer.contacts) == 1


@pytest.mark.parametrize(
    ("name", "kind", "value", "told"),
    [
        ("HasOptedOutOfEmail", "boolean", "true", True),
        ("Score__c", "number", "12.5", 12.5),
        ("Score__c", "number", "4711", 4711),
        ("Birthdate", "date", "1990-02-28", "1990-02-28"),
        ("Met_At__c", "datetime", "2026-11-02T06:30:00+00:00", "2026-11-02T06:30:00.000Z"),
        ("Topics__c", "choices", "chess;golf", "chess;golf"),
        ("Phone", "phone", "+44 20 7946 0000", "+44 20 7946 0000"),
    ],
)
def test_a_value_is_sent_and_read_as_its_field_s_type(
    name: str, kind: FieldType, value: str, told: Any
) -> None:
    field = WantedField(name=name, value=value, type=kind, conflict="ours")
    change = ORG.change(action="set_properties", fields=(field,))
    with SalesforcePeer() as peer:
        contact = ORG.there(peer, our_id="acme:c1")
        assert ORG.send(peer, ORG.outgoing_of(change)).kind is SENT
        with opened(peer) as gateway:
            (found,) = gateway.find(matches(1), [name])
            again = gateway.stage(ORG.outgoing_of(change))

    ((_, _, (record,)),) = written(peer)
    assert (record[name], type(record[name])) == (told, type(told))
    assert isinstance(found, Record)
    assert (found.id, found.values[name]) == (contact.id, value)
    assert again.values["write"] == {}, "what Salesforce has already isn't sent again"


def test_a_value_that_its_field_does_not_take_holds_its_own_contact_alone() -> None:
    """The project takes a number for a text: to send it would be refused with all the others."""
    drafts = [
        ORG.outgoing_of(ORG.change(number, fields=(ORG.field("score", value),)), number)
        for number, value in ((1, "many"), (2, "+1e3"))
    ]
    with SalesforcePeer() as peer, opened(peer) as gateway:
        for number in (1, 2):
            ORG.there(peer, number, our_id=f"acme:c{number}")
        staged = gateway.stage_batch(drafts)
        armed = dataclasses.replace(drafts[1], staged=staged[2].values)
        outcome = gateway.send(armed, always)

    assert staged[1].objection is not None
    assert staged[1].objection.detail == "Score__c is no number like 1250.5"
    assert (staged[2].objection, outcome.kind) == (None, SENT)
    assert written(peer)[0][2][0]["Score__c"] == 1000


def test_a_field_that_may_not_be_written_holds_the_contact() -> None:
    field = WantedField(name="Name", value="Ada", conflict="ours")
    with SalesforcePeer() as peer:
        ORG.there(peer, our_id="acme:c1")
        objection = ORG.objection(peer, ORG.outgoing_of(ORG.change(fields=(field,))))

    assert (objection.kind, objection.detail) == (FOR_GOOD, "Name can't be written by this log-in")


def test_restoring_empties_a_field_and_leaves_the_others() -> None:
    with SalesforcePeer() as peer:
        people = [there(peer, Title="Chef", Score__c="3") for _ in range(201)]
        with opened(peer) as gateway:
            updates = [Update(each.id, {"Title": "", "Score__c": "7"}) for each in people]
            outcomes = gateway.set_values(updates)

    assert {each.kind for each in outcomes} == {SENT}
    assert {(each.values["Title"], each.values["Score__c"]) for each in people} == {("", "7")}
    assert {each.values["LastName"] for each in people} == {"Ng"}
    assert [len(records) for _, _, records in written(peer)] == [200, 1]
    assert written(peer)[0][2][0]["Title"] is None


def test_a_contact_that_is_put_back_twice_goes_in_two_requests() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        contact = there(peer, Title="Chef")
        updates = [Update(contact.id, {"Title": "Cook"}), Update(contact.id, {"Title": "Owner"})]
        outcomes = gateway.set_values(updates)

    assert [each.kind for each in outcomes] == [SENT, SENT]
    assert contact.values["Title"] == "Owner"


def test_an_address_that_its_owner_has_left_can_be_given_to_another() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        first = ORG.there(peer, 1, our_id="acme:c1", email="shared@client.test")
        second = ORG.there(peer, 2, our_id="acme:c2")
        address = "shared@client.test"
        fields = (ORG.field("email", address, "email"),)
        change = ORG.change(2, email=address, fields=fields)
        draft = ORG.outgoing_of(change, 2)
        assert gateway.stage(draft).objection is not None
        peer.edit(first, {"Email": "left@client.test"})
        outcome = gateway.send(ORG.ready(peer, gateway, draft), always)

    assert (outcome.kind, second.values["Email"]) == (SENT, "shared@client.test")


def test_an_update_of_a_field_that_is_not_there_changes_nothing() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        outcomes = gateway.set_values([Update(there(peer).id, {"Shoe_Size__c": "9"})])

    assert [each.kind for each in outcomes] == [ACCOUNT]
    assert written(peer) == []


def test_the_log_in_goes_to_salesforce_alone() -> None:
    servers = (
        "https://salesforce.com.example.org", "https://example.org", "https://evilsalesforce.com",
        "http://acme.my.salesforce.com", "https://acme.my.salesforce.com@example.org", "",
    )  # fmt: skip
    for server in servers:
        account = ProviderAccount("00D", server=server)
        with pytest.raises(FixInput):
            open_crm_gateway("salesforce", account, Tokens())(permit("crm"))


# Tasks


def task_of(peer: SalesforcePeer) -> Kept:
    (task,) = peer.activities.values()
    return task


def test_an_email_is_a_completed_task_on_the_contact() -> None:
    change = ORG.activity_change(kind="email", link="https://mail.client.test/1")
    with SalesforcePeer() as peer:
        contact = ORG.there(peer, our_id="acme:c1")
        outgoing = ORG.outgoing_of(change)
        outcome = ORG.send(peer, outgoing)

    assert task_of(peer).values == {
        DELIVERY_ID: outgoing.token, "WhoId": contact.id, "Subject": "Spring <offer>",
        "Description": "First line\nSecond & last\n\nhttps://mail.client.test/1",
        "Status": "Completed", "ActivityDate": "2026-11-20", "TaskSubtype": "Email",
    }  # fmt: skip
    assert outcome.permalink == f"{SERVER}/lightning/r/Task/{task_of(peer).id}/view"


def test_a_task_whose_answer_was_lost_is_there_once_and_taken_for_sent() -> None:
    """Salesforce refuses to set the subtype of a task that is there."""
    outgoing = ORG.outgoing_of(ORG.activity_change(kind="email"))
    with SalesforcePeer({1: LOST}) as peer:
        ORG.there(peer, our_id="acme:c1")
        with opened(peer) as gateway:
            armed = ORG.ready(peer, gateway, outgoing)
            assert gateway.send(armed, always).kind is UNKNOWN
            again = gateway.send(ORG.ready(peer, gateway, armed), always)

    assert (again.kind, again.ref) == (SENT, task_of(peer).id)
    assert task_of(peer).values["TaskSubtype"] == "Email"


@pytest.mark.parametrize(
    ("done", "status"),
    [
        (["Abgeschlossen", "Storniert"], "Abgeschlossen"),
        (["Cancelled", "Completed"], "Completed"),
        ([], "Completed"),
    ],
)
def test_a_task_is_done_in_the_language_of_the_org(done: list[str], status: str) -> None:
    with SalesforcePeer() as peer:
        peer.done = done
        for number in (1, 2):
            ORG.there(peer, number, our_id=f"acme:c{number}")
        notes = [ORG.outgoing_of(ORG.activity_change(each), each) for each in (1, 2)]
        ORG.send_all(peer, notes)

    assert [each.values["Status"] for each in peer.activities.values()] == [status, status]
    assert sum(b"TaskStatus" in each.body for each in peer.seen) == 1, "asked for once"


def test_long_texts_are_cut_to_what_a_task_holds_and_keep_the_link() -> None:
    link = "https://social.test/post"
    change = ORG.activity_change(subject="s" * 300, body="b" * 40_000, link=link)
    with SalesforcePeer() as peer:
        ORG.there(peer, our_id="acme:c1")
        assert ORG.send(peer, ORG.outgoing_of(change)).kind is SENT

    values = task_of(peer).values
    assert (len(values["Subject"]), len(values["Description"])) == (255, 32_000)
    assert values["Description"].endswith(f"b…\n\n{link}")


# Campaigns


def joining(number: int = 1, name: str = "Spring") -> Outgoing:
    change = ORG.change(number, "add_to_list", list_name=name)
    return ORG.outgoing_of(change, number)


def test_a_contact_joins_a_campaign_once_and_being_a_member_is_no_error() -> None:
    with SalesforcePeer({1: LOST}) as peer:
        ORG.there(peer, our_id="acme:c1")
        campaign = peer.add_list("Spring")
        first, again = ORG.send(peer, joining()), ORG.send(peer, joining())

    assert (first.kind, again.kind) == (UNKNOWN, SENT)
    assert (peer.effects, len(campaign.members)) == ({"contact:c1": 1}, 1)


@pytest.mark.parametrize("names", [[], ["Autumn"], ["Spring", "Spring"]])
def test_nobody_joins_a_campaign_that_is_not_the_only_one_of_its_name(names: list[str]) -> None:
    with SalesforcePeer() as peer:
        ORG.there(peer, our_id="acme:c1")
        for name in names:
            peer.add_list(name)
        objection = ORG.objection(peer, joining())

    assert objection.kind is FOR_GOOD
    assert "Spring" in objection.detail


def test_a_log_in_that_sees_no_campaigns_and_no_tasks_still_tells_of_contacts() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        peer.has_campaigns = False
        del peer.fields["Task"]
        schema = gateway.read_schema()

    assert (schema.lists, schema.activities) == ({}, {})
    assert schema.contacts["LastName"].required


def test_who_does_not_see_contacts_can_not_be_read_from() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        del peer.fields["Contact"]
        with pytest.raises(Refused) as refused:
            gateway.read_schema()

    assert refused.value.outcome.kind is ACCOUNT


# Finding


def test_no_address_and_no_id_stands_in_a_url() -> None:
    with SalesforcePeer() as peer:
        there(peer, Email="c1@client.test")
        ORG.send(peer, ORG.outgoing())

    assert not any(each in path for path in peer.paths() for each in ("client.test", "acme:"))


@pytest.mark.parametrize(
    "address",
    [
        "o'brien@client.test", "x') OR Name != ('@client.test", r"back\slash'@client.test",
        "@{q0.body.records}@client.test", 'a"b@client.test', "100%_@client.test", "ü+ß@client.test",
    ],
)  # fmt: skip
def test_an_address_can_not_change_the_query(address: str) -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        there(peer, Email="somebody@client.test")
        assert gateway.find([Match("acme:c1", address)], []) == [None]
        contact = there(peer, Email=address)
        (found,) = gateway.find([Match("acme:c1", address)], ["LastName"])

    assert isinstance(found, Record)
    assert found.id == contact.id
    assert not peer.misshapen


@pytest.mark.parametrize("name", ["LastName FROM User", "Name, Email", "Account.Name", "a-b", ""])
def test_what_is_no_field_is_not_asked_for(name: str) -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway, pytest.raises(FixInput):
        gateway.find(matches(1), [name])

    assert peer.paths("POST") == []


def test_our_id_is_looked_for_first_and_its_capitals_count() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        there(peer, Email="c1@client.test")
        ours = there(peer, Email="new@client.test", **{CONTACT_ID: "acme:c1"})
        there(peer, **{CONTACT_ID: "ACME:C1"})
        (found,) = gateway.find(matches(1), [])

    assert isinstance(found, Record)
    assert found.id == ours.id


def test_several_contacts_with_one_address_are_told() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        ids = {there(peer, Email=each).id for each in ("c1@client.test", "C1@Client.test")}
        (found,) = gateway.find(matches(1), [])

    assert isinstance(found, Several)
    assert set(found.ids) == ids


def test_contacts_are_found_500_to_a_request_and_every_page_is_read() -> None:
    with SalesforcePeer(page=30) as peer, opened(peer) as gateway:
        for number in range(1000):
            there(peer, Email=f"c{number}@client.test", Title=f"{number}")
        found = gateway.find(matches(*range(1000), 1000), ["Title"])

    titles = [each.values["Title"] for each in found[:1000] if isinstance(each, Record)]
    assert titles == [str(number) for number in range(1000)]
    assert found[1000] is None
    assert sum(path.endswith("/composite") for path in peer.paths()) == 3


def test_long_ids_and_addresses_go_into_more_queries() -> None:
    long = "x" * 60
    asked = [
        Match(f"{long}:{long}{each}", f"{long}{each:03}@{long}.test", CONTACT_ID)
        for each in range(120)
    ]
    with SalesforcePeer() as peer, opened(peer) as gateway:
        people = [there(peer, Email=each.email) for each in asked]
        found = gateway.find(asked, ["Title"])

    assert [each.id for each in found if isinstance(each, Record)] == [each.id for each in people]
    assert not peer.misshapen


def test_who_changed_a_contact_last_is_told_of_the_whole_of_it() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        contact = there(peer, Email="c1@client.test", Title="Chef")
        peer.edit(contact, {"Phone": "1"}, at=datetime(2026, 3, 1, 12, tzinfo=UTC))
        (found,) = gateway.find(matches(1), ["Title"])

    assert isinstance(found, Record)
    assert found.when("Title") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert found.who("Title") == "a person"
    assert found.link == f"{SERVER}/lightning/r/Contact/{contact.id}/view"


def test_without_the_field_of_our_ids_contacts_are_found_but_not_changed() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        peer.hidden = {CONTACT_ID}
        there(peer, Email="c1@client.test")
        (found,) = gateway.find(matches(1), ["Title"])
        objection = gateway.stage(ORG.outgoing()).objection

    assert isinstance(found, Record)
    assert objection is not None
    assert (objection.kind, CONTACT_ID in objection.detail) == (ACCOUNT, True)
    assert "aicmo crm doctor" in objection.detail


def test_without_its_field_no_task_is_written() -> None:
    with SalesforcePeer() as peer:
        peer.hidden = {DELIVERY_ID}
        ORG.there(peer, our_id="acme:c1")
        objection = ORG.objection(peer, ORG.outgoing_of(ORG.activity_change()))

    assert (objection.kind, DELIVERY_ID in objection.detail) == (ACCOUNT, True)


# A doubt that is asked about


def asked(peer: SalesforcePeer, outgoing: Outgoing) -> tuple[Reading, Reading]:
    """What is read of a delivery before it was sent and after."""
    with opened(peer) as gateway:
        armed = ORG.ready(peer, gateway, outgoing)
        question = Question(1, armed.token, armed.recipient, NOW, b"", armed.staged)
        before = gateway.reconcile(question)
        gateway.send(armed, always)
        return before, gateway.reconcile(question)


def test_a_task_or_a_membership_in_doubt_is_looked_for() -> None:
    note = ORG.outgoing_of(ORG.activity_change())
    for outgoing in (note, joining()):
        with SalesforcePeer() as peer:
            ORG.there(peer, our_id="acme:c1")
            peer.add_list("Spring")
            before, after = asked(peer, outgoing)

        assert (before.found, after.found) == (Found.ABSENT, Found.PRESENT)
        assert after.ref in after.permalink


def test_choices_in_doubt_are_found_in_salesforce_s_own_order() -> None:
    change = ORG.change(action="add_tag", tag="chess", tags_property="Topics__c")
    with SalesforcePeer() as peer:
        contact = ORG.there(peer, our_id="acme:c1", tags="golf")
        before, after = asked(peer, ORG.outgoing_of(change))

    assert contact.values["Topics__c"] == "chess;golf"
    assert (before.found, after.found) == (Found.ABSENT, Found.PRESENT)


# The org


def test_the_schema_says_what_each_field_takes() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        campaign = peer.add_list("Spring")
        schema = gateway.read_schema()

    stage, name = schema.contacts["Stage__c"], schema.contacts["LastName"]
    assert (stage.type, [each.value for each in stage.choices]) == (
        "choice",
        ["subscriber", "lead", "customer"],
    )
    assert (name.required, name.longest) == (True, 80)
    assert [each for each, one in schema.contacts.items() if one.required] == ["LastName"]
    assert not schema.contacts["LastModifiedDate"].writable
    assert schema.contacts[CONTACT_ID].unique
    assert not schema.contacts["Email"].unique
    assert schema.activities[DELIVERY_ID].unique
    assert schema.activities["Subject"].longest == 255
    assert schema.lists == {campaign.id: "Spring"}
    assert "MailingAddress" not in schema.contacts


def test_an_object_with_very_many_fields_can_be_described() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        plain = peer.fields["Contact"]["Title"]
        for number in range(4000):
            name = f"Own_{number}__c"
            peer.fields["Contact"][name] = plain | {"name": name, "label": "l" * 100}
        assert len(json.dumps(peer.fields["Contact"])) > 1024 * 1024
        assert "Own_3999__c" in gateway.read_schema().contacts


@pytest.mark.parametrize(
    ("name", "of_activities", "sobject"),
    [(CONTACT_ID, False, "Contact"), (DELIVERY_ID, True, "Task")],
)
def test_a_field_of_our_ids_can_be_made(name: str, *, of_activities: bool, sobject: str) -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        del peer.fields[sobject][name]
        gateway.create_unique(name, of_activities=of_activities)
        gateway.create_unique(name, of_activities=of_activities)  # it is there: no error

    assert peer.fields[sobject][name]["unique"]
    assert not peer.misshapen


@pytest.mark.parametrize("name", ["Email", "a b__c", "Id__c.x", "__c", "Contact.Id__c", ""])
def test_no_field_is_made_under_a_name_that_salesforce_would_not_take(name: str) -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway, pytest.raises(FixInput):
        gateway.create_unique(name, of_activities=False)

    assert peer.seen == []


def test_a_field_that_is_hidden_once_it_is_made_is_a_matter_of_an_administrator() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        del peer.fields["Contact"][CONTACT_ID]
        peer.shows_new = False
        with pytest.raises(Refused) as refused:
            gateway.create_unique(CONTACT_ID, of_activities=False)

    assert refused.value.outcome.kind is ACCOUNT
    assert "permission set" in refused.value.outcome.detail


def test_a_profile_tells_the_org_and_what_is_left_of_the_day() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        profile = gateway.profile()
        peer.tells_limits = False
        unknown = gateway.profile()

    assert (profile.identity, profile.name) == (peer.identity, "Acme")
    assert profile.facts == {"user": "integration@acme.test", "is_sandbox": False}
    assert (profile.quota_used, profile.quota_total) == (12, 15_000)
    assert dataclasses.replace(profile, quota_used=None, quota_total=None) == unknown
    assert profile.api_version == "66.0"
