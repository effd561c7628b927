"""Every guard stops a delivery with its reason, and a hold ends when its reason is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.execution import approvals, claims, guards, pauses
from aicmo.execution.report import read_books
from aicmo.execution.states import Mover
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Account, Delivery, Item, Suppression
from tests.projects import NOW, TOMORROW, approved, contact, crm, email, imported, post
from tests.unit.crm_projects import change, connect, import_crm


def outcome(database: Database, at: Any = NOW) -> set[tuple[str, str]]:
    """What the guards make of the plan's deliveries: state and reason."""
    mover = Mover("studio", "tester", at, None)
    with database.read() as session:
        items = list(session.scalars(select(Item.id)))
    claims.sort_by_guards(database, mover, items, CHANNELS_WITH_GATEWAY)
    with database.read() as session:
        books = read_books(session, "studio", now=at)
    assert books.balanced
    return {(tally.state, tally.reason) for tally in books.tallies}


def only(**changes: Any) -> list[dict[str, Any]]:
    return [contact(1, **changes)]


GONE: list[tuple[dict[str, Any], str]] = [
    ({"consent": "unsubscribed"}, "unsubscribed"),
    ({"hard_bounced": True}, "hard bounced"),
]
LACKING: list[tuple[dict[str, Any], str]] = [
    ({"consent": "unknown", "consent_source": None}, "no consent"),
    ({"email": None}, "no email address"),
]


@pytest.mark.parametrize(("changes", "reason"), GONE, ids=[row[1] for row in GONE])
def test_a_recipient_who_left_is_skipped_for_good(
    database: Database, changes: dict[str, Any], reason: str
) -> None:
    imported(database, email(), contacts=only(**changes))
    approved(database)
    assert outcome(database) == {("skipped", reason)}
    imported(database, email(), contacts=only())
    approved(database)
    assert outcome(database) == {("skipped", reason)}


@pytest.mark.parametrize(("changes", "reason"), LACKING, ids=[row[1] for row in LACKING])
def test_a_recipient_who_lacks_something_is_held_until_it_is_there(
    database: Database, changes: dict[str, Any], reason: str
) -> None:
    imported(database, email(), contacts=only(**changes))
    approved(database)
    assert outcome(database) == {("held", reason)}
    imported(database, email(), contacts=only())
    approved(database)
    assert ("waiting", "due") in outcome(database)


def test_nothing_goes_without_an_approval(database: Database) -> None:
    imported(database)
    assert outcome(database) == {("held", "not approved")}
    approved(database)
    assert outcome(database) == {("waiting", "due")}


def test_a_change_voids_the_approval_and_a_new_one_releases(database: Database) -> None:
    imported(database)
    approved(database)
    imported(database, email(content={"subject": "Changed", "body": "Come."}))
    assert outcome(database) == {("held", "changed since its approval")}
    approved(database)
    assert outcome(database) == {("waiting", "due")}


def test_a_revoked_approval_holds_again(database: Database) -> None:
    imported(database)
    approved(database)
    approvals.revoke(database, "studio", None, by="Ann", now=NOW)
    assert outcome(database) == {("held", "not approved")}


def test_a_revoked_approval_does_not_come_back_with_its_content(database: Database) -> None:
    imported(database)
    approved(database)
    approvals.revoke(database, "studio", None, by="Ann", now=NOW)
    imported(database, email(content={"subject": "Second", "body": "Come."}))
    approved(database)
    imported(database)
    assert outcome(database) == {("held", "changed since its approval")}


PAUSES: list[dict[str, str]] = [{}, {"project_id": "studio"}, {"channel": "email"}]


@pytest.mark.parametrize("switch", PAUSES, ids=["everything", "project", "channel"])
def test_each_pause_holds_until_it_is_released(database: Database, switch: dict[str, str]) -> None:
    imported(database)
    approved(database)
    assert pauses.pause(database, **switch, by="Ann", now=NOW)
    assert not pauses.pause(database, **switch, by="Ann", now=NOW)
    assert outcome(database) == {("held", "paused")}
    assert pauses.unpause(database, **switch, by="Ann")
    assert outcome(database) == {("waiting", "due")}


def test_a_pause_of_something_else_stops_nothing(database: Database) -> None:
    imported(database)
    approved(database)
    pauses.pause(database, channel="linkedin", by="Ann", now=NOW)
    assert outcome(database) == {("waiting", "due")}


