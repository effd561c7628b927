"""A doubt is shown with everything known about it, and a person's decision does just that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject
from aicmo.execution import approvals, retrying
from aicmo.execution.deciding import Decision, decide
from aicmo.execution.doubts import Standing, list_doubts
from aicmo.execution.importing import import_document
from aicmo.execution.settling import MAX_ATTEMPTS
from aicmo.execution.states import LAPSED
from aicmo.models import Attempt, Delivery, Reading
from tests.conftest import KEY
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import NOW, brand, contact, document, imported, post
from tests.unit.doubtful_rows import (
    MINUTES,
    SECONDS,
    ClockedDatabase,
    change,
    doubtful,
    listed,
    row,
)
from tests.unit.live_runs import books, execute


def settled(database: Database, ids: list[int], decision: Decision, **changes: Any) -> list[int]:
    said = {"by": "Ann", "reason": "the relay's log"} | changes
    return decide(database, "studio", ids, decision, **said)


def test_a_doubt_is_listed_with_all_its_evidence(database: Database) -> None:
    first, *_ = doubtful(database)
    with database.write() as session:
        session.add(Reading(delivery_id=first, read_at=NOW, found="absent", detail="not indexed"))
    found, *others = listed(database)
    assert (found.delivery_id, found.item, found.channel) == (first, "mail-1", "email")
    assert found.recipient == "person1@example.com"
    assert (found.standing, found.reason, found.since) == (Standing.OPEN, "no answer", NOW)
    assert found.token == row(database, first).token
    (sent,) = found.attempts
    assert (sent.number, sent.outcome, sent.detail) == (
        1, "unknown", "connection failed: TimeoutError",
    )  # fmt: skip
    assert (sent.armed_at, sent.ended_at) == (NOW - 10 * SECONDS, NOW)
    assert sent.started_by == "Casey"
    (answer,) = found.readings
    assert (answer.read_at, answer.found, answer.detail) == (NOW, "absent", "not indexed")
    assert [each.readings for each in others] == [(), ()]
    assert [len(each.attempts) for each in others] == [1, 1]


def test_only_what_is_in_doubt_is_listed(database: Database) -> None:
    first, second, third = doubtful(database)
    change(database, first, state="sent")
    change(database, second, state="pending", ambiguous=False)
    assert [each.delivery_id for each in listed(database)] == [third]


def test_what_a_stopped_worker_left_is_told_before_it_is_recorded(database: Database) -> None:
    first, *_ = doubtful(database, people=1)
    change(database, first, state="sending", reason="", lease_until=NOW)
    assert listed(database, NOW - SECONDS) == []
    (found,) = listed(database, NOW + SECONDS)
    assert (found.standing, found.reason) == (Standing.UNRECORDED, LAPSED)


def test_what_will_be_repeated_safely_is_told_apart(database: Database) -> None:
    first, *_ = doubtful(database, people=1)
    change(database, first, state="pending", repeatable_until=NOW + MINUTES)
    assert [each.standing for each in listed(database)] == [Standing.REPEATS]


def test_a_doubt_began_with_the_first_attempt_that_may_have_gone_out(database: Database) -> None:
    (only,) = doubtful(database, people=1)
    with database.write() as session:
        proven = session.scalars(select(Attempt)).one()
        proven.outcome = "not_sent"
        again = {
            name: getattr(proven, name)
            for name in ("delivery_id", "account_id", "run_id", "gateway")
        }
        for number, outcome in ((2, "unknown"), (3, "")):
            session.add(
                Attempt(**again, number=number, fence=7, payload_sha256="0" * 64,
                        armed_at=NOW + number * MINUTES, outcome=outcome)
            )  # fmt: skip
    assert [each.began_at for each in listed(database)] == [NOW + 2 * MINUTES]
    assert listed(database)[0].delivery_id == only


def test_a_post_has_no_recipient(database: Database) -> None:
    imported(database, post())
    with database.read() as session:
        only = session.scalars(select(Delivery.id)).one()
    change(database, only, state="unknown")
    assert [(each.recipient, each.attempts) for each in listed(database)] == [("", ())]


def test_what_is_there_counts_as_sent_with_its_reference(database_url: str) -> None:
    database = ClockedDatabase(database_url)
    first, second, third = doubtful(database)
    database.at = NOW + 5 * MINUTES
    with pytest.raises(FixInput, match="can't be that of 2 deliveries"):
        settled(database, [third, first], Decision.IS_THERE, reference="250 Q1")
    assert settled(database, [first], Decision.IS_THERE, reference="250 Q1") == [first]
    assert settled(database, [third], Decision.IS_THERE) == [third]
    assert [row(database, each).state for each in (first, second, third)] == [
        "sent", "unknown", "sent",
    ]  # fmt: skip
    assert [row(database, each).provider_ref for each in (first, third)] == ["250 Q1", ""]
    assert row(database, first).since == NOW + 5 * MINUTES
    assert books(database).balanced
    database.dispose()


def test_a_decision_is_audited_beside_the_move_it_makes(database: Database) -> None:
    ids = doubtful(database)
    settled(database, ids, Decision.IS_THERE)
    with database.read() as session:
        *_, moved, decided = audit.events(session, "studio", newest=2)
        assert audit.verify(session, "studio").broken_at is None
    assert (moved.event, decided.event) == ("delivery.moved", "doubt.decided")
    assert (moved.actor, decided.actor) == ("Ann", "Ann")
    told = json.loads(decided.data)
    assert (told["decision"], told["reason"]) == ("is_there", "the relay's log")
    assert told["deliveries"] == json.loads(moved.data)["deliveries"] == ids


@pytest.mark.parametrize("attempts", [1, MAX_ATTEMPTS])
def test_what_is_not_there_goes_out_once_more(database: Database, attempts: int) -> None:
    (only,) = doubtful(database, people=1, attempts=attempts)
    settled(database, [only], Decision.IS_NOT_THERE)
    assert books(database).count("waiting") == 1
    with SmtpPeer() as peer:
        assert execute(database, peer).items_sent_successfully == 1
        assert list(peer.effects.values()) == [1]


def test_nobody_can_know_that_it_is_not_there_while_it_may_still_arrive(sqlite_url: str) -> None:
    database = ClockedDatabase(sqlite_url)
    old, fresh = doubtful(database, people=2)
    change(database, fresh, since=NOW + 5 * MINUTES)
    database.at = NOW + 11 * MINUTES
    with pytest.raises(FixInput, match="too early") as caught:
        settled(database, [old, fresh], Decision.IS_NOT_THERE)
    assert "at 15:16 UTC" in caught.value.next_step
    assert books(database).count("unknown") == 2
    settled(database, [old], Decision.IS_NOT_THERE)
    settled(database, [fresh], Decision.IS_THERE)
    database.dispose()


def test_what_goes_out_again_goes_out_as_the_sender_of_now(database: Database) -> None:
    (only,) = doubtful(database, people=1)
    imported(
        database,
        contacts=[contact(1)],
        brand=brand(sender={"name": "Northside Studio", "email": "new@northside.example.com"}),
    )
    account = row(database, only).account_id
    settled(database, [only], Decision.IS_NOT_THERE)
    assert row(database, only).account_id != account


def test_what_is_not_there_waits_under_the_guards(database: Database) -> None:
    (only,) = doubtful(database, people=1)
    approvals.revoke(database, "studio", None, by="Ann", now=NOW)
    settled(database, [only], Decision.IS_NOT_THERE)
    assert books(database).reasons("held") == {"not approved": 1}
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 0


def test_what_was_not_there_is_no_doubt_any_more(database: Database) -> None:
    (only,) = doubtful(database, people=1, not_before=NOW, repeatable_until=NOW)
    settled(database, [only], Decision.IS_NOT_THERE)
    found = row(database, only)
    assert (found.ambiguous, found.not_before, found.repeatable_until) == (False, None, None)
    assert listed(database) == []


def test_what_is_given_up_failed_for_a_reason_and_stays_ambiguous(database: Database) -> None:
    (only,) = doubtful(database, people=1)
    settled(database, [only], Decision.GIVE_UP, reason="nobody knows " * 30)
    found = row(database, only)
    assert (found.state, found.ambiguous) == ("failed", True)
    assert found.reason.startswith("given up: nobody knows")
    retrying.retry(database, "studio", None, by="Ann", reason="the relay is back")
    assert row(database, only).state == "failed"
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 0


def test_an_id_that_is_no_doubt_is_named_and_nothing_changes(database: Database) -> None:
    first, second, third = doubtful(database)
    change(database, second, state="sent")
    change(database, third, state="sending", lease_until=NOW)
    with pytest.raises(FixInput, match=rf"no doubt {second}, {third}, 99 ") as refused:
        settled(database, [first, second, third, 99], Decision.IS_THERE)
    assert "aicmo reconcile studio" in refused.value.next_step
    assert row(database, first).state == "unknown"


def test_a_doubt_of_another_project_is_none_of_this_one(database: Database) -> None:
    doubtful(database, people=1)
    other = document(post(), id="other")
    import_document(database, other, source="test", actor="tester", secret_key=KEY)
    with database.read() as session:
        theirs = session.scalars(select(Delivery.id).where(Delivery.project_id == "other")).one()
    change(database, theirs, state="unknown")
    with pytest.raises(FixInput, match=f"no doubt {theirs} "):
        settled(database, [theirs], Decision.IS_THERE)
    assert row(database, theirs).state == "unknown"


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"reason": " "}, "needs a reason"),
        ({"by": ""}, "needs a name"),
        ({"reference": "Q1"}, "Only what is there"),
    ],
)
def test_a_decision_needs_a_name_and_a_reason(
    database: Database, changes: dict[str, str], missing: str
) -> None:
    ids = doubtful(database)
    with pytest.raises(FixInput, match=missing):
        settled(database, ids, Decision.GIVE_UP, **changes)
    assert {row(database, each).state for each in ids} == {"unknown"}


def test_a_project_that_is_not_there_is_named(database: Database) -> None:
    with database.read() as session, pytest.raises(NoSuchProject):
        list_doubts(session, "nowhere", now=NOW)
    with pytest.raises(NoSuchProject):
        decide(database, "nowhere", [1], Decision.IS_THERE, by="Ann", reason="seen")
