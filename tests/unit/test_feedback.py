"""Shows that bounces and complaints suppress whom they are about, and hostile ones nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from aicmo import audit
from aicmo.database import Database
from aicmo.execution.feedback import FeedbackRead, read_feedback
from aicmo.execution.states import State
from aicmo.gateways.mail_reports import Kind
from aicmo.gateways.mailboxes import FeedbackMailbox, Received
from aicmo.models import Contact, Delivery, Reading
from tests.projects import NOW
from tests.unit.mail_reports import bounce, complaint
from tests.unit.sent_rows import bounce_address, kept, sent, suppressed, token_of


class Messages(FeedbackMailbox):
    """A mailbox that holds what a test puts there."""

    def __init__(self, *contents: bytes) -> None:
        self.waiting = {str(number): content for number, content in enumerate(contents, 1)}

    def messages(self) -> Iterator[Received]:
        yield from [Received(*each) for each in self.waiting.items()]

    def mark_processed(self, name: str) -> None:
        del self.waiting[name]


def read(database: Database, *contents: bytes, journal: str = "") -> FeedbackRead:
    return read_feedback(database, Messages(*contents), by="Ann", journal_address=journal)


def states(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Delivery.state)))


def events(database: Database) -> list[str]:
    with database.read() as session:
        return [each.event for each in audit.events(session, "studio", newest=50)]


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
def test_a_hard_bounce_suppresses_the_address_at_once(database: Database, status: str) -> None:
    first, _ = sent(database)
    mailbox = Messages(bounce(bounce_address(first), status=status))

    told = read_feedback(database, mailbox, by="Ann")

    (came_back,) = told.came_back
    assert (came_back.kind, came_back.status, came_back.suppressed) == (
        Kind.BOUNCED,
        status,
        "hard bounced",
    )
    assert (came_back.project_id, came_back.item, came_back.recipient) == (
        "studio",
        "mail-1",
        "person1@example.com",
    )
    assert suppressed(database) == [("studio", "c1", "hard bounced")]
    assert kept(database) == [(first.id, "bounced", status)]
    assert mailbox.waiting == {}
    assert states(database) == {"sent"}  # the books don't change


def test_the_audit_log_tells_it_without_an_address(database: Database) -> None:
    first, _ = sent(database)
    read(database, bounce(bounce_address(first)))

    with database.read() as session:
        *_, received, address = audit.events(session, "studio", newest=50)
        assert audit.verify(session, "studio").broken_at is None
    assert (received.event, address.event) == ("feedback.received", "address.suppressed")
    assert json.loads(received.data) == {
        "delivery": first.id,
        "kind": "bounced",
        "status": "5.1.1",
    }
    assert "@" not in received.data + address.data


def test_a_report_counts_once_however_often_it_is_read(database: Database) -> None:
    first, _ = sent(database)
    message = bounce(bounce_address(first))

    told = [read(database, message, message), read(database, message)]

    assert [(len(each.came_back), each.known) for each in told] == [(1, 1), (0, 1)]
    assert len(kept(database)) == 1
    assert events(database).count("feedback.received") == 1


def test_two_readers_at_once_count_once(database: Database) -> None:
    mails = sent(database, people=3)
    reports = [bounce(bounce_address(each)) for each in mails]

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: read(database, *reports), range(4)))

    assert sum(len(each.came_back) for each in told) == 3
    assert sum(each.known for each in told) == 9
    assert len(kept(database)) == len(suppressed(database)) == 3


def test_another_refusal_suppresses_after_three_emails_only(database: Database) -> None:
    mails = sent(database, people=1, mails=4)
    reports = [bounce(bounce_address(each), status="5.7.1") for each in mails]

    again = reports[0].replace(b"15:10:00", b"15:11:00")
    first = read(database, reports[0], again, reports[1])
    assert suppressed(database) == []
    second = read(database, reports[2], reports[3])

    assert [each.suppressed for each in first.came_back] == ["", "", ""]
    assert [each.suppressed for each in second.came_back] == ["bounced 3 times", ""]
    assert suppressed(database) == [("studio", "c1", "bounced 3 times")]


def test_refusals_add_up_within_a_client_and_not_across(database: Database) -> None:
    mine = sent(database, people=1, mails=2)
    theirs = sent(database, people=1, mails=1, id="other", client="another")
    ours = sent(database, people=1, mails=1, id="second", client="studio")

    read(database, *(bounce(bounce_address(each), status="5.2.1") for each in (*mine, *theirs)))
    assert suppressed(database) == []
    read(database, bounce(bounce_address(ours[0]), status="5.2.1"))

    assert {client for client, _, _ in suppressed(database)} == {"studio"}


@pytest.mark.parametrize(
    ("action", "status"),
    [("failed", "4.4.7"), ("delayed", "4.2.2"), ("delivered", "2.0.0"), ("failed", "nonsense"),
     ("delayed", "5.1.1"), ("delivered", "5.1.1")],
)  # fmt: skip
def test_what_may_pass_suppresses_nobody(database: Database, action: str, status: str) -> None:
    mails = sent(database, people=1, mails=5)
    told = read(
        database, *(bounce(bounce_address(each), action=action, status=status) for each in mails)
    )

    assert len(told.came_back) == 5
    assert suppressed(database) == []


def test_a_complaint_suppresses_at_once(database: Database) -> None:
    first, second = sent(database)
    told = read(
        database,
        complaint(mail_from=bounce_address(first)),
        complaint(
            message_id=f"{second.token}@northside.example.com", recipient="person2@example.com"
        ),
    )

    assert told.count(Kind.COMPLAINED) == 2
    assert suppressed(database) == [("studio", "c1", "complained"), ("studio", "c2", "complained")]


def test_a_message_id_with_the_recipients_own_address_is_enough(database: Database) -> None:
    first, second = sent(database)
    told = read(
        database,
        bounce(message_id=f"{first.token}@northside.example.com", recipient="Person1@example.com"),
        bounce(envelope_id=second.token, recipient="person2@example.com"),
    )

    assert told.count(Kind.BOUNCED) == 2
    assert [key for _, key, _ in suppressed(database)] == ["c1", "c2"]


def test_the_token_comes_before_the_message_id(database: Database) -> None:
    first, second = sent(database)
    message = bounce(
        bounce_address(first),
        message_id=f"{second.token}@x.example",
        recipient="person2@example.com",
    )
    (came_back,) = read(database, message).came_back

    assert came_back.delivery_id == first.id
    assert suppressed(database) == [("studio", "c1", "hard bounced")]


def test_a_bounce_of_a_forwarded_message_is_still_about_its_recipient(database: Database) -> None:
    first, _ = sent(database)
    read(database, bounce(bounce_address(first), recipient="home@elsewhere.example"))

    assert suppressed(database) == [("studio", "c1", "hard bounced")]


def hostile(mine: Delivery, other: Delivery) -> dict[str, bytes]:
    """Reports by whoever got `mine`, about `other`; and by whoever guesses."""
    own_id, id_of_other = f"{mine.token}@x.example", f"{other.token}@x.example"
    wrong = f"bounces+{'a' * 26}@northside.example.com"
    return {
        "wrong token": bounce(wrong, recipient=other.recipient),
        "token of the wrong length": bounce(f"bounces+{token_of(other)}a@x.example"),
        "the kept hash as the token": bounce(f"bounces+{other.token}@x.example"),
        "own id, another recipient": bounce(message_id=own_id, recipient=other.recipient),
        "id of another, no recipient": bounce(message_id=id_of_other, recipient=""),
        "id of another, own recipient": bounce(message_id=id_of_other, recipient=mine.recipient),
        "only the recipient": bounce(recipient=other.recipient),
        "guessed id": bounce(message_id="1@x.example", envelope_id="1", recipient=other.recipient),
        "before it was sent": bounce(bounce_address(other), date="Mon, 02 Mar 2026 15:00:00 +0000"),
        "token in the subject": bounce().replace(b"Undelivered Mail", token_of(other).encode()),
        "complaint, wrong token": complaint(mail_from=wrong, recipient=other.recipient),
        "complaint, id only": complaint(message_id=id_of_other),
        "complaint, another recipient": complaint(message_id=own_id, recipient=other.recipient),
    }  # fmt: skip


def test_hostile_reports_suppress_nobody_and_stay_where_they_are(database: Database) -> None:
    mine, other = sent(database)
    reports = hostile(mine, other)
    mailbox = Messages(*reports.values(), b"Subject: hi\r\n\r\nhello\r\n")

    told = read_feedback(database, mailbox, by="Ann")

    assert told.came_back == ()
    assert suppressed(database) == []
    assert kept(database) == []
    assert len(mailbox.waiting) == len(reports) + 1
    assert [each.name for each in told.left] == list(mailbox.waiting)
    assert told.left[0].reason == "it names no email that this installation sent"
    assert told.left[-1].reason == "it is no delivery report or complaint"
    assert told.messages == len(reports) + 1


def test_nothing_is_said_of_what_was_never_armed(database: Database) -> None:
    first, _ = sent(database)
    with database.write() as session:
        session.execute(update(Delivery).values(state="pending", attempts=0))
        session.connection().exec_driver_sql("DELETE FROM attempt")

    own_id = f"{first.token}@northside.example.com"
    told = read(database, bounce(bounce_address(first), message_id=own_id, envelope_id=first.token))

    assert (told.came_back, suppressed(database)) == ((), [])


@pytest.mark.parametrize("gone", ["journal@agency.example", "where-it-is-passed-on@example.net"])
def test_what_the_journals_copy_bounces_is_about_no_contact(database: Database, gone: str) -> None:
    first, _ = sent(database)
    message = bounce(bounce_address(first), recipient=gone)

    told = read(database, message, journal="Journal@agency.example")

    assert (told.came_back, len(told.left), suppressed(database)) == ((), 1, [])


def test_beside_a_journal_a_contact_bounces_all_the_same(database: Database) -> None:
    first, _ = sent(database)
    told = read(database, bounce(bounce_address(first)), journal="journal@agency.example")

    assert [each.suppressed for each in told.came_back] == ["hard bounced"]


def test_the_address_that_got_it_is_suppressed_not_the_contacts_new_one(
    database: Database,
) -> None:
    first, _ = sent(database)
    with database.write() as session:
        changed = update(Contact).where(Contact.key == "c1")
        session.execute(changed.values(mailbox="new@example.com", address_hmac="f" * 64))

    (came_back,) = read(database, bounce(bounce_address(first))).came_back

    assert came_back.suppressed == "hard bounced"
    assert suppressed(database) == []  # nobody has that address now


@pytest.mark.parametrize(
    ("action", "status"), [("failed", "5.1.1"), ("delayed", "4.2.2"), ("delivered", "2.0.0")]
)
def test_what_came_back_had_been_accepted(database: Database, action: str, status: str) -> None:
    first, second = sent(database, state=State.UNKNOWN)

    told = read(database, bounce(bounce_address(first), action=action, status=status))

    assert told.settled == 1
    with database.read() as session:
        assert session.get_one(Delivery, first.id).state == "sent"
        assert session.get_one(Delivery, second.id).state == "unknown"
        evidence = session.scalars(select(Reading)).one()
    assert (evidence.delivery_id, evidence.found) == (first.id, "present")
    assert status in evidence.detail
    assert events(database).count("doubt.read") == 1


def test_a_hostile_report_settles_no_doubt(database: Database) -> None:
    mine, other = sent(database, state=State.UNKNOWN)

    told = read(database, *hostile(mine, other).values())

    assert (told.settled, states(database)) == (0, {"unknown"})


def test_a_bounce_that_overtakes_the_relays_answer_settles_the_doubt_later(
    database: Database,
) -> None:
    first, _ = sent(database, people=2, state=State.SENDING)
    early = read(database, bounce(bounce_address(first)))
    with database.write() as session:
        session.execute(update(Delivery).values(state="unknown", since=NOW + timedelta(minutes=2)))

    assert (early.settled, read(database).settled) == (0, 1)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_without_a_token_nothing_anybody_writes_suppresses(
    sqlite_url: str, data: st.DataObject
) -> None:
    database = Database(sqlite_url)
    if not kept(database) and states(database) == set():
        sent(database)
    word = st.text(st.characters(codec="utf-8"), max_size=40)
    message = bounce(
        data.draw(word), recipient=data.draw(st.sampled_from(["person1@example.com", "", "x"])),
        message_id=data.draw(word), envelope_id=data.draw(word), returned=data.draw(word),
        status=data.draw(st.sampled_from(["5.1.1", "5.7.1"])), fields=data.draw(word),
    )  # fmt: skip

    told = read(
        database, message, complaint(mail_from=data.draw(word), recipient="person1@example.com")
    )

    assert (told.came_back, suppressed(database)) == ((), [])
    database.dispose()
