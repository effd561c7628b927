"""A retry opens what is proven not to have gone out, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.execution import cancelling, deciding, retrying
from aicmo.execution.deciding import Decision
from aicmo.execution.retrying import Retried
from aicmo.models import Account, Delivery, Item
from tests.peers.smtp_peer import Answer, Script, SmtpPeer
from tests.projects import NOW, approved, brand, contact, email, imported
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.live_runs import books, execute, ready

REFUSED = Script(answers={"dot": Answer(reply="554 5.7.1 not like this")})
LOST = Script(answers={"dot": Answer(then="close", applies=True)})


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    # Its clock stands at the time of the plan.
    database = ClockedDatabase(database_url)
    yield database
    database.dispose()


def retry(database: Database, *keys: str) -> Retried:
    return retrying.retry(database, "studio", keys or None, by="Ann", reason="put right")


def failed(database: Database, people: int = 1) -> None:
    ready(database, people)
    with SmtpPeer(REFUSED) as peer:
        execute(database, peer)
    assert books(database).count("failed") == people


def decided(database: Database, decision: Decision) -> None:
    """An hour later, when no request can still be under way."""
    assert isinstance(database, ClockedDatabase)
    database.at = NOW + timedelta(hours=1)
    with database.read() as session:
        ids = list(session.scalars(select(Delivery.id).where(Delivery.state == "unknown")))
    deciding.decide(database, "studio", ids, decision, by="Ann", reason="looked at the log")


def test_what_was_refused_is_tried_again_and_goes_out_once(database: Database) -> None:
    failed(database, people=3)
    done = retry(database)
    assert done == Retried(("mail-1",), 3, {}, {})
    assert books(database).count("waiting") == 3
    with SmtpPeer() as peer:
        execute(database, peer)
        execute(database, peer)
        assert set(peer.effects.values()) == {1}
        assert peer.effects.total() == 3
    with database.read() as session:
        names = [row.event for row in audit.events(session, "studio", newest=100)]
        assert audit.verify(session, "studio").broken_at is None
    assert names.count("control.retried") == 1


def test_the_attempts_start_afresh(database: Database) -> None:
    ready(database, people=1)
    at = NOW
    later = Script(answers={"RCPT": Answer(reply="451 4.3.0 later")})
    with SmtpPeer(later) as peer:
        for _ in range(5):
            approved(database, at=at)
            execute(database, peer, at=at)
            at += timedelta(hours=5)
        assert books(database).count("failed") == 1
        assert retry(database).deliveries == 1
        approved(database, at=at)
        assert execute(database, peer, at=at).items_waiting == 1
        assert peer.connections == 6


def test_a_doubt_is_left_to_whoever_decides_doubts(database: Database) -> None:
    ready(database, people=1)
    with SmtpPeer(LOST) as peer:
        execute(database, peer)
        assert retry(database) == Retried(("mail-1",), 0, {}, {retrying.IN_DOUBT: 1})
        execute(database, peer)
        assert peer.effects.total() == 1
    assert books(database).count("unknown") == 1


def test_a_doubt_that_waits_to_be_repeated_is_left_too(database: Database) -> None:
    ready(database, people=1)
    with database.write() as session:
        session.execute(update(Delivery).values(ambiguous=True))
    assert retry(database).refused == {retrying.IN_DOUBT: 1}


def test_what_was_given_up_in_doubt_stays_failed(database: Database) -> None:
    ready(database, people=1)
    with SmtpPeer(LOST) as peer:
        execute(database, peer)
        decided(database, Decision.GIVE_UP)
        assert retry(database) == Retried(("mail-1",), 0, {}, {retrying.GIVEN_UP: 1})
        execute(database, peer)
        assert peer.effects.total() == 1


@pytest.mark.parametrize("ends_as", ["failed", "cancelled"])
def test_what_a_person_says_is_not_there_can_be_tried_again(
    database: Database, ends_as: str
) -> None:
    ready(database, people=1)
    with SmtpPeer(LOST) as peer:
        execute(database, peer)
    if ends_as == "cancelled":
        cancelling.cancel(database, "studio", None, by="Ann", reason="")
        assert retry(database).refused == {retrying.IN_DOUBT: 1}
    decided(database, Decision.IS_NOT_THERE)
    with SmtpPeer(REFUSED) as peer:
        execute(database, peer)
    assert books(database).count(ends_as) == 1
    assert retry(database, "mail-1") == Retried(("mail-1",), 1, {}, {})
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 1


def test_what_is_not_there_and_was_called_off_is_opened_before_any_run(database: Database) -> None:
    ready(database, people=2)
    with SmtpPeer(LOST) as peer:
        execute(database, peer)
    in_doubt = books(database).count("unknown")
    cancelling.cancel(database, "studio", None, by="Ann", reason="")
    decided(database, Decision.IS_NOT_THERE)
    assert in_doubt > 0
    assert retry(database, "mail-1") == Retried(("mail-1",), 2, {}, {})
    assert retry(database, "mail-1").deliveries == 0
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 2


def test_an_address_that_does_not_exist_is_not_written_to_again(database: Database) -> None:
    ready(database, people=2)
    script = Script(recipients={"person2@example.com": "550 5.1.1 no such user"})
    with SmtpPeer(script) as peer:
        execute(database, peer)
        assert retry(database).stopped == {"skipped: hard bounced": 1}
        execute(database, peer)
        assert peer.commands.count("RCPT TO:<person2@example.com>") == 1
    assert books(database).reasons("skipped") == {"hard bounced": 1}


def test_a_cancelled_item_is_opened_by_its_name_only(database: Database) -> None:
    imported(database, email("one"), email("two"))
    approved(database)
    cancelling.cancel(database, "studio", None, by="Ann", reason="")
    assert retry(database) == Retried(("one", "two"), 0, {}, {retrying.CALLED_OFF: 6})
    assert retry(database, "one") == Retried(("one",), 3, {}, {})
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 3
    assert (books(database).count("sent"), books(database).count("cancelled")) == (3, 3)


def test_a_wait_from_before_is_over(database: Database) -> None:
    ready(database, people=1)
    with SmtpPeer(Script(answers={"RCPT": Answer(reply="451 4.3.0 later")})) as peer:
        execute(database, peer)
    cancelling.cancel(database, "studio", None, by="Ann", reason="")
    retry(database, "mail-1")
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 1


def test_approval_applies_again(database: Database) -> None:
    failed(database)
    imported(database, email(content={"subject": "New", "body": "Come."}), contacts=[contact(1)])
    assert retry(database).stopped == {"held: changed since its approval": 1}
    with SmtpPeer() as peer:
        execute(database, peer)
        assert peer.effects.total() == 0
        approved(database)
        execute(database, peer)
        assert peer.effects.total() == 1


def test_it_goes_out_as_the_sender_of_the_plan_as_it_is_now(database: Database) -> None:
    failed(database)
    sender = {"name": "Studio", "email": "new@northside.example.com"}
    imported(database, contacts=[contact(1)], brand=brand(sender=sender))
    retry(database)
    with database.read() as session:
        query = select(Account.handle).join(Delivery, Delivery.account_id == Account.id)
        assert list(session.scalars(query)) == ["new@northside.example.com"]


def test_an_unknown_item_changes_nothing(database: Database) -> None:
    failed(database)
    cancelling.cancel(database, "studio", None, by="Ann", reason="")
    with pytest.raises(FixInput, match="studio has no item mail-9"):
        retry(database, "mail-1", "mail-9")
    assert books(database).count("failed") == 1
    with database.read() as session:
        assert session.scalars(select(Item.cancelled_at)).one() is not None


def test_more_than_a_page_is_opened_whole(database: Database) -> None:
    people = retrying.PAGE + 5
    imported(database, contacts=[contact(number) for number in range(people)])
    cancelling.cancel(database, "studio", None, by="Ann", reason="")
    assert retry(database, "mail-1").deliveries == people
    assert books(database).count("cancelled") == 0
