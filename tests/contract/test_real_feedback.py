"""Shows the whole way with real servers: Postfix bounces what the next hop refuses, Dovecot keeps it.

The reports are Postfix's own; nothing in them is written by a test.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.errors import AicmoError, FixConfiguration, TryLater
from aicmo.execution import approvals, runs
from aicmo.execution.feedback import FeedbackRead, read_feedback
from aicmo.execution.report import ExecutionReport
from aicmo.gateways.contract import Found, LivePermit, OutcomeKind, Outgoing, Question
from aicmo.gateways.journal_mailbox import open_journal_search
from aicmo.gateways.mail_reports import Kind
from aicmo.gateways.mailbox_address import parse_mailbox_url
from aicmo.gateways.mailboxes import PROCESSED, open_mailbox
from aicmo.gateways.smtp import SmtpGateway
from aicmo.models import Delivery
from tests.conftest import KEY
from tests.contract.gateway_contract import always, permit
from tests.peers.mail_servers import MailServers
from tests.projects import NOW, brand, contact, imported
from tests.unit.live_runs import CONFIG, LIVE
from tests.unit.mail_reports import bounce
from tests.unit.sent_rows import kept, suppressed, token_of

pytestmark = pytest.mark.peer


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())


def send(database: Database, servers: MailServers, *addresses: str, bounces: str) -> list[Delivery]:
    """Sends one email to each address through Postfix; reports go to `bounces`."""
    ours = brand(
        sender={"name": "Studio", "email": "hello@agency.test", "bounce_address": bounces},
        unsubscribe_url="https://mail.agency.test/u/{token}",
    )
    people = [contact(number, email=each) for number, each in enumerate(addresses, 1)]
    imported(database, contacts=people, brand=ours)
    approvals.approve(database, "studio", None, approved_by="Ann", now=NOW)

    def opened(permit: LivePermit) -> SmtpGateway:
        return SmtpGateway(permit, servers.relay(), ca_file=servers.ca_file)

    run = runs.open_run(database, replace(LIVE), CONFIG, clock=lambda: NOW)
    runs.execute_channel(run, "email", runs.extract_items(run), lambda: opened)
    runs.close_run(run, ExecutionReport("studio"))
    with database.read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def read(database: Database, servers: MailServers, url: str) -> FeedbackRead:
    with open_mailbox(parse_mailbox_url(url), ca_file=servers.ca_file) as mailbox:
        return read_feedback(database, mailbox, by="Ann")


def until(is_so: Callable[[], bool], servers: MailServers, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, servers.logs()
        time.sleep(0.2)


def test_what_the_next_hop_refuses_comes_back_and_is_suppressed(
    sqlite_url: str, mail_servers: MailServers
) -> None:
    database, bounces = Database(sqlite_url), "bounces1@agency.test"
    gone, policy, there = send(
        database, mail_servers, "gone@remote.test", "policy@remote.test", "fine@remote.test",
        bounces=bounces,
    )  # fmt: skip
    assert {gone.state, policy.state, there.state} == {"sent"}  # Postfix had taken them all
    until(lambda: len(mail_servers.messages(bounces)) == 2, mail_servers)

    told = read(database, mail_servers, mail_servers.imap_url(bounces))

    told_of = {each.delivery_id: each for each in told.came_back}
    assert (told.messages, set(told_of)) == (2, {gone.id, policy.id})
    assert told_of[gone.id].status == "5.1.1"
    assert told_of[gone.id].suppressed == "hard bounced"
    assert (told_of[policy.id].status, told_of[policy.id].suppressed) == ("5.7.1", "")
    assert suppressed(database) == [("studio", "c1", "hard bounced")]
    with mail_servers.imap(bounces) as client:
        assert client.search(None, "SEEN", "KEYWORD", PROCESSED)[1][0].split() == [b"1", b"2"]
    again = read(database, mail_servers, mail_servers.imap_starttls_url(bounces))
    assert (again.messages, again.came_back) == (0, ())
    database.dispose()


def test_a_bounce_without_its_tag_is_known_by_its_envelope_id(
    sqlite_url: str, mail_servers: MailServers
) -> None:
    """As where bounces of all clients are forwarded to one mailbox, and the tag is lost."""
    database, bounces = Database(sqlite_url), "bounces2@agency.test"
    (gone,) = send(database, mail_servers, "gone@remote.test", bounces=bounces)
    report = mail_servers.wait_for(bounces, lambda each: b"delivery-status" in each)
    lost = report.replace(f"+{token_of(gone)}".encode(), b"").replace(token_of(gone).encode(), b"")
    mail_servers.deliver("lost2@agency.test", lost)
    until(lambda: len(mail_servers.messages("lost2@agency.test")) == 1, mail_servers)

    (came_back,) = read(
        database, mail_servers, mail_servers.imap_url("lost2@agency.test")
    ).came_back

    assert (came_back.delivery_id, came_back.suppressed) == (gone.id, "hard bounced")
    database.dispose()


def test_a_bounce_settles_a_doubt_and_a_strangers_report_does_not(
    sqlite_url: str, mail_servers: MailServers
) -> None:
    database, bounces = Database(sqlite_url), "bounces3@agency.test"
    gone, there = send(
        database, mail_servers, "gone@remote.test", "zoe3@remote.test", bounces=bounces
    )
    with database.write() as session:  # as if both answers had been lost
        session.execute(update(Delivery).values(state="unknown", ambiguous=True))
    forged = bounce(bounces, message_id=f"{gone.token}@agency.test", recipient=there.recipient)
    mail_servers.deliver(bounces, forged)
    until(lambda: len(mail_servers.messages(bounces)) == 2, mail_servers)

    told = read(database, mail_servers, mail_servers.imap_url(bounces))

    assert (told.settled, len(told.left)) == (1, 1)
    with database.read() as session:
        states = dict(session.execute(select(Delivery.id, Delivery.state)).tuples().all())
    assert states == {gone.id: "sent", there.id: "unknown"}
    assert kept(database) == [(gone.id, "bounced", "5.1.1")]
    assert suppressed(database) == [("studio", "c1", "hard bounced")]
    with mail_servers.imap(bounces) as client:
        assert len(client.search(None, "UNSEEN", "UNKEYWORD", PROCESSED)[1][0].split()) == 1
    database.dispose()


def test_a_delay_is_counted_and_suppresses_nobody(
    sqlite_url: str, mail_servers: MailServers
) -> None:
    """After its time in the queue Postfix gives up with a passing status: nobody has left."""
    database, bounces = Database(sqlite_url), "bounces4@agency.test"
    send(database, mail_servers, "busy@remote.test", bounces=bounces)
    mail_servers.wait_for(bounces, lambda each: b"Action: failed" in each, seconds=150)

    told = read(database, mail_servers, mail_servers.imap_url(bounces))

    assert {each.status[0] for each in told.came_back} == {"4"}
    assert told.count(Kind.BOUNCED) == 1
    assert suppressed(database) == []
    database.dispose()


def test_the_journals_copy_shows_that_a_doubt_went_out(mail_servers: MailServers) -> None:
    outgoing = Outgoing(
        delivery_id=1, token="f" * 32, sender="hello@agency.test", recipient="anna@client.test",
        payload=f"Message-ID: <{'f' * 32}@agency.test>\r\nSubject: x\r\n\r\nhi\r\n".encode(),
        deadline=time.monotonic() + 60,
    )  # fmt: skip
    url = mail_servers.imap_url("journal@agency.test")
    search = open_journal_search(url, ca_file=mail_servers.ca_file)
    gateway = SmtpGateway(
        permit(), mail_servers.relay(), ca_file=mail_servers.ca_file,
        journal_address="journal@agency.test", search=search,
    )  # fmt: skip
    with gateway:
        assert gateway.send(outgoing, always).kind is OutcomeKind.SENT
    mail_servers.wait_for("anna@client.test", lambda each: b"f" * 32 in each)
    mail_servers.wait_for("journal@agency.test", lambda each: b"f" * 32 in each)

    there = gateway.reconcile(Question(1, "f" * 32, "anna@client.test", NOW))
    other = gateway.reconcile(Question(2, "e" * 32, "anna@client.test", NOW))
    part = gateway.reconcile(Question(3, "f" * 31, "anna@client.test", NOW))

    assert (there.found, there.ref) == (Found.PRESENT, "f" * 32)
    # The relay may have refused the copy alone: however late, its absence proves nothing.
    assert {other.found, part.found} == {Found.CANNOT_TELL}
    with mail_servers.imap("journal@agency.test") as client:
        assert client.search(None, "UNSEEN")[1][0]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("password", FixConfiguration, "refuses the login"),
        ("folder", FixConfiguration, "no folder 'Nowhere'"),
        ("authority", TryLater, "can't be trusted"),
        ("nobody", TryLater, "ConnectionRefusedError"),
    ],
)
def test_a_mailbox_that_cannot_be_read_is_told_without_the_password(
    mail_servers: MailServers,
    tls: str,
    fault: str,
    kind: type[AicmoError],
    said: str,
) -> None:
    whose = "bounces5@agency.test"
    good = (
        mail_servers.imap_url(whose) if tls == "implicit" else mail_servers.imap_starttls_url(whose)
    )
    address = parse_mailbox_url(good)
    changed = {
        "password": good.replace("s3cret", "canary"),
        "folder": good.replace("/INBOX", "/Nowhere"),
        "authority": good,
        "nobody": good.replace(f":{address.port}", ":1"),  # type: ignore[union-attr]
    }[fault]
    trusted = None if fault == "authority" else mail_servers.ca_file

    with (
        pytest.raises(kind, match=said) as caught,
        open_mailbox(parse_mailbox_url(changed), ca_file=trusted),
    ):
        pass

    told = str(caught.value) + caught.value.next_step
    assert not any(word in told for word in ("canary", "s3cret", whose))
    assert caught.value.__cause__ is None
