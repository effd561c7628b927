"""A test message: marked, to a listed address only, under every key, and no delivery."""

from __future__ import annotations

import email
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select, text, update

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixConfiguration, FixInput, NoSuchProject, TryLater
from aicmo.execution import pauses
from aicmo.execution.test_send import PER_HOUR, Keys, Wanted, compose_test, send_test
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, StillAllowed
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.smtp import SmtpGateway, open_smtp_gateway
from aicmo.models import Account, AuditEvent
from aicmo.privacy import address_hmac
from aicmo.settings import ExecutionConfig
from tests.conftest import KEY
from tests.peers.smtp_peer import Answer, Script, SmtpPeer
from tests.projects import NOW, brand, contact, imported
from tests.projects import email as email_item
from tests.unit.live_runs import books, execute, ready

ME = "Me@agency.example"
TO_ME = Wanted("studio", "mail-1", ME)
OPEN = Keys(ExecutionConfig(execution_enabled=True, dry_run=True), "me@agency.example")
LEDGER = ("delivery", "attempt", "item", "contact", "account", "run", "suppression", "feedback")


def tried(
    database: Database,
    peer: SmtpPeer,
    wanted: Wanted = TO_ME,
    keys: Callable[[], Keys] | None = None,
) -> Outcome:
    return send_test(
        database,
        wanted,
        keys or (lambda: OPEN),
        open_smtp_gateway(peer.relay),
        by="casey",
        secret_key=KEY,
    )


def rows(database: Database) -> dict[str, list[Any]]:
    with database.read() as session:
        return {
            table: [
                tuple(row) for row in session.execute(text(f"SELECT * FROM {table} ORDER BY id"))
            ]
            for table in LEDGER
        }


def noted(database: Database) -> list[tuple[str, dict[str, Any]]]:
    query = select(AuditEvent).where(AuditEvent.event.like("email.test%")).order_by(AuditEvent.id)
    with database.read() as session:
        return [(each.event, json.loads(each.data)) for each in session.scalars(query)]


def parsed(composed: ComposedEmail) -> EmailMessage:
    message = email.message_from_bytes(composed.payload, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_test_reaches_its_one_recipient_and_leaves_the_books_as_they_were(
    database: Database,
) -> None:
    ready(database)
    before, sums = rows(database), books(database)
    with SmtpPeer() as peer:
        outcome = tried(database, peer)
    assert outcome.kind is OutcomeKind.SENT
    assert peer.effects == {"Me@agency.example": 1}
    assert rows(database) == before
    assert books(database) == sums


def test_what_was_tested_still_goes_out_once_to_everybody(database: Database) -> None:
    ready(database)
    with SmtpPeer() as peer:
        tried(database, peer)
        execute(database, peer)
    assert peer.effects == {ME: 1, **{f"person{n}@example.com": 1 for n in (1, 2, 3)}}
    assert [b"X-AICMO-Test: yes\r\n" in each for each in peer.messages] == [True, *[False] * 3]
    assert books(database).balanced


def test_it_needs_no_approval(database: Database) -> None:
    imported(database)
    with SmtpPeer() as peer:
        assert tried(database, peer).kind is OutcomeKind.SENT


def test_the_mark_is_in_subject_text_and_html(database: Database) -> None:
    imported(database)
    message = parsed(compose_test(database, TO_ME))
    assert (message["Subject"], message["X-AICMO-Test"]) == ("[Test] Hello there", "yes")
    bodies = [part.get_content() for part in message.iter_parts()]
    assert [part.get_content_subtype() for part in message.iter_parts()] == ["plain", "html"]
    assert all("Test message." in body and "counts as no delivery" in body for body in bodies)
    assert all("studio" in body for body in bodies)


def test_the_mark_is_there_in_an_email_written_as_html(database: Database) -> None:
    content = {"subject": "Hi", "body": "<p>Come to the studio.</p>", "format": "html"}
    imported(database, email_item(content=content))
    bodies = [part.get_content() for part in parsed(compose_test(database, TO_ME)).iter_parts()]
    assert all("Test message." in body and "studio" in body for body in bodies)
    assert "&lt;p&gt;" not in bodies[1]


def test_a_made_up_person_gets_defaults_and_names_of_what_is_missing(database: Database) -> None:
    content = {
        "subject": "For {{ contact.plan }}",
        "body": 'Dear {{ contact.first_name | default("friend") }}, {{ contact.name }}.',
    }
    people = [contact(1, name="Ana Ruiz", attributes={"plan": "Gold"})]
    imported(database, email_item(content=content), contacts=people)
    message = compose_test(database, TO_ME)
    assert message.subject == "[Test] For [plan]"
    assert "Dear friend, [name]." in message.text


def test_as_a_contact_it_has_their_data_and_another_address(database: Database) -> None:
    imported(database)
    message = compose_test(database, replace(TO_ME, contact="c2"))
    assert (message.subject, message.recipient) == ("[Test] Hello Person2", ME)
    assert b"person2@example.com" not in message.payload


def test_its_tokens_are_no_delivery_s(database: Database) -> None:
    own = brand(unsubscribe_url="https://northside.example.com/u/{token}")
    imported(database, brand=own)
    first, second = (compose_test(database, replace(TO_ME, contact="c1")) for _ in range(2))
    with database.read() as session:
        known = set(session.scalars(text("SELECT token FROM delivery")))
    assert first.message_id != second.message_id
    assert first.feedback_token != second.feedback_token
    assert not any(token in str(first.payload) for token in known)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (replace(TO_ME, item="mail-2"), FixInput),
        (replace(TO_ME, item="post-1"), FixInput),
        (replace(TO_ME, contact="c9"), FixInput),
        (replace(TO_ME, to="me@agency.example, you@agency.example"), FixInput),
        (replace(TO_ME, to="me@agency.example\r\nBcc: you@agency.example"), FixInput),
        (replace(TO_ME, project_id="other"), NoSuchProject),
    ],
)
def test_what_isn_t_there_or_can_t_be_used_is_refused_before_anything(
    database: Database, wanted: Wanted, error: type[Exception]
) -> None:
    imported(database)
    keys = Keys(OPEN.config, "@agency.example")
    with SmtpPeer() as peer, pytest.raises(error):
        tried(database, peer, wanted, lambda: keys)
    assert (peer.connections, noted(database)) == (0, [])


