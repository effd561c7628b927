"""Shows against BottleCRM's own server that its contacts are changed once, and nothing else of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aicmo.crm.change import Activity, WantedStage
from aicmo.crm.record import Match, Record, Several
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Found, RepeatClass
from aicmo.gateways.crm_gateway import SO_ALREADY, Update
from tests.contract.gateway_contract import SENT, UNKNOWN, always
from tests.contract.mail_api_contract import ACCOUNT, FOR_GOOD, FOR_NOW
from tests.contract.real_bottle import (
    ID,
    Organization,
    armed,
    change,
    organization_on,
    outgoing,
    person,
    wanted,
)
from tests.peers.bottle_crm import BottleCrm
from tests.peers.lossy_proxy import Loss, lossy_proxy

pytestmark = pytest.mark.peer

OUR_ID = ID.removeprefix("cf_")
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def crm(bottle_crm: BottleCrm) -> Organization:
    return organization_on(bottle_crm)


# Who is logged in


def test_a_token_says_whose_organization_it_is_for(crm: Organization) -> None:
    with crm.gateway() as gateway:
        assert gateway.identify() is None
        profile = gateway.profile()

    assert (profile.identity, profile.name) == (crm.user.organization_id, crm.user.organization)
    assert profile.problems == ()
    assert gateway.repeat_class is RepeatClass.READABLE


def test_another_organization_or_a_token_that_ended_stops_the_account(
    crm: Organization, bottle_crm: BottleCrm
) -> None:
    other = organization_on(bottle_crm)
    for token in (other.token, "bcrm_pat_ended"):
        with crm.gateway(token=token) as gateway:
            objection = gateway.identify()
        assert objection
        assert objection.kind is ACCOUNT
    with crm.gateway(token="bcrm_pat_ended") as gateway:
        staged = gateway.stage(outgoing(change()))
    assert staged.objection
    assert staged.objection.detail == "the log-in isn't valid any more"
    assert crm.contacts() == []


def test_a_scope_that_is_missing_is_said(crm: Organization) -> None:
    reader = crm.user.create_token("*:read")
    with crm.gateway() as gateway:
        ready = armed(gateway.stage(outgoing(change())), outgoing(change()))
    with crm.gateway(token=reader) as gateway:
        outcome = gateway.send(ready, always)
    assert (outcome.kind, "scopes" in outcome.detail) == (ACCOUNT, True)
    assert crm.contacts() == []


# Adding and changing contacts


def test_a_contact_is_added_with_our_id_and_what_is_mapped(crm: Organization) -> None:
    crm.add_field("score", "number")
    crm.add_field("vip", "checkbox")
    custom = (wanted("cf_score", "12.5", "number"), wanted("cf_vip", "true", "boolean"))
    _, outcome = crm.send(change(fields=(*person(title="Head of “Café” & <b>"), *custom)))

    (contact,) = crm.contacts()
    assert (outcome.kind, outcome.ref) == (SENT, contact["id"])
    assert (contact["first_name"], contact["last_name"]) == ("Zoë", "Größe 1")
    assert contact["title"] == "Head of “Café” & <b>"
    assert contact["custom_fields"] == {OUR_ID: "acme:c1", "score": 12.5, "vip": True}
    with crm.gateway() as gateway:
        (found,) = gateway.find([Match("acme:c1", id_property=ID)], {"cf_score", "cf_vip", "email"})
    assert isinstance(found, Record)
    assert found.values == {"cf_score": "12.5", "cf_vip": "true", "email": "c1@client.test"}


def test_a_contact_with_the_address_is_changed_and_keeps_all_that_is_not_ours(
    crm: Organization,
) -> None:
    crm.add_field("since", "date")
    theirs = {"title": "CEO", "phone": "+44 20 7946 0018", "description": "Knows Jo"}
    record = crm.add(email="C1@Client.test", custom_fields={"since": "2020-02-02"}, **theirs)
    before = crm.contact(record)
    sent, outcome = crm.send(change(action="set_properties", fields=(wanted("city", "Leeds"),)))

    after = crm.contact(record)
    assert (outcome.kind, outcome.ref) == (SENT, record)
    assert sent.staged["former"] == {"city": ""}
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"city", "custom_fields", "updated_at"}
    assert after["custom_fields"] == {"since": "2020-02-02", OUR_ID: "acme:c1"}
    assert len(crm.contacts()) == 1


def test_a_changed_address_is_no_second_contact(crm: Organization) -> None:
    _, first = crm.send(change())
    moved = person(email="new@client.test")
    _, second = crm.send(change(email="new@client.test", fields=moved))

    (contact,) = crm.contacts()
    assert (second.kind, second.ref) == (SENT, first.ref)
    assert contact["email"] == "new@client.test"


def test_an_address_that_only_contains_ours_is_another_contact(crm: Organization) -> None:
    crm.add(email="bc1@client.test")
    crm.add(email="c1@client.test.example")
    _, outcome = crm.send(change())
    assert outcome.kind is SENT
    assert len(crm.contacts()) == 3


def test_another_projects_id_stays(crm: Organization) -> None:
    record = crm.add(email="c1@client.test", custom_fields={OUR_ID: "other:c9"})
    sent, outcome = crm.send(change())
    assert (outcome.kind, outcome.ref, sent.staged["has_id"]) == (SENT, record, True)
    contact = crm.contact(record)
    assert (contact["custom_fields"], contact["first_name"]) == ({OUR_ID: "other:c9"}, "Zoë")


def test_two_contacts_with_our_id_are_held(crm: Organization) -> None:
    for email in ("a@client.test", "b@client.test"):
        crm.add(email=email, custom_fields={OUR_ID: "acme:c1"})
    assert crm.objection(change()) == "2 contacts of the CRM fit"


def test_what_is_so_already_is_not_sent(crm: Organization) -> None:
    crm.send(change())
    (before,) = crm.contacts()
    _, again = crm.send(change())
    assert (again.kind, again.detail) == (SENT, SO_ALREADY)
    assert crm.contacts() == [before]


def test_a_contact_that_somebody_adds_meanwhile_is_found_next_time(crm: Organization) -> None:
    with crm.gateway() as gateway:
        ready = armed(gateway.stage(outgoing(change())), outgoing(change()))
        record = crm.add(email="c1@CLIENT.test")
        refused = gateway.send(ready, always)
    _, again = crm.send(change())

    assert refused.kind is FOR_NOW
    assert (again.kind, again.ref) == (SENT, record)
    assert len(crm.contacts()) == 1


def test_an_address_of_another_contact_is_refused(crm: Organization) -> None:
    crm.send(change())
    crm.add(email="taken@client.test")
    moved = change(fields=person(email="taken@client.test"))
    assert crm.objection(moved) == "another contact of BottleCRM has this address"
    draft = outgoing(change(fields=person(email="late@client.test")))
    with crm.gateway() as gateway:
        ready = armed(gateway.stage(draft), draft)
        crm.add(email="Late@client.test")
        outcome = gateway.send(ready, always)
    assert (outcome.kind, outcome.detail) == (
        FOR_GOOD,
        "another contact of BottleCRM has this address",
    )


def test_an_empty_value_is_null_as_before_anybody_wrote_it(crm: Organization) -> None:
    record = crm.add(email="c1@client.test")
    crm.add_field("score", "number")
    crm.edit(record, title="CEO", custom_fields={"score": 3})
    with crm.gateway() as gateway:
        (outcome,) = gateway.set_values([Update(record, {"title": "", "cf_score": ""})])
    assert outcome.kind is SENT
    contact = crm.contact(record)
    assert (contact["title"], contact["custom_fields"]) == (None, {})


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (wanted("nickname", "Z"), "no field nickname that can be written"),
        (wanted("cf_gone", "Z"), "no field cf_gone that can be written"),
        (wanted("created_at", "2020-02-02T00:00:00+00:00", "datetime"), "no field created_at"),
    ],
)
def test_a_name_that_it_would_drop_without_a_word_is_refused(
    crm: Organization, field: Any, why: str
) -> None:
    assert why in crm.objection(change(fields=(*person(), field)))


def test_what_a_contact_needs_is_asked_for_before_it_is_added(crm: Organization) -> None:
    assert crm.objection(change(fields=(wanted("first_name", "Zoë"),))) == (
        "last_name is missing, and BottleCRM adds no contact without it"
    )
    crm.add_field("region", "text", is_required=True)
    assert "cf_region is missing" in crm.objection(change())


def test_without_the_field_for_our_ids_nothing_is_sent(bottle_crm: BottleCrm) -> None:
    crm = organization_on(bottle_crm, with_id=False)
    assert "`aicmo crm doctor --create` makes it" in crm.objection(change())


def test_values_that_it_refuses_are_named_without_repeating_them(crm: Organization) -> None:
    crm.add_field("since", "date")
    bad = (wanted("phone", "call me"), wanted("country", "gb"), wanted("email", "zoë@client.test"))
    _, outcome = crm.send(change(fields=(*person()[:2], *bad)))
    assert (outcome.kind, outcome.detail) == (
        FOR_GOOD,
        "BottleCRM refuses country, email, phone",
    )
    _, outcome = crm.send(change(fields=(*person(), wanted("cf_since", "lately"))))
    assert (outcome.kind, outcome.detail) == (FOR_GOOD, "BottleCRM refuses cf_since")
    assert crm.contacts() == []


# Stages and tags


def test_a_stage_is_a_dropdown_and_moves_forward_only(crm: Organization) -> None:
    options = [{"value": each, "label": each.title()} for each in ("lead", "trial", "customer")]
    crm.add_field("stage", "dropdown", options=options)
    record = crm.add(email="c1@client.test", custom_fields={"stage": "trial"})

    def to(value: str, why: str = "") -> Any:
        order = ("lead", "trial", "customer")
        return change(
            action="set_stage",
            stage=WantedStage(property="cf_stage", value=value, order=order, back_because=why),
        )

    assert "would move back" in crm.objection(to("lead"))
    _, forward = crm.send(to("customer"))
    assert crm.contact(record)["custom_fields"]["stage"] == "customer"
    _, back = crm.send(to("lead", "they asked to start anew"))
    assert crm.contact(record)["custom_fields"]["stage"] == "lead"
    assert (forward.kind, back.kind) == (SENT, SENT)


def test_a_tag_is_added_to_those_that_are_there_by_then(crm: Organization) -> None:
    golf, vip, late = (crm.add_tag(each) for each in ("Golf", "VIP", "Late"))
    record = crm.add(email="c1@client.test", tags=[vip])
    draft = outgoing(change(action="add_tag", tag="golf", tags_property="tags"))
    with crm.gateway() as gateway:
        ready = armed(gateway.stage(draft), draft)
        crm.edit(record, tags=[vip, late])  # a person, after it was looked at
        outcome = gateway.send(ready, always)
        again = gateway.stage(draft)

    assert outcome.kind is SENT
    assert set(crm.contact(record)["tags"]) == {golf, vip, late}
    assert again.values["write"] == {}
    assert crm.ask(ready).found is Found.PRESENT
    crm.edit(record, tags=[vip])
    assert crm.ask(ready).found is Found.ABSENT


def test_a_tag_that_is_not_there_or_would_cost_an_archived_one_is_refused(
    crm: Organization,
) -> None:
    adding = change(action="add_tag", tag="golf", tags_property="tags")
    old = crm.add_tag("Old")
    record = crm.add(email="c1@client.test", tags=[old])
    assert crm.objection(adding) == "BottleCRM has no tag golf: add it there first"
    crm.add_tag("golf")
    crm.user.call("DELETE", f"tags/{old}/")
    assert "an archived tag" in crm.objection(adding)
    assert crm.contact(record)["tags"] == [old]


def test_lists_are_not_there(crm: Organization) -> None:
    crm.add(email="c1@client.test")
    assert "has no lists" in crm.objection(change(action="add_to_list", list_name="Golf"))


# The timeline


def note(kind: Any, **more: Any) -> Any:
    fields = {"subject": "Spring <offer>", "body": "First & last\nSecond", "at": AT, **more}
    return change(action="log_activity", activity=Activity(kind=kind, **fields))


def test_a_note_and_a_post_are_comments_and_an_email_is_an_interaction(crm: Organization) -> None:
    record = crm.add(email="c1@client.test")
    _, first = crm.send(note("note"))
    _, post = crm.send(note("post", link="https://example.com/p/1"))
    _, email = crm.send(note("email"))

    mark = f"[aicmo:{outgoing(note('note')).token}]"
    text, at = f"First & last\nSecond\n\n{mark}", "2026-11-20 09:30 UTC"
    linked = f"First & last\nSecond\n\nhttps://example.com/p/1\n\n{mark}"
    assert set(crm.comments(record)) == {
        f"Spring <offer>\n\n{at}\n\n{text}",
        f"Spring <offer>\n\n{at}\n\n{linked}",
    }
    (logged,) = crm.interactions(record)
    assert (logged["kind"], logged["direction"]) == ("email", "outbound")
    assert datetime.fromisoformat(logged["occurred_at"]) == AT
    assert logged["body"] == text
    assert email.ref == logged["id"]
    assert {first.kind, post.kind, email.kind} == {SENT}


def test_nothing_is_noted_with_somebody_whom_it_does_not_have(crm: Organization) -> None:
    assert crm.objection(note("note")) == "the CRM doesn't have this contact"
    assert crm.contacts() == []


def test_a_note_that_is_too_long_is_refused_before_it_is_sent(crm: Organization) -> None:
    crm.add(email="c1@client.test")
    for kind in ("note", "email"):
        assert "BottleCRM takes 10000" in crm.objection(note(kind, body="x" * 10_000))


# Lost answers


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_a_contact_whose_answer_is_lost_is_found(crm: Organization, kind: Any) -> None:
    with lossy_proxy(crm.user.url, Loss(kind, "POST", "/api/contacts/")) as proxy:
        sent, outcome = crm.send(change(), proxy.url)
    reading = crm.ask(sent)

    (contact,) = crm.contacts()
    assert outcome.kind is UNKNOWN
    assert (reading.found, reading.ref) == (Found.PRESENT, contact["id"])


@pytest.mark.parametrize("kind", ["note", "email"])
def test_an_entry_whose_answer_is_lost_is_found_by_the_deliverys_token(
    crm: Organization, kind: Any
) -> None:
    record = crm.add(email="c1@client.test")
    path = "/api/interactions/" if kind == "email" else f"/api/contacts/{record}/"
    for number in range(30):  # others', on the first page
        crm.user.call("POST", f"contacts/{record}/", {"comment": f"Comment {number}"})
        logged = {"contact": record, "kind": "call", "direction": "inbound", "subject": f"{number}"}
        crm.user.call("POST", "interactions/", {**logged, "occurred_at": "2026-11-21T09:30:00Z"})
    readings: list[Found] = []
    for loss in ("killed", "lost"):
        with lossy_proxy(crm.user.url, Loss(loss, "POST", path)) as proxy:
            sent, outcome = crm.send(note(kind), proxy.url)
        assert outcome.kind is UNKNOWN
        readings.append(crm.ask(sent).found)

    assert readings == [Found.ABSENT, Found.PRESENT]
    entries = crm.interactions(record) if kind == "email" else crm.comments(record)
    assert len(entries) == 31


@pytest.mark.parametrize("action", ["upsert_contact", "set_properties"])
def test_what_never_arrived_is_absent_and_can_be_sent_again(crm: Organization, action: Any) -> None:
    method, path = "POST", "/api/contacts/"
    if action == "set_properties":
        method, path = "PATCH", f"/api/contacts/{crm.add(email='c1@client.test')}/"
    wish = change(action=action, fields=person())
    with lossy_proxy(crm.user.url, Loss("killed", method, path)) as proxy:
        sent, outcome = crm.send(wish, proxy.url)
    assert outcome.kind is UNKNOWN
    assert crm.ask(sent).found is Found.ABSENT
    _, again = crm.send(wish)
    assert again.kind is SENT
    (contact,) = crm.contacts()
    assert contact["custom_fields"] == {OUR_ID: "acme:c1"}


def test_another_organization_is_not_asked(crm: Organization, bottle_crm: BottleCrm) -> None:
    sent, _ = crm.send(change())
    other = organization_on(bottle_crm)
    stranger = Organization(crm.user, crm.account, other.token)
    assert stranger.ask(sent).found is Found.CANNOT_TELL


# What it says of itself


def test_its_own_schema(crm: Organization) -> None:
    crm.add_field("stage", "dropdown", options=[{"value": "lead", "label": "Lead"}])
    crm.add_field("vip", "checkbox", is_required=True)
    crm.add_tag("Golf")
    with crm.gateway() as gateway:
        contacts = gateway.read_schema().contacts

    assert (contacts["first_name"].required, contacts["first_name"].longest) == (True, 255)
    assert [each.value for each in contacts["cf_stage"].choices] == ["lead"]
    assert (contacts["cf_vip"].type, contacts["cf_vip"].required) == ("boolean", True)
    assert [each.value for each in contacts["tags"].choices] == ["Golf"]
    assert {each.value for each in contacts["country"].choices} > {"GB", "DE"}
    assert not contacts["updated_at"].writable
    assert ID in contacts


def test_a_token_that_may_only_read_reads_all_that_is_asked(crm: Organization) -> None:
    crm.send(change())
    with crm.gateway(token=crm.user.create_token("*:read")) as gateway:
        assert gateway.identify() is None
        schema = gateway.read_schema()
        (found,) = gateway.find([Match("acme:c1", id_property=ID)], set(schema.contacts))
        (refused,) = gateway.set_values([Update(crm.contacts()[0]["id"], {"title": "CEO"})])
    assert isinstance(found, Record)
    assert found.values["last_name"] == "Größe 1"
    assert refused.kind is ACCOUNT


def test_the_field_for_our_ids_is_made_once(bottle_crm: BottleCrm) -> None:
    crm = organization_on(bottle_crm, with_id=False)
    with crm.gateway(token=crm.user.create_token()) as gateway:
        for _ in range(2):
            gateway.create_unique(ID, of_activities=False)
        with pytest.raises(Refused):
            gateway.create_unique("aicmo_delivery_id", of_activities=True)
    _, outcome = crm.send(change())
    assert outcome.kind is SENT


def test_who_changed_a_contact_last_is_told_while_it_is_known(crm: Organization) -> None:
    crm.send(change())
    with crm.gateway() as gateway:
        (found,) = gateway.find([Match("acme:c1", id_property=ID)], {"title"})
        nobody, several = gateway.find(
            [Match("acme:c2", id_property=ID), Match("acme:c3", "client.test", ID)], {"title"}
        )
    assert isinstance(found, Record)
    assert (nobody, several) == (None, None)
    assert found.who("title").endswith("@agency.test")
    assert found.when("title")
    assert not isinstance(found, Several)
