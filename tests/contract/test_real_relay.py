"""Shows that the SMTP gateway understands a real mail server: Postfix, with passwords by Dovecot."""

from __future__ import annotations

import time
from email import message_from_bytes
from pathlib import Path
from secrets import token_hex

import pytest

from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing
from aicmo.gateways.dkim_signing import Signer
from aicmo.gateways.smtp import SmtpGateway
from aicmo.smtp_relay import SmtpRelay, TlsMode
from tests.contract.gateway_contract import always, permit
from tests.peers.mail_servers import LARGEST, MailServers
from tests.unit.test_dkim_signing import is_good, new_key

pytestmark = pytest.mark.peer


def outgoing(recipient: str = "anna@client.test", *, size: int = 0) -> Outgoing:
    token = token_hex(16)
    head = f"From: hello@agency.test\r\nTo: {recipient}\r\nSubject: {token}\r\n\r\n"
    body = ".a dot first\r\n" + ("x" * 70 + "\r\n") * (size // 72)
    return Outgoing(
        delivery_id=1,
        token=token,
        sender="hello@agency.test",
        recipient=recipient,
        payload=(head + body).encode(),
        deadline=time.monotonic() + 60,
    )


def send(servers: MailServers, relay: SmtpRelay, *batch: Outgoing) -> list[Outcome]:
    with SmtpGateway(permit(), relay, ca_file=servers.ca_file) as gateway:
        answers = dict(gateway.send_batch(batch, always))
    return [answers[each] for each in batch]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_what_it_hands_over_arrives_unchanged_and_encrypted(
    mail_servers: MailServers, tls: TlsMode
) -> None:
    message = outgoing()

    (outcome,) = send(mail_servers, mail_servers.relay(tls), message)

    assert (outcome.kind, outcome.code) == (OutcomeKind.SENT, "250 2.0.0")
    arrived = mail_servers.wait_for("anna@client.test", lambda each: message.token.encode() in each)
    assert message.payload.partition(b"\r\n\r\n")[2] in arrived
    received = "".join(message_from_bytes(arrived).get_all("Received", []))
    assert "ESMTPSA" in received  # TLS and a login (RFC 3848)
    assert outcome.ref
    assert outcome.ref in received


def test_many_messages_arrive_once_each(mail_servers: MailServers) -> None:
    batch = [outgoing(f"many{number}@client.test") for number in range(30)]

    outcomes = send(mail_servers, mail_servers.relay(), *batch)

    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.SENT}
    for each in batch:
        mail_servers.wait_for(each.recipient, lambda found, one=each: one.token.encode() in found)
    assert all(len(mail_servers.messages(each.recipient)) == 1 for each in batch)


def test_a_wrong_password_is_the_accounts_trouble(mail_servers: MailServers) -> None:
    relay = mail_servers.relay(password="not-the-password")

    (outcome,) = send(mail_servers, relay, outgoing())

    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED_ACCOUNT, "535 5.7.8")
    assert outcome.ends_run
    assert "not-the-password" not in repr(outcome)


def test_an_authority_that_nobody_trusts_gets_nothing(mail_servers: MailServers) -> None:
    message = outgoing()
    for tls in ("starttls", "implicit"):
        with SmtpGateway(permit(), mail_servers.relay(tls)) as gateway:
            outcome = gateway.send(message, always)

        assert outcome.kind is OutcomeKind.NOT_SENT
        assert "SSLCertVerificationError" in outcome.detail


def test_each_recipient_has_an_answer_of_its_own(mail_servers: MailServers) -> None:
    names = ("anna", "tempfail", "full", "blocked", "zoe")
    batch = [outgoing(f"{name}@client.test") for name in names]

    outcomes = send(mail_servers, mail_servers.relay(), *batch)

    assert [(outcome.kind, outcome.code) for outcome in outcomes] == [
        (OutcomeKind.SENT, "250 2.0.0"),
        (OutcomeKind.REFUSED_FOR_NOW, "451 4.3.0"),
        (OutcomeKind.REFUSED_FOR_NOW, "452 4.2.2"),
        (OutcomeKind.REFUSED_FOR_GOOD, "550 5.7.1"),
        (OutcomeKind.SENT, "250 2.0.0"),
    ]
    assert not any(outcome.suppress for outcome in outcomes)
    assert all("@" not in repr(outcome) for outcome in outcomes)


def test_a_stranger_may_not_relay(mail_servers: MailServers) -> None:
    """The MX port takes no logins, and nothing for other domains."""
    (outcome,) = send(mail_servers, mail_servers.relay("none"), outgoing("zoe@remote.test"))

    assert outcome.kind is OutcomeKind.REFUSED_FOR_GOOD
    assert not outcome.suppress


def test_what_is_larger_than_the_servers_limit_is_never_begun(mail_servers: MailServers) -> None:
    large, small = outgoing(size=LARGEST + 1000), outgoing()

    refused, taken = send(mail_servers, mail_servers.relay(), large, small)

    assert refused.kind is OutcomeKind.REFUSED_FOR_GOOD
    assert "larger than" in refused.detail
    assert taken.kind is OutcomeKind.SENT


def test_our_signature_survives_the_whole_way(mail_servers: MailServers, tmp_path: Path) -> None:
    file, record = new_key(tmp_path)
    message, sign = outgoing("signed@client.test", size=2000), Signer(file, "s1").sign

    with SmtpGateway(
        permit(), mail_servers.relay(), ca_file=mail_servers.ca_file, sign=sign
    ) as gateway:
        assert gateway.send(message, always).kind is OutcomeKind.SENT

    arrived = mail_servers.wait_for("signed@client.test", lambda _: True)
    assert is_good(arrived, record)
    assert not is_good(arrived.replace(b"a dot first", b"two dots"), record)