@pytest.mark.parametrize(
    "keys",
    [
        replace(OPEN, recipients=""),
        replace(OPEN, recipients="you@agency.example"),
        replace(OPEN, config=ExecutionConfig(execution_enabled=False)),
        replace(OPEN, config=ExecutionConfig(execution_enabled=True, channels_enabled=["crm"])),
    ],
    ids=["nobody listed", "another listed", "not enabled", "other channel"],
)
def test_each_key_alone_keeps_a_test_from_going(database: Database, keys: Keys) -> None:
    ready(database)
    with SmtpPeer() as peer, pytest.raises(FixConfiguration) as refused:
        tried(database, peer, keys=lambda: keys)
    assert refused.value.next_step
    assert (peer.connections, noted(database)) == (0, [])


@pytest.mark.parametrize("switch", [{}, {"project_id": "studio"}, {"channel": "email"}])
def test_a_pause_stops_tests_too(database: Database, switch: dict[str, str]) -> None:
    ready(database)
    pauses.pause(database, **switch, by="Ann", now=NOW)
    with SmtpPeer() as peer, pytest.raises(TryLater, match="paused"):
        tried(database, peer)
    assert peer.connections == 0


def test_a_pause_of_another_channel_stops_no_test(database: Database) -> None:
    ready(database)
    pauses.pause(database, channel="crm", by="Ann", now=NOW)
    with SmtpPeer() as peer:
        assert tried(database, peer).kind is OutcomeKind.SENT


def test_an_account_that_a_refusal_paused_is_tried_with_a_test(database: Database) -> None:
    ready(database)
    with database.write() as session:
        session.execute(update(Account).values(paused_at=NOW, pause_reason="535"))
    with SmtpPeer() as peer:
        assert tried(database, peer).kind is OutcomeKind.SENT


def pausing(database: Database) -> Keys:
    pauses.pause(database, by="Ann", now=NOW)
    return OPEN


