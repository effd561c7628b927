"""A person gets no more than their share over all projects of a client, whoever sends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.execution import arming, courtesy, guards
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Contact, Delivery
from tests.projects import NOW, contact, email
from tests.unit.courteous_runs import (
    DAY,
    HOUR,
    claimed,
    not_before,
    ran,
    ready,
    set_deliveries,
    waiting,
)
from tests.unit.live_runs import armed_batch

WEEKLY = [{"count": 1, "days": 7}]
SECOND = timedelta(seconds=1)
HAD_ONE = "had 1 email in 7 days"


def two_projects(database: Database, client: str = "northside", people: int = 1) -> None:
    """Both write to the same people; the second one is of `client`."""
    ready(database, people, project="first", per_recipient=WEEKLY)
    ready(database, people, project="second", client=client, per_recipient=WEEKLY)


def test_what_another_project_of_the_client_sent_counts(database: Database) -> None:
    two_projects(database)
    assert ran(database, project="first") == ["person1"]
    assert ran(database, project="second") == []
    assert waiting(database, project="second") == {HAD_ONE: 1}


def test_what_another_client_sent_does_not(database: Database) -> None:
    two_projects(database, client="other")
    assert ran(database, project="first") == ["person1"]
    assert ran(database, project="second") == ["person1"]


def test_the_share_is_free_again_after_its_days(database: Database) -> None:
    two_projects(database)
    ran(database, project="first")
    assert ran(database, NOW + HOUR, project="second") == []
    free = NOW + 7 * DAY
    assert not_before(database) == [None, free]
    assert ran(database, free - SECOND, project="second") == []
    assert ran(database, free, project="second") == ["person1"]


def test_a_time_within_an_hour_is_that_hour_s_end(database: Database) -> None:
    two_projects(database)
    ran(database, NOW + 20 * SECOND, project="first")
    ran(database, NOW + HOUR, project="second")
    assert not_before(database) == [None, NOW + 7 * DAY + HOUR]


def test_every_frequency_is_kept(database: Database) -> None:
    rules = [{"count": 1, "days": 1}, {"count": 2, "days": 7}]
    ready(database, 1, *(email(f"mail-{each}") for each in range(4)), per_recipient=rules)
    times = [NOW, NOW + DAY - SECOND, NOW + DAY, NOW + 6 * DAY, NOW + 7 * DAY, NOW + 8 * DAY]
    assert [len(ran(database, at)) for at in times] == [1, 0, 1, 0, 1, 1]


STATES: list[tuple[dict[str, Any], bool]] = [
    ({"state": "sent"}, True),
    ({"state": "sending"}, True),
    ({"state": "unknown", "ambiguous": True}, True),
    ({"state": "pending", "ambiguous": True}, True),
    ({"state": "failed", "ambiguous": True}, True),
    ({"state": "failed"}, False),
    ({"state": "pending"}, False),
]


@pytest.mark.parametrize(("values", "counts"), STATES)
def test_what_went_out_or_may_have_counts_and_a_refusal_does_not(
    database: Database, values: dict[str, Any], *, counts: bool
) -> None:
    two_projects(database)
    ran(database, project="first")
    set_deliveries(database, "first", **values)
    assert ran(database, project="second") == ([] if counts else ["person1"])


def test_an_email_that_is_repeated_does_not_count_against_itself(database: Database) -> None:
    ready(database, 1, per_recipient=WEEKLY)
    ran(database)
    again = {"state": "pending", "ambiguous": True, "repeatable_until": NOW + DAY}
    set_deliveries(database, "studio", **again)
    with database.read() as session:
        says = courtesy.of_project(session, "studio", NOW)
        verdict = session.execute(guards.verdicts(CHANNELS_WITH_GATEWAY, says)).one()[1]
    assert guards.read_verdict(verdict).may_go


def test_the_address_counts_and_not_the_contact_s_name(database: Database) -> None:
    ready(database, [contact(1)], project="first", per_recipient=WEEKLY)
    moved = [contact(9, email="PERSON1@example.com"), contact(1, email="new@example.com")]
    ready(database, moved, project="second", per_recipient=WEEKLY)
    ran(database, project="first")
    assert ran(database, project="second") == ["new"]


def test_a_share_that_is_used_up_between_claim_and_arming_is_kept(database: Database) -> None:
    two_projects(database, people=2)
    run, claim = claimed(database, NOW, "second")
    assert len(ran(database, project="first")) == 2
    assert armed_batch(run, claim).outgoing == ()
    assert waiting(database, project="second") == {HAD_ONE: 2}
    assert not_before(database)[2:] == [NOW + 7 * DAY] * 2


def test_who_is_twice_in_a_batch_gets_one(database: Database) -> None:
    ready(database, 3, per_recipient=WEEKLY)
    with database.write() as session:
        first = session.scalars(select(Contact.address_hmac).order_by(Contact.id)).first()
        session.execute(update(Contact).values(address_hmac=first))
    assert len(ran(database)) == 1
    assert waiting(database) == {HAD_ONE: 2}


def both_at_once(database: Database) -> list[list[str]]:
    def run(project: str) -> list[str]:
        return ran(database, project=project)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, ("first", "second")))


def test_two_workers_do_not_both_take_the_last_place(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_projects(database, people=5)
    together, write = Barrier(2), arming.attempts.write

    def write_together(*arguments: Any) -> None:
        # Whoever comes second waits for a lock meanwhile.
        with suppress(BrokenBarrierError):
            together.wait(timeout=2)
        write(*arguments)

    monkeypatch.setattr(arming.attempts, "write", write_together)
    got = both_at_once(database)
    assert sorted(got[0] + got[1]) == [f"person{number}" for number in range(1, 6)]


def test_two_clients_do_not_wait_for_each_other(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgres_url)
    two_projects(database, client="other")
    together, write = Barrier(2), arming.attempts.write

    def write_together(*arguments: Any) -> None:
        together.wait(timeout=20)
        write(*arguments)

    monkeypatch.setattr(arming.attempts, "write", write_together)
    got = both_at_once(database)
    database.dispose()
    assert got == [["person1"], ["person1"]]


def test_what_a_restart_left_in_the_ledger_is_counted_by_its_own_time(database: Database) -> None:
    """The time of the attempt counts, not when somebody settled what became of it."""
    two_projects(database)
    ran(database, project="first")
    set_deliveries(database, "first", since=datetime(2027, 1, 1, tzinfo=UTC))
    assert ran(database, NOW + 8 * DAY, project="second") == ["person1"]
    with database.read() as session:
        assert set(session.scalars(select(Delivery.state))) == {"sent"}