def test_a_channel_without_gateway_is_held_in_words(database: Database) -> None:
    imported(database, crm())
    approved(database)
    with database.read() as session:
        items = list(session.scalars(select(Item.id)))
    claims.sort_by_guards(database, Mover("studio", "tester", NOW), items, ("email",))
    with database.read() as session:
        held = session.execute(select(Delivery.state, Delivery.reason).distinct())
        assert held.tuples().all() == [("held", "no gateway for crm")]


def test_a_change_waits_until_a_crm_is_connected(database: Database) -> None:
    import_crm(database, change())
    approved(database)
    assert outcome(database) == {("held", "no CRM is connected")}
    connect(database)
    approved(database)
    assert outcome(database) == {("waiting", "due")}


def test_a_post_without_an_account_is_a_person_s_to_do(database: Database) -> None:
    imported(database, post(channel="linkedin"), post("post-2", channel="x"))
    assert outcome(database) == {("held", "not approved")}
    approved(database)
    assert outcome(database) == {("held", guards.OPERATOR_TASK)}


def test_a_paused_account_holds_with_the_providers_code(database: Database) -> None:
    imported(database)
    approved(database)
    with database.write() as session:
        session.execute(update(Account).values(paused_at=NOW, pause_reason="535 5.7.8"))
    assert outcome(database) == {("held", "account paused: 535 5.7.8")}
    pauses.unpause(database, project_id="studio", channel="email", by="Ann")
    assert outcome(database) == {("waiting", "due")}


def test_a_later_item_waits_for_its_time(database: Database) -> None:
    imported(database, email(send_at=TOMORROW))
    approved(database)
    assert outcome(database) == {("waiting", "not due yet")}
    assert outcome(database, at=TOMORROW) == {("waiting", "due")}


def test_an_item_forgotten_over_an_outage_is_held_until_approved_again(database: Database) -> None:
    imported(database)
    approved(database)
    monday = NOW + timedelta(days=3)
    assert outcome(database, at=monday) == {("held", "late: approve it again to send it now")}
    approved(database, at=monday)
    assert outcome(database, at=monday) == {("waiting", "due")}


def test_a_closed_window_expires(database: Database) -> None:
    imported(database, email(send_until=TOMORROW.isoformat()))
    approved(database)
    assert outcome(database, at=TOMORROW + timedelta(hours=1)) == {
        ("expired", "its time window has closed")
    }


def test_a_longer_window_opens_an_expired_item_again(database: Database) -> None:
    imported(database, email(send_until=NOW.isoformat()))
    approved(database)
    late = NOW + timedelta(hours=1)
    assert outcome(database, at=late) == {("expired", "its time window has closed")}
    imported(database, email(send_until=TOMORROW.isoformat()))
    approved(database, at=late)
    assert outcome(database, at=late) == {("waiting", "due")}


def test_what_left_the_plan_is_held_and_what_comes_back_is_released(database: Database) -> None:
    imported(database, email())
    approved(database)
    imported(database, post())
    assert ("held", "no longer in the plan") in outcome(database)
    imported(database, email())
    approved(database)
    assert ("waiting", "due") in outcome(database)


@pytest.mark.parametrize("client", ["", "studio"], ids=["everywhere", "this client"])
def test_a_suppression_wins_over_consent(database: Database, client: str) -> None:
    imported(database, email(), contacts=only(consent="unsubscribed"))
    with database.write() as session:
        session.scalars(select(Suppression)).one().client = client
    imported(database, email(), contacts=only())
    approved(database)
    assert outcome(database) == {("skipped", "unsubscribed")}


def test_another_clients_suppression_is_not_ours(database: Database) -> None:
    imported(database, email(), contacts=only(consent="unsubscribed"))
    with database.write() as session:
        session.scalars(select(Suppression)).one().client = "other"
    imported(database, email(), contacts=only())
    approved(database)
    assert outcome(database) == {("waiting", "due")}


def test_the_books_follow_the_guards_without_a_run(database: Database) -> None:
    def told() -> set[tuple[str, str]]:
        with database.read() as session:
            books = read_books(session, "studio", now=NOW)
        return {(tally.state, tally.reason) for tally in books.tallies}

    imported(database)
    assert told() == {("held", "not approved")}
    approved(database)
    assert told() == {("waiting", "due")}
    imported(database, post())
    assert told() == {("held", "no longer in the plan"), ("held", "not approved")}
