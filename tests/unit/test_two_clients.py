"""Who left one client is written to by none of its projects, and by other clients as before.

Two projects of each client are in one database, so that a question which forgets whose delivery it
asks about gives a wrong answer somewhere.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from aicmo.database import Database
from aicmo.execution import claims, courtesy, guards, retrying
from aicmo.execution.contacts import suppress
from aicmo.execution.journal import Journal
from aicmo.execution.permission import Permission
from aicmo.execution.project import load_plan
from aicmo.execution.states import Mover
from aicmo.gateways.contract import Outgoing
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Contact, Delivery, Item
from tests.projects import NOW
from tests.unit.courteous_runs import Clock, ran, ready, set_deliveries, stopped_when_armed, told

NORTH, SOUTH = ("north-1", "north-2"), ("south-1", "south-2")
PROJECTS = (*NORTH, *SOUTH)
GONE = {"north-1": 1, "north-2": 1, "south-1": 0, "south-2": 0}
"""Whose person 2 has left the client north."""


@pytest.fixture
def left(database: Database) -> Database:
    for project in PROJECTS:
        ready(database, 3, project=project, client=project[:5])
    leave(database)
    return database


def leave(database: Database) -> None:
    with database.write() as session:
        person = select(Contact.address_hmac).where(Contact.key == "c2").distinct()
        suppress(session, "north", session.scalars(person).one(), "unsubscribed", NOW)


def test_the_guards_judge_all_projects_at_once_as_one_by_one(left: Database) -> None:
    with left.read() as session:
        says = courtesy.of_project(session, "north-1", NOW)
        judged = guards.verdicts(CHANNELS_WITH_GATEWAY, says).add_columns(Delivery.project_id)
        rows = session.execute(judged).all()
    skipped = Counter(project for _, verdict, project in rows if verdict.startswith("skipped"))
    assert skipped == Counter({"north-1": 1, "north-2": 1})
    assert len(rows) == 12


def test_the_books_and_the_sort_skip_who_left_this_client(left: Database) -> None:
    for sort in (False, True):
        if sort:
            for project in PROJECTS:
                mover = Mover(project, "tester", NOW)
                with left.read() as session:
                    items = list(session.scalars(select(Item.id).where(Item.project_id == project)))
                claims.sort_by_guards(left, mover, items, CHANNELS_WITH_GATEWAY)
        assert {each: told(left, project=each).count("skipped") for each in PROJECTS} == GONE


@pytest.mark.parametrize("project", PROJECTS)
def test_a_run_leaves_out_who_left_this_client(left: Database, project: str) -> None:
    others = ["person1", "person3"]
    assert ran(left, project=project) == (
        others if GONE[project] else ["person1", "person2", "person3"]
    )


@pytest.mark.parametrize("project", PROJECTS)
def test_who_leaves_between_claim_and_arming_is_not_armed(database: Database, project: str) -> None:
    for each in PROJECTS:
        ready(database, 3, project=each, client=each[:5])

    class Leaving(Clock):
        """The person leaves when the batch is armed."""

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if value != NOW:
                leave(database)

    batch = stopped_when_armed(database, Leaving(NOW), NOW + timedelta(seconds=1), project)
    assert len(batch.outgoing) == 3 - GONE[project]


@pytest.mark.parametrize("project", PROJECTS)
def test_the_last_question_stops_who_left_this_client(left: Database, project: str) -> None:
    with left.read() as session:
        plan = load_plan(session, project)
        ids = list(session.scalars(
            select(Delivery.id).where(Delivery.project_id == project).order_by(Delivery.id)
        ))  # fmt: skip
    outgoing = [Outgoing(each, "", "", "", b"", 0.0) for each in ids]
    with Journal(left.journal_folder) as journal, Permission(left, journal, plan, "email") as asked:
        may_go = [each.delivery_id for each in asked(outgoing)]
        assert may_go == ([ids[0], ids[2]] if GONE[project] else ids)
        assert list(asked.refused.values()) == ["unsubscribed"] * GONE[project]
        journal.settled()


@pytest.mark.parametrize("project", PROJECTS)
def test_a_retry_opens_nothing_for_who_left_this_client(left: Database, project: str) -> None:
    set_deliveries(left, project, state="failed")
    retried = retrying.retry(left, project, None, by="Ann", reason="the relay was down")
    assert retried.stopped == ({"skipped: unsubscribed": 1} if GONE[project] else {})
