"""The preview of a change in a CRM is a difference: what is there, what would be, what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from aicmo.crm.record import Several
from aicmo.crm.schema import Property
from aicmo.database import Database
from aicmo.execution import approvals
from aicmo.execution.approvals import CopyRefused
from aicmo.execution.crm_difference import ContactChange, Standing
from aicmo.execution.crm_preview import CrmPreview
from aicmo.execution.preview import Preview
from aicmo.models import Account, Delivery
from tests.projects import NOW, TOMORROW, contact, email, imported, post
from tests.projects import crm as tagging
from tests.unit.crm_projects import FIELDS, change, connect, import_crm
from tests.unit.crm_readings import ANN_CHANGED, has, knows_schema, of_crm, previewed, record

PEOPLE = [contact(number, attributes={"goal": "run"}) for number in (1, 2, 3)]
CONFLICT = "a person has to answer"


def seen(crm: CrmPreview) -> dict[str, tuple[str, str]]:
    """By contact, its standing and why."""
    return {each.contact: (each.standing.value, each.why) for each in crm.contacts}


def fields(found: ContactChange) -> dict[str, tuple[str | None, str, str]]:
    """By property, what is there, what would be, and what becomes of it."""
    return {each.name: (each.theirs, each.wanted, each.becomes) for each in found.fields}


def one(crm: CrmPreview, key: str = "c1") -> ContactChange:
    (found,) = [each for each in crm.contacts if each.contact == key]
    return found


def asking(rule: str = "ask") -> list[dict[str, str]]:
    return [each | {"conflict": rule} if each["ours"] == "goal" else each for each in FIELDS]


def ready(database: Database, *items: dict[str, Any], **setup: Any) -> None:
    import_crm(database, *(items or (change(),)), contacts=PEOPLE, **setup)
    connect(database)


# Field by field


def test_each_field_of_ours_says_what_is_there_what_would_be_and_what_becomes_of_it(
    database: Database,
) -> None:
    ready(database)
    has(database, {"c1": record(email="person1@example.com", firstname="P.", goal="swim")})
    found = one(of_crm(database))
    assert fields(found) == {
        "email": ("person1@example.com", "person1@example.com", "already so"),
        "firstname": ("P.", "Person1", "sent"),
        "goal": ("swim", "run", "theirs stays"),
    }
    assert (found.standing.value, found.link) == ("changed", "https://crm.example.com/91")
    name = found.fields[1]
    assert (name.ours, name.changed_by, name.changed_at) == (
        "first_name",
        "Ann Smith",
        ANN_CHANGED,
    )


def test_an_empty_field_is_filled_and_nobody_is_said_to_have_emptied_it(database: Database) -> None:
    ready(database)
    has(database, {"c1": record(email="person1@example.com", firstname="Person1", goal="")})
    goal = one(of_crm(database)).fields[2]
    assert (goal.theirs, goal.becomes, goal.overwrites) == ("", "added", False)
    assert (goal.changed_by, goal.changed_at) == ("", None)


def test_labels_and_choices_are_shown_as_people_see_them_in_the_crm(database: Database) -> None:
    ready(database, change(action="set_stage", stage="customer"))
    knows_schema(database)
    has(database, {"c1": record(lifecyclestage="opportunity")})
    (stage,) = one(of_crm(database)).fields
    assert (stage.label, stage.before, stage.after) == (
        "Lifecycle stage",
        "Opportunity",
        "Customer",
    )
    assert (stage.theirs, stage.wanted) == ("opportunity", "customer")


def test_what_is_only_read_is_shown_and_what_is_not_mapped_is_not(database: Database) -> None:
    score = {"ours": "score", "theirs": "hs_score", "direction": "from_crm"}
    shoe = {"ours": "shoe", "theirs": "shoe_size", "direction": "both"}
    ready(database, fields=[*FIELDS, score, shoe, {"ours": "city", "theirs": "city"}])
    there = record(email="x@example.com", salary="1", hs_score="9", shoe_size="44", city="Ayr")
    has(database, {"c1": there}, names=("firstname", "goal", *there.values))
    found = {each.name: each for each in one(of_crm(database)).fields}
    assert set(found) == {"email", "firstname", "goal", "hs_score", "shoe_size"}
    read = found["hs_score"]
    assert (read.before, read.after, read.becomes) == ("9", "", "only read")
    assert read.changed_by == "Ann Smith"
    assert found["shoe_size"].becomes == "we have none"


def test_a_field_that_was_mapped_after_the_reading_is_not_taken_for_empty(
    database: Database,
) -> None:
    score = {"ours": "score", "theirs": "hs_score", "direction": "from_crm"}
    ready(database, fields=[*FIELDS, score])
    has(database, {"c1": record(email="x@example.com")})
    assert "hs_score" not in fields(one(of_crm(database)))


def test_tags_are_added_and_those_that_are_there_stay(database: Database) -> None:
    ready(database, change(action="add_tag", tag="spring"))
    has(database, {"c1": record(topics="winter"), "c2": record("c2", topics="spring;winter")})
    crm = of_crm(database)
    (tag,) = one(crm).fields
    assert (tag.before, tag.after, tag.becomes) == ("winter", "spring, winter", "added")
    assert seen(crm)["c2"] == ("unchanged", "")


# Who isn't changed


def test_a_new_contact_is_added_with_every_field_that_has_a_value(database: Database) -> None:
    ready(database)
    has(database, {"c1": None})
    found = one(of_crm(database))
    assert found.standing.value == "added"
    assert {each.name: each.becomes for each in found.fields} == {
        "email": "sent", "firstname": "sent", "goal": "sent", "aicmo_contact_id": "sent",
    }  # fmt: skip


def test_a_contact_that_lacks_our_id_is_given_it(database: Database) -> None:
    ready(
        database, change(action="add_tag", tag="spring"), change("crm-2", "log_activity", note="x")
    )
    known = replace(record(topics="spring"), contact_id="")
    has(database, {"c1": known, "c2": record("c2", topics="spring")})
    found = one(of_crm(database))
    assert (found.standing.value, fields(found)["aicmo_contact_id"]) == (
        "changed",
        ("", "studio:c1", "added"),
    )
    assert seen(of_crm(database))["c2"] == ("unchanged", "")
    assert one(of_crm(database, "crm-2")).fields == ()


def test_whom_the_crm_does_not_have_is_not_changed(database: Database) -> None:
    ready(database, change(action="set_properties", properties={"goal": "walk"}))
    has(database, {"c1": None})
    assert seen(of_crm(database))["c1"] == ("stopped", "the CRM doesn't have this contact")


def test_whom_an_earlier_item_adds_is_changed_after_it(database: Database) -> None:
    later = change("crm-2", "set_stage", stage="lead") | {"send_at": TOMORROW.isoformat()}
    ready(database, change(), later)
    has(database, {"c1": None})
    assert seen(of_crm(database, "crm-2"))["c1"] == ("changed", "crm-1 adds the contact before")
    assert list(fields(one(of_crm(database, "crm-2")))) == ["lifecyclestage"]
    with database.write() as session:
        session.execute(update(Delivery).values(state="failed"))
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(_of_item(database, "crm-2")))
            .values(state="pending")
        )
    assert seen(of_crm(database, "crm-2"))["c1"][0] == "stopped"


def _of_item(database: Database, key: str) -> list[int]:
    return [each.delivery_id for each in of_crm(database, key).contacts]


def test_an_item_that_comes_later_adds_nobody_before(database: Database) -> None:
    adds = change() | {"send_at": TOMORROW.isoformat()}
    ready(database, adds, change("crm-2", "set_stage", stage="lead"))
    has(database, {"c1": None})
    assert seen(of_crm(database, "crm-2"))["c1"][0] == "stopped"


def test_where_several_fit_their_ids_are_told_and_nobody_is_changed(database: Database) -> None:
    ready(database)
    has(database, {"c1": Several(("101", "202"))})
    assert seen(of_crm(database))["c1"] == (
        "stopped",
        "several contacts of the CRM fit: 101, 202",
    )


def test_a_stage_moves_back_only_where_the_item_says_why(database: Database) -> None:
    back = {"stage": "lead"}
    ready(
        database, change(action="set_stage", **back),
        change("crm-2", "set_stage", **back, back_because="The season starts anew"),
    )  # fmt: skip
    has(database, {"c1": record(lifecyclestage="customer")})
    standing, why = seen(of_crm(database))["c1"]
    assert (standing, why) == ("stopped", "it would move back: the item doesn't say why")
    has(database, {"c1": replace(record(lifecyclestage="customer"), contact_id="")})
    assert fields(one(of_crm(database)))["aicmo_contact_id"] == ("", "studio:c1", "not sent")
    has(database, {"c1": record(lifecyclestage="customer")})
    (stage,) = one(of_crm(database, "crm-2")).fields
    assert stage.becomes == "back, because The season starts anew"


def test_where_a_person_has_to_answer_nothing_of_the_contact_is_sent(database: Database) -> None:
    ready(database, fields=asking())
    has(database, {"c1": record(email="old@example.com", firstname="Person1", goal="swim")})
    found = one(of_crm(database))
    assert found.standing.value == "asks"
    assert fields(found)["email"][2] == "waits for the answer"
    assert fields(found)["goal"][2] == "the CRM has another value: a person has to answer"


# What was read


def test_without_a_reading_it_says_so_and_what_would_be(database: Database) -> None:
    ready(database, fields=asking())
    found = one(of_crm(database))
    assert (found.standing.value, found.read_at) == ("unread", None)
    assert fields(found) == {
        "email": (None, "person1@example.com", "sent"),
        "firstname": (None, "Person1", "sent"),
        "goal": (None, "run", "sent where the CRM has nothing, else asked"),
    }
    (hint,) = [each for each in previewed(database)["crm-1"].found("hint") if "read" in each.fix]
    assert hint.text == "3 contacts weren’t read, so what would change isn’t known"
    assert hint.fix == "`aicmo crm read studio` reads what is there now"


def test_a_reading_of_another_account_says_nothing(database: Database) -> None:
    ready(database)
    has(database, {"c1": record(firstname="P.")}, identity="another portal")
    assert seen(of_crm(database))["c1"] == ("unread", "")
    has(database, {"c1": record(firstname="P.")})
    assert seen(of_crm(database))["c1"][0] == "changed"
    with database.write() as session:
        session.execute(update(Account).values(identity="a new portal"))
    assert seen(of_crm(database))["c1"] == ("unread", "")


def test_a_field_that_was_not_asked_for_is_not_taken_for_empty(database: Database) -> None:
    ready(database)
    has(database, {"c1": record(email="person1@example.com")}, names=("email",))
    why = "it was read before this field was planned"
    assert seen(of_crm(database))["c1"] == ("unread", why)


def test_what_we_have_changed_since_is_not_shown_as_it_was(database: Database) -> None:
    ready(database, change(), change("crm-2", "add_tag", tag="spring"))
    has(database, {"c1": record(topics="")}, at=NOW)
    gone = Delivery.id == one(of_crm(database)).delivery_id
    with database.write() as session:
        session.execute(
            update(Delivery).where(gone).values(state="sent", since=NOW + timedelta(minutes=1))
        )
    why = "we have changed the contact since it was read"
    assert seen(of_crm(database, "crm-2"))["c1"] == ("unread", why)
    has(database, {"c1": record(topics="")}, at=NOW + timedelta(minutes=2))
    assert seen(of_crm(database, "crm-2"))["c1"] == ("changed", "")


def test_an_old_reading_is_told_with_its_age(database: Database) -> None:
    ready(database)
    has(database, dict.fromkeys(("c1", "c2", "c3")), at=NOW - timedelta(days=3, hours=2))
    hints = [each.text for each in previewed(database)["crm-1"].found("hint")]
    assert "The contacts were read 3 days ago" in hints


# In all


def test_the_contacts_are_counted_by_what_becomes_of_them(database: Database) -> None:
    ready(database, fields=asking())
    has(
        database,
        {
            "c1": record(email="person1@example.com", firstname="Person1", goal="swim"),
            "c2": None,
            "c3": Several(("1", "2")),
        },
    )
    found = previewed(database)["crm-1"]
    assert found.crm is not None
    assert found.crm.counts == {"asks": 1, "added": 1, "stopped": 1}
    assert (found.would_send, found.would_go) == (1, 1)
    assert found.blocked_by == {
        "not approved": 3, CONFLICT: 1, "several contacts of the CRM fit": 1,
    }  # fmt: skip
    tallies = {(each.state, each.reason): each.count for each in Preview((found,)).tallies}
    assert tallies == {
        ("previewed", ""): 1,
        ("held", f"isn't changed in the CRM: {CONFLICT}"): 1,
        ("held", "isn't changed in the CRM: several contacts of the CRM fit"): 1,
    }
    warnings = [f"{each.text}. {each.fix}" for each in found.found("warning")]
    assert (
        f"1 contact stays as it is: {CONFLICT}. `aicmo crm ask studio` lists the questions"
        in warnings
    )


def test_more_contacts_than_can_be_shown_are_counted(database: Database) -> None:
    people = [contact(number) for number in range(600)]
    import_crm(database, change(), contacts=people)
    connect(database)
    crm = of_crm(database)
    assert (crm.counts[Standing.UNREAD], len(crm.contacts)) == (600, 500)


def test_without_an_account_nothing_would_go_out(database: Database) -> None:
    import_crm(database, change(), contacts=PEOPLE)
    found = previewed(database)["crm-1"]
    assert (found.would_send, found.would_go) == (3, 0)
    tallies = {(each.state, each.reason): each.count for each in Preview((found,)).tallies}
    assert tallies == {("held", "no CRM is connected"): 3}


def test_without_a_crm_section_the_deliveries_are_counted_only(database: Database) -> None:
    imported(database, tagging())
    found = previewed(database)["crm-1"]
    assert (found.crm, found.would_send, found.would_go) == (None, 3, 0)
    assert approvals.approve(database, "studio", None, approved_by="Ann", now=NOW)


def test_what_is_noted_of_an_email_is_shown_with_each_person(database: Database) -> None:
    people = [contact(1), contact(2, first_name=None), contact(3, consent="unsubscribed")]
    import_crm(database, email(), post(), contacts=people, log_emails=True, log_posts_to="everyone")
    connect(database)
    has(database, {"c1": record(), "c2": None})
    noted = {
        each.contact: (each.standing.value, each.noted)
        for each in of_crm(database, "mail-1-log").contacts
    }
    assert noted["c1"] == ("noted", "Email sent: Hello Person1")
    assert noted["c2"] == ("stopped", "Email sent: Hello there")
    about = one(of_crm(database, "post-1-log"))
    assert (about.noted, about.activity and about.activity.at) == (
        "Post on LinkedIn: We open on Monday.",
        None,
    )


# Bad input


BAD = [contact(1, attributes={"goal": "x" * 21}), contact(2, attributes={"goal": "y" * 21})]


def errors(database: Database, key: str = "crm-1") -> list[str]:
    return [f"{each.place}: {each.text}" for each in previewed(database, key)[key].found("error")]


def test_values_that_the_crm_does_not_take_are_refused_with_place_and_reason(
    database: Database,
) -> None:
    import_crm(database, change(), contacts=[*BAD, contact(3)])
    connect(database)
    knows_schema(database)
    assert errors(database) == [
        "contact.goal: 2 contacts (c1, c2): goal (goal) has 21 characters, and the CRM takes 20"
    ]
    found = previewed(database)["crm-1"]
    assert (found.would_send, found.findings_count) == (1, 2)
    assert [each.contact for each in found.findings] == ["c1", "c2"]


@pytest.mark.parametrize(
    ("item", "schema", "place", "said"),
    [
        (
            change(action="set_properties", properties={"goal": "x" * 21}), [],
            "content.properties.goal", "goal has 21 characters",
        ),
        (
            change(), [Property(name="firstname", type="number")], "crm.fields[1].type",
            "Firstname is of type number in the CRM, not text",
        ),
        (
            change(action="set_stage", stage="customer"),
            [Property(name="lifecyclestage", type="choice", writable=False)],
            "crm.stages.property", "can't be written in the CRM",
        ),
        (
            change(action="add_tag", tag="spring"), [Property(name="topics", type="text")],
            "crm.tags", "doesn't take several choices",
        ),
    ],
)  # fmt: skip
def test_what_the_crms_own_schema_does_not_have_is_refused(
    database: Database, item: dict[str, Any], schema: list[Property], place: str, said: str
) -> None:
    ready(database, item)
    knows_schema(database, *schema)
    found = {each.place: str(each).lower() for each in previewed(database)["crm-1"].found("error")}
    assert said.lower() in found[place]


def test_a_part_of_the_mapping_that_an_item_does_not_use_keeps_it_from_nothing(
    database: Database,
) -> None:
    ready(database, change(action="set_properties", properties={"goal": "walk"}))
    knows_schema(database, Property(name="topics", type="text"))
    assert errors(database) == []


def test_what_has_errors_is_not_approved_and_the_rest_is(database: Database) -> None:
    sound = change("crm-2", "set_properties", properties={"goal": "walk"})
    import_crm(database, change(), sound, contacts=BAD)
    connect(database)
    knows_schema(database)
    with pytest.raises(CopyRefused) as refused:
        approvals.approve(database, "studio", None, approved_by="Ann", now=NOW)
    assert list(refused.value.refused) == ["crm-1"]
    assert [each.item for each in refused.value.approved] == ["crm-2"]
    assert "contact.goal" in str(refused.value)
