"""Shows that what doesn't fit the CRM's own schema is told, with its place and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from aicmo.crm.fitting import Misfit, check_mapping, unique_properties
from aicmo.crm.fitting_values import check_contact, check_item
from aicmo.crm.schema import Choice, Property, Schema, require_fitting
from aicmo.crm.values import is_same
from aicmo.errors import FixInput
from aicmo.plans.crm import CrmSetup
from aicmo.plans.items import CrmContent


def prop(name: str, kind: Any = "text", *values: str, **more: Any) -> Property:
    choices = tuple(Choice(value=each) for each in values)
    return Property(name=name, type=kind, choices=choices, **more)


CONTACTS = (
    prop("email", "email", unique=True, longest=80),
    prop("firstname", longest=40),
    prop("visits", "number"),
    prop("renewal", "date"),
    prop("score", "number", writable=False),
    prop("goal", "choice", "strength", "weight"),
    prop("lifecyclestage", "choice", "lead", "opportunity", "customer"),
    prop("topics", "choices", "spring", "autumn"),
    prop("hs_email_optout", "boolean", writable=False),
    prop("aicmo_contact_id", unique=True),
)
SCHEMA = Schema(
    contacts={each.name: each for each in CONTACTS},
    activities={"aicmo_delivery_id": prop("aicmo_delivery_id", unique=True)},
    lists={"11": "Newsletter", "12": "Trial"},
)


def field(ours: str, theirs: str, **more: Any) -> dict[str, Any]:
    return {"ours": ours, "theirs": theirs, **more}


def setup(*fields: dict[str, Any], **more: Any) -> CrmSetup:
    return CrmSetup.model_validate({"provider": "hubspot", "fields": fields, **more})


def told(found: list[Misfit]) -> list[tuple[str, str, str]]:
    return [(each.place, each.text, each.fix) for each in found]


def test_a_mapping_that_fits_has_no_misfit() -> None:
    sound = setup(
        field("email", "email", type="email"),
        field("visits", "visits", type="number"),
        field("score", "score", type="number", direction="from_crm"),
        field("renews_on", "firstname", type="date"),
        field("segment", "topics", type="choice"),
        stages={"property": "lifecyclestage", "order": ["lead", "customer"]},
        tags="topics", log_emails=True, consent="both",
    )  # fmt: skip
    assert check_mapping(sound, SCHEMA, {"upsert_contact", "log_activity"}) == []


@pytest.mark.parametrize(
    ("fields", "more", "expected"),
    [
        (
            [field("visits", "vists", type="number")], {},
            ("crm.fields[0].theirs", "the CRM has no property vists",
             "write `visits`, if that is meant"),
        ),
        (
            [field("visits", "frequency", type="number")], {},
            ("crm.fields[0].theirs", "the CRM has no property frequency",
             "make it in the CRM, or name another one"),
        ),
        (
            [field("email", "email", type="email"), field("score", "score", type="number")], {},
            ("crm.fields[1].direction", "score can't be written in the CRM",
             "write `direction: from_crm`, or leave the field out"),
        ),
        (
            [field("visits", "visits")], {},
            ("crm.fields[0].type", "visits is of type number in the CRM, not text",
             "write `type: number`"),
        ),
        (
            [], {"stages": {"property": "lifecyclestage", "order": ["lead", "fan"]}},
            ("crm.stages.order", "lifecyclestage has no fan",
             "the CRM has lead, opportunity, customer"),
        ),
        (
            [], {"stages": {"property": "score", "order": ["1", "2"]}},
            ("crm.stages.property", "score can't be written in the CRM",
             "name a property that can"),
        ),
        (
            [], {"tags": "goal"},
            ("crm.tags", "goal doesn't take several choices from a program",
             "name a property of several choices"),
        ),
        (
            [], {"contact_id": "our_id"},
            ("crm.contact_id",
             "the CRM's contacts have no property our_id, which makes repeats safe",
             "`aicmo crm doctor PROJECT --create` makes it"),
        ),
        (
            [], {"contact_id": "firstname"},
            ("crm.contact_id",
             "firstname is no text that programs set and that is unique among contacts",
             "name another one in crm.contact_id"),
        ),
        (
            [], {"delivery_id": "ours", "log_posts_to": "everyone"},
            ("crm.delivery_id",
             "the CRM's activities have no property ours, which makes repeats safe",
             "`aicmo crm doctor PROJECT --create` makes it"),
        ),
        (
            [], {"consent": "read", "opt_out": "goal"},
            ("crm.opt_out", "goal is of type choice in the CRM, not boolean",
             "name a yes-or-no property"),
        ),
    ],
)  # fmt: skip
def test_each_misfit_has_its_place_and_what_to_do(
    fields: list[dict[str, Any]], more: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert told(check_mapping(setup(*fields, **more), SCHEMA, set())) == [expected]


def test_a_property_too_short_for_our_ids_keeps_none() -> None:
    short = prop("our_id", unique=True, longest=80)
    schema = SCHEMA.model_copy(update={"contacts": {**SCHEMA.contacts, "our_id": short}})
    (found,) = check_mapping(setup(contact_id="our_id"), schema, set())
    assert found.text == "our_id takes 80 characters, and our ids have up to 129"


def test_what_a_contact_needs_is_asked_for_only_where_contacts_are_added() -> None:
    contacts = {
        "LastName": prop("LastName", required=True),
        "AICMO_Contact_Id__c": prop("AICMO_Contact_Id__c", unique=True),
    }
    salesforce = setup(provider="salesforce")
    schema = Schema(contacts=contacts)
    assert check_mapping(salesforce, schema, {"set_properties"}) == []
    assert told(check_mapping(salesforce, schema, {"upsert_contact"})) == [
        ("crm.fields", "the CRM adds no contact without LastName", "map last_name to it")
    ]
    read_only = setup(
        field("last_name", "LastName", direction="from_crm"), provider="salesforce"
    )  # fmt: skip
    assert len(check_mapping(read_only, schema, {"upsert_contact"})) == 1
    mapped = setup(field("last_name", "LastName"), provider="salesforce")
    assert check_mapping(mapped, schema, {"upsert_contact"}) == []


def test_ids_of_bottlecrm_need_not_be_unique_and_it_has_no_opt_out() -> None:
    schema = Schema(contacts={"cf_aicmo_contact_id": prop("cf_aicmo_contact_id")})
    assert check_mapping(setup(provider="bottlecrm"), schema, set()) == []
    (found,) = check_mapping(setup(provider="bottlecrm", consent="read"), schema, set())
    assert found.text == "BottleCRM has no property of its own for who left"


def test_the_property_of_activities_is_needed_where_something_is_noted() -> None:
    def names(of: CrmSetup, *actions: str) -> list[str]:
        return [each.name for each in unique_properties(of, actions)]

    assert names(setup()) == ["aicmo_contact_id"]
    both = ["aicmo_contact_id", "aicmo_delivery_id"]
    assert names(setup(), "log_activity") == names(setup(log_emails=True)) == both
    assert names(setup(provider="bottlecrm"), "log_activity") == ["cf_aicmo_contact_id"]


@pytest.mark.parametrize(
    ("content", "place", "text"),
    [
        (
            {"action": "set_properties", "properties": {"goal": "fame"}},
            "items[0].content.properties.goal",
            "goal is none of the CRM's values: strength, weight",
        ),
        (
            {"action": "set_stage", "stage": "fan"},
            "items[0].content.stage",
            "lifecyclestage has no fan in the CRM; it has lead, opportunity, customer",
        ),
        (
            {"action": "add_tag", "tag": "winter"},
            "items[0].content.tag",
            "topics has no winter in the CRM; it has spring, autumn",
        ),
        (
            {"action": "add_to_list", "list_name": "Newsleter"},
            "items[0].content.list_name",
            "the CRM has no list Newsleter",
        ),
    ],
)
def test_an_item_wants_what_the_crm_has(content: dict[str, Any], place: str, text: str) -> None:
    of = setup(
        field("goal", "goal", type="choice"), tags="topics",
        stages={"property": "lifecyclestage", "order": ["lead", "fan"]},
    )  # fmt: skip
    found = list(check_item(of, SCHEMA, "items[0].content", CrmContent.model_validate(content)))
    assert [(each.place, each.text) for each in found] == [(place, text)]


def test_lists_that_nobody_told_of_are_not_missed() -> None:
    schema = SCHEMA.model_copy(update={"lists": {}})
    content = CrmContent(action="add_to_list", list_name="Anything")
    assert list(check_item(setup(), schema, "items[0].content", content)) == []


def test_values_of_contacts_are_told_without_being_repeated() -> None:
    of = setup(
        field("first_name", "firstname"),
        field("goal", "goal", type="choice"),
        field("visits", "visits", type="number"),
        field("score", "score", direction="from_crm"),
    )
    person = {
        "first_name": "L" * 41, "attributes": {"goal": "fame", "visits": "many", "score": "high"}
    }  # fmt: skip
    found = list(check_contact(of, SCHEMA, person))
    assert [(each.place, each.text) for each in found] == [
        ("first_name", "firstname has 41 characters, and the CRM takes 40"),
        ("goal", "goal is none of the CRM's values: strength, weight"),
        ("visits", "visits is no number like 1250.5"),
    ]
    sound = {"first_name": "Leo", "attributes": {"goal": "weight", "visits": "3"}}
    assert list(check_contact(of, SCHEMA, sound)) == []


@pytest.mark.parametrize(
    ("known", "value", "why"),
    [
        (prop("a", writable=False), "x", "can't be written in the CRM"),
        (prop("a", longest=3), "four", "has 4 characters, and the CRM takes 3"),
        (prop("a", "number"), "four", "is no number like 1250.5"),
        (prop("a", "choices", "x", "y"), "x;z", "is none of the CRM's values: x, y"),
    ],
)
def test_a_value_that_a_property_does_not_take(known: Property, value: str, why: str) -> None:
    with pytest.raises(FixInput) as caught:
        require_fitting(known, value)
    assert str(caught.value) == why


def test_a_value_that_a_property_takes() -> None:
    require_fitting(prop("a", "choices", "x", "y"), "x;y")
    require_fitting(prop("a", "choice", "x"), "")
    require_fitting(prop("a", longest=4), "four")


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("phone", "+1 (512) 555-0100", "+15125550100", True),
        ("phone", "+1 512 555 0100", "+1 512 555 0101", False),
        ("text", "Zo\u00eb", "Zoe\u0308", True),
        ("text", "Zoë", "zoë", False),
        ("number", "12.50", "1.25e1", True),
        ("datetime", "2026-03-02T07:30:00+01:00", "2026-03-02T06:30:00.000Z", True),
        ("choices", "b;a", "a;b", True),
        ("number", "many", "many", True),
        ("number", "many", "2", False),
    ],
)
def test_values_that_mean_the_same(kind: Any, one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert is_same(kind, one, other) is same