CHANGES: dict[str, Callable[[Database], Keys]] = {
    "paused": pausing,
    "no longer listed": lambda _: replace(OPEN, recipients=""),
    "no longer enabled": lambda _: replace(OPEN, config=ExecutionConfig()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_what_changes_before_the_last_byte_still_stops_it(
    database: Database, change: Callable[[Database], Keys]
) -> None:
    ready(database)
    asked: list[Keys] = []

    def keys() -> Keys:
        asked.append(OPEN)
        return OPEN if len(asked) == 1 else change(database)

    with SmtpPeer() as peer:
        outcome = tried(database, peer, keys=keys)
    assert outcome.kind is OutcomeKind.NOT_SENT
    assert (len(asked), peer.effects.total()) == (2, 0)
    assert [event for event, _ in noted(database)] == ["email.test_begun", "email.test_not_sent"]


class Misdirected(SmtpGateway):
    """Sends to somebody else than it was told."""

    def send_batch(
        self, batch: Iterable[Outgoing], still_allowed: StillAllowed
    ) -> Iterator[tuple[Outgoing, Outcome]]:
        for each in batch:
            other = replace(each, recipient="you@agency.example")
            ((_, outcome),) = super().send_batch([other], still_allowed)
            yield each, outcome


def test_no_copy_of_a_test_goes_to_the_archive(database: Database) -> None:
    ready(database)
    with SmtpPeer() as peer:
        send_test(
            database,
            TO_ME,
            lambda: OPEN,
            lambda permit: SmtpGateway(
                permit, peer.relay, journal_address="archive@agency.example"
            ),
            by="casey",
            secret_key=KEY,
        )
    assert [each for each in peer.commands if each.startswith("RCPT")] == [f"RCPT TO:<{ME}>"]


def test_it_goes_to_its_own_address_though_others_are_listed(database: Database) -> None:
    ready(database)
    keys = replace(OPEN, recipients="@agency.example")
    with SmtpPeer() as peer:
        outcome = send_test(
            database,
            TO_ME,
            lambda: keys,
            lambda permit: Misdirected(permit, peer.relay),
            by="casey",
            secret_key=KEY,
        )
    assert (outcome.kind, peer.effects.total()) == (OutcomeKind.NOT_SENT, 0)


@pytest.mark.parametrize(
    ("script", "kind", "event"),
    [
        (Script({"RCPT": Answer("550 5.1.1 no")}), OutcomeKind.REFUSED_FOR_GOOD, "not_sent"),
        (Script({"dot": Answer(then="close", applies=True)}), OutcomeKind.UNKNOWN, "sent"),
        (Script(), OutcomeKind.SENT, "sent"),
    ],
)
def test_the_audit_log_has_the_outcome_and_no_address(
    database: Database, script: Script, kind: OutcomeKind, event: str
) -> None:
    ready(database)
    before = rows(database)
    with SmtpPeer(script) as peer:
        assert tried(database, peer).kind is kind
    begun, ended = noted(database)
    about = {"item": "mail-1", "address": address_hmac(KEY, "me@agency.example")}
    assert begun == ("email.test_begun", about)
    assert ended[0] == f"email.test_{event}"
    assert ended[1] == about | {"outcome": kind.value, "code": ended[1]["code"]}
    assert "agency" not in json.dumps(noted(database))
    assert rows(database) == before
    with database.read() as session:
        assert audit.verify(session, "studio").broken_at is None


def test_an_hour_has_room_for_twenty(database: Database) -> None:
    imported(database)
    begun_at(database, timedelta(minutes=59), PER_HOUR - 1)
    begun_at(database, timedelta(minutes=61), 5)
    begun_at(database, timedelta(minutes=1), 5, project="other")
    with SmtpPeer() as peer:
        assert tried(database, peer).kind is OutcomeKind.SENT
        with pytest.raises(TryLater, match="last hour"):
            tried(database, peer)
    assert peer.effects.total() == 1


def begun_at(database: Database, ago: timedelta, count: int, project: str = "studio") -> None:
    at = (datetime.now(UTC) - ago).isoformat(timespec="microseconds")
    with database.write() as session:
        for number in range(count):
            row = AuditEvent(
                project_id=project, number=10_000 + ago.seconds * 10 + number, at=at,
                event="email.test_begun", actor="casey", data="{}", hash=b"",
            )  # fmt: skip
            session.add(row)
