"""What is noted with contacts: emails and posts, each once it has gone out, and only then."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.execution.composing_crm import ChangeComposers
from aicmo.execution.project import load_plan
from aicmo.models import Delivery, Item
from tests.projects import NOW, approved, contact, email, post
from tests.unit.crm_projects import connect, import_crm
from tests.unit.test_guards import outcome

PEOPLE = [contact(1), contact(2, first_name=None)]


def noted(database: Database, key: str) -> dict[str, Any]:
    """By contact, the activity that an item would note."""
    with database.read() as session:
        plan = load_plan(session, "studio")
        ids = session.scalars(select(Delivery.id).join(Item).where(Item.key == key)).all()
        drafts = ChangeComposers(plan.document).drafts(session, key, ids)
        return {each.contact.key: each.change.activity for each in drafts if each.change}


def becomes(database: Database, key: str, state: str, recipient: str = "%", **values: Any) -> None:
    """As if the engine had settled these deliveries of an item."""
    with database.write() as session:
        mine = select(Item.id).where(Item.key == key).scalar_subquery()
        deliveries = update(Delivery).where(Delivery.item_id == mine)
        deliveries = deliveries.where(Delivery.recipient.like(recipient))
        session.execute(deliveries.values(state=state, since=NOW, **values))


def said_of(database: Database, key: str) -> dict[str, tuple[str, str]]:
    """By recipient, the state and reason that the guards leave an item's deliveries in."""
    outcome(database)
    with database.read() as session:
        rows = session.execute(
            select(Delivery.recipient, Delivery.state, Delivery.reason)
            .join(Item)
            .where(Item.key == key)
        )
        return {row[0]: (row[1], row[2]) for row in rows}


def test_nothing_is_noted_unless_the_project_asks_for_it(database: Database) -> None:
    assert import_crm(database, email(), post()).items == 2


def test_each_email_is_noted_with_its_contacts_and_each_post_with_an_audience(
    database: Database,
) -> None:
    made = import_crm(database, email(), post(), log_emails=True, log_posts_to="everyone")
    assert made.items == 4
    with database.read() as session:
        notes = session.execute(
            select(Item.key, Item.follows, Item.planned).where(Item.channel == "crm")
        )
        assert sorted(notes.tuples()) == [("mail-1-log", "mail-1", 2), ("post-1-log", "post-1", 2)]


def test_an_email_is_noted_with_whom_it_went_out_to_once_it_has(database: Database) -> None:
    import_crm(database, email(), contacts=PEOPLE, log_emails=True)
    connect(database)
    approved(database)
    waiting = ("pending", "put off: noted once it has gone out")
    assert set(said_of(database, "mail-1-log").values()) <= {waiting, ("pending", "")}

    becomes(database, "mail-1", "sent", "person1%")
    becomes(database, "mail-1", "skipped", "person2%")
    said = said_of(database, "mail-1-log")
    assert said["contact:c1"][0] == "pending"
    assert said["contact:c2"] == ("skipped", "what it notes didn't go out to them")
    assert outcome(database) >= {("waiting", "due")}


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_what_may_be_sent_again_is_noted_when_it_has(database: Database, state: str) -> None:
    import_crm(database, email(), contacts=PEOPLE[:1], log_emails=True)
    connect(database)
    approved(database)
    becomes(database, "mail-1", state)
    held = {"contact:c1": ("held", "what it notes didn't go out to them")}
    assert said_of(database, "mail-1-log") == held
    becomes(database, "mail-1", "sent")
    assert said_of(database, "mail-1-log")["contact:c1"][0] == "pending"


@pytest.mark.parametrize("state", ["pending", "sending", "unknown"])
def test_what_may_not_have_gone_out_is_not_noted(database: Database, state: str) -> None:
    import_crm(database, email(), contacts=PEOPLE[:1], log_emails=True)
    connect(database)
    approved(database)
    becomes(database, "mail-1", state)
    (activity,) = noted(database, "mail-1-log").values()
    assert activity.at is None
    assert ("waiting", "noted once it has gone out") in outcome(database)


def test_what_is_noted_says_when_and_what_went_out(database: Database) -> None:
    import_crm(database, email(), post(), contacts=PEOPLE, log_emails=True, log_posts_to="everyone")
    becomes(database, "mail-1", "sent")
    becomes(database, "post-1", "sent", permalink="https://network.example/1")

    emails = noted(database, "mail-1-log")
    assert {key: each.subject for key, each in emails.items()} == {
        "c1": "Hello Person1", "c2": "Hello there",
    }  # fmt: skip
    assert {each.at for each in emails.values()} == {NOW}
    posted = noted(database, "post-1-log")["c2"]
    assert (posted.subject, posted.body) == ("Post on LinkedIn", "We open on Monday.")
    assert (posted.at, posted.link) == (NOW, "https://network.example/1")
