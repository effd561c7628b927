"""Who follows the link in an email is never written to again, whenever the link is followed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import leaving
from aicmo.execution.journal import Journal
from aicmo.execution.leaving import find_letter, unsubscribe
from aicmo.execution.permission import Permission
from aicmo.models import Attempt, AuditEvent, Feedback
from aicmo.privacy import feedback_sha256
from tests.conftest import KEY
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import contact, email, imported
from tests.unit.departures import (
    address,
    hmac_of,
    letter_of,
    people,
    ready,
    sent,
    suppressions,
    token_of,
)
from tests.unit.live_runs import armed_batch, books, claimed, execute

BOTH = (email("mail-1"), email("mail-2"))
LEFT = [("studio", hmac_of(1), "unsubscribed")]


@pytest.fixture(autouse=True)
def secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())


def leave(database: Database, number: int = 1, **which: str) -> bool:
    return unsubscribe(database, letter_of(database, number, **which))


def test_leaving_suppresses_the_address_and_is_on_record_without_it(database: Database) -> None:
    sent(database)
    assert leave(database)
    assert suppressions(database) == LEFT
    letter = letter_of(database)
    with database.read() as session:
        noted = session.execute(select(Feedback.delivery_id, Feedback.kind)).all()
        said = select(AuditEvent.data).where(AuditEvent.event == "contact.unsubscribed")
        assert session.scalars(said).all() == [f'{{"delivery":{letter.delivery_id}}}']
        assert audit.verify(session, "studio").broken_at is None
    assert [tuple(row) for row in noted] == [(letter.delivery_id, "unsubscribed")]
    assert letter.has_left


def test_leaving_twice_is_leaving_once(database: Database) -> None:
    sent(database)
    assert [leave(database), leave(database)] == [True, False]
    assert suppressions(database) == LEFT
    with database.read() as session:
        assert session.scalars(select(func.count(Feedback.id))).one() == 1
        events = select(func.count()).where(AuditEvent.event == "contact.unsubscribed")
        assert session.scalars(events).one() == 1


@pytest.mark.parametrize("token", ["", "x", "a" * 26, "\N{SNOWMAN}", "' OR 1=1 --", "a" * 10_000])
def test_any_other_text_is_no_link(database: Database, token: str) -> None:
    sent(database)
    assert find_letter(database, token) is None


def test_the_stored_hash_is_no_token(database: Database) -> None:
    sent(database)
    hashed = feedback_sha256(token_of(database))
    with database.read() as session:
        assert hashed in session.scalars(select(Attempt.feedback_sha256)).all()
    assert find_letter(database, hashed) is None


def test_a_link_of_an_email_that_never_went_out_leads_nowhere(database: Database) -> None:
    ready(database)
    assert find_letter(database, token_of(database)) is None


def test_a_link_is_found_without_reading_all_attempts(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    question = leaving._LETTER.params(sha256="x").compile(
        database.engine, compile_kwargs={"literal_binds": True}
    )
    with database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}").all()
    assert any("ix_attempt_feedback_sha256" in row[-1] for row in plan), plan


def test_the_letter_is_in_the_clients_name(database: Database) -> None:
    sent(database, language="de")
    letter = letter_of(database)
    assert (letter.brand.name, letter.brand.colours.primary) == ("Northside Studio", "#12345a")
    assert (letter.language, letter.has_left) == ("de", False)


# When it wins


def test_who_leaves_between_claim_and_arm_gets_nothing(database: Database) -> None:
    sent(database)
    ready(database, *BOTH)
    run, claim = claimed(database)
    leave(database)
    assert len(armed_batch(run, claim).outgoing) == 2
    assert books(database).reasons("skipped") == {"unsubscribed": 1}


def test_who_leaves_between_arm_and_the_committing_byte_gets_nothing(database: Database) -> None:
    sent(database)
    ready(database, *BOTH)
    run, claim = claimed(database)
    batch = armed_batch(run, claim)
    assert len(batch.outgoing) == 3
    with (
        Journal(database.journal_folder) as journal,
        Permission(database, journal, run.plan, "email") as permission,
    ):
        leave(database)
        assert len(permission(batch.outgoing)) == 2
        assert list(permission.refused.values()) == ["unsubscribed"]
        journal.settled()


def test_who_leaves_while_others_are_being_written_to_gets_nothing(database: Database) -> None:
    sent(database, contacts=people(12))
    ready(database, *BOTH, contacts=people(12))
    with SmtpPeer() as peer:
        peer.after_effect = lambda taken: leave(database, 12) if taken == 1 else None
        execute(database, peer)
        assert peer.effects == {address(each): 1 for each in range(1, 12)}
    assert books(database).reasons("skipped") == {"unsubscribed": 1}


def test_after_the_committing_byte_it_is_too_late_for_that_email(database: Database) -> None:
    sent(database)
    leave(database)
    assert books(database).count("sent") == 3


def test_a_document_that_says_opt_in_brings_nobody_back(database: Database) -> None:
    sent(database)
    leave(database)
    again = imported(database, *BOTH, name="A later plan")
    assert again.contacts.resubscribed == ("c1",)
    assert any("c1" in warning for warning in again.warnings)
    assert sent(database, *BOTH).effects == {address(2): 1, address(3): 1}


# Whom it is about


def test_it_holds_for_every_project_of_the_client_and_for_no_other(database: Database) -> None:
    sent(database, client="north")
    leave(database)
    assert suppressions(database) == [("north", hmac_of(1), "unsubscribed")]
    ours = sent(database, project="second", client="north")
    assert address(1) not in ours.effects
    assert sent(database, project="stranger", client="south").effects.total() == 3


def test_it_is_about_the_address_that_got_the_email(database: Database) -> None:
    sent(database)
    letter = letter_of(database)
    moved = [contact(1, email="new1@example.com"), contact(2), contact(3)]
    imported(database, contacts=moved)
    unsubscribe(database, letter)
    assert suppressions(database) == LEFT
    assert "new1@example.com" in sent(database, *BOTH, contacts=moved).effects


# At the same time


def at_once(calls: list[Callable[[], bool]]) -> int:
    """How many of the calls were the first of their kind."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return sum(pool.map(lambda call: call(), calls))


def test_of_many_who_follow_one_link_at_once_one_is_the_first(database: Database) -> None:
    sent(database)
    letter = letter_of(database)
    assert at_once([lambda: unsubscribe(database, letter)] * 12) == 1
    assert suppressions(database) == LEFT


def test_two_projects_of_a_client_are_left_at_the_same_time(database: Database) -> None:
    for project in ("studio", "gym"):
        sent(database, project=project, client="north")
    letters = [letter_of(database, project=project) for project in ("studio", "gym")]
    calls: list[Callable[[], bool]] = [
        lambda letter=letter: unsubscribe(database, letter) for letter in letters * 6
    ]
    assert at_once(calls) == 2
    assert suppressions(database) == [("north", hmac_of(1), "unsubscribed")]
