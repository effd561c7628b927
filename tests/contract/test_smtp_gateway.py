"""Shows that SMTP sends at most once, doubts what it must, and never talks in the clear."""

from __future__ import annotations

import dataclasses
import logging
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from aicmo.errors import FixConfiguration
from aicmo.gateways.capture import CaptureServer
from aicmo.gateways.contract import LivePermit, Outcome, OutcomeKind, Outgoing
from aicmo.gateways.smtp import SmtpGateway, open_smtp_gateway
from aicmo.gateways.smtp_session import SmtpTimeouts
from aicmo.smtp_relay import SmtpRelay
from tests.contract.gateway_contract import (
    NOT_SENT,
    SENT,
    UNKNOWN,
    GatewayContract,
    Mode,
    always,
    permit,
)
from tests.peers.certificates import Authority
from tests.peers.smtp_peer import PASSWORD, Answer, Script, SmtpPeer, Step

FOR_NOW = OutcomeKind.REFUSED_FOR_NOW
FOR_GOOD = OutcomeKind.REFUSED_FOR_GOOD
ACCOUNT = OutcomeKind.REFUSED_ACCOUNT
PATIENT = SmtpTimeouts(connect=10, command=10, data=10, body=10, answer=10)
QUICK = SmtpTimeouts(connect=10, command=0.3, data=0.3, body=0.3, answer=0.3)
PAYLOAD = b"Subject: hi\r\n\r\n.dot first\r\nplain\r\n..two\r\n.\r\nend\r\n"


def mode(step: Step, answer: Answer, *outcomes: OutcomeKind, is_false: bool = False) -> Mode:
    return Mode(frozenset(outcomes), Script({step: answer}), is_false=is_false)


def before_the_dot() -> Iterator[tuple[str, Mode]]:
    steps: tuple[Step, ...] = ("connect", "EHLO", "MAIL", "RCPT", "DATA")
    for step in steps:
        yield f"close at {step}", mode(step, Answer(then="close"), NOT_SENT)
        yield f"hang at {step}", mode(step, Answer(then="hang"), NOT_SENT)
        yield f"drip at {step}", mode(step, Answer(then="drip"), NOT_SENT)
        yield f"garbage at {step}", mode(step, Answer("what?"), NOT_SENT)
        yield f"451 at {step}", mode(step, Answer("451 4.3.0 later"), FOR_NOW)
        yield f"421 at {step}", mode(step, Answer("421 4.3.2 closing", "close"), FOR_NOW)
        yield f"3yz at {step}", mode(step, Answer("300 eh"), NOT_SENT)


MODES: Mapping[str, Mode] = {
    "ok": Mode(frozenset({SENT}), Script()),
    **dict(before_the_dot()),
    "554 at connect": mode("connect", Answer("554 5.3.2 no"), NOT_SENT),
    "550 at MAIL": mode("MAIL", Answer("550 5.7.1 not your sender"), ACCOUNT),
    "530 at MAIL": mode("MAIL", Answer("530 5.7.0 log in first"), ACCOUNT),
    "552 at MAIL": mode("MAIL", Answer("552 5.3.4 too big"), FOR_GOOD),
    "550 at RCPT": mode("RCPT", Answer("550 5.1.1 <person1@client.test> unknown"), FOR_GOOD),
    "554 at DATA": mode("DATA", Answer("554 5.7.1 no"), FOR_GOOD),
    "close in the body": mode("body", Answer(then="close"), NOT_SENT, UNKNOWN),
    "421 in the body": mode("body", Answer("421 4.3.2 bye", "close"), NOT_SENT, UNKNOWN, FOR_NOW),
    "close after the dot": mode("dot", Answer(then="close"), UNKNOWN),
    "hang after the dot": mode("dot", Answer(then="hang"), UNKNOWN),
    "apply, then close": mode("dot", Answer(then="close", applies=True), UNKNOWN),
    "apply, then hang": mode("dot", Answer(then="hang", applies=True), UNKNOWN),
    "apply, then drip": mode("dot", Answer(then="drip", applies=True), UNKNOWN),
    "apply, then garbage": mode("dot", Answer("\x00\xff thanks", applies=True), UNKNOWN),
    "apply, then 250 without a space": mode("dot", Answer("250ok", applies=True), UNKNOWN),
    "apply, then 354": mode("dot", Answer("354 more", applies=True), UNKNOWN),
    "apply, then half a reply": mode("dot", Answer("250-so", "close", applies=True), UNKNOWN),
    "apply, then contradict": mode("dot", Answer("250-ok\r\n550 no", applies=True), UNKNOWN),
    "apply, then 451": mode("dot", Answer("451 4.3.0 x", applies=True), FOR_NOW, is_false=True),
    "421 after the dot": mode("dot", Answer("421 4.3.2 bye", "close"), FOR_NOW),
    "451 after the dot": mode("dot", Answer("451 4.3.0 later"), FOR_NOW),
    "554 after the dot": mode("dot", Answer("554 5.7.1 spam"), FOR_GOOD),
    "535 at AUTH": mode("AUTH", Answer("535 5.7.8 wrong"), ACCOUNT),
}


class TestSmtpGateway(GatewayContract):
    modes: ClassVar[Mapping[str, Mode]] = MODES

    def peer(self, script: Script | None) -> SmtpPeer:
        return SmtpPeer(script)

    def gateway(self, permit: LivePermit, peer: SmtpPeer) -> SmtpGateway:
        return SmtpGateway(permit, peer.relay, timeouts=patience(peer))

    def outgoing(self, number: int = 1, *, seconds_left: float = 30) -> Outgoing:
        return outgoing(f"person{number}@client.test", seconds_left=seconds_left)


def outgoing(
    recipient: str = "person@client.test", payload: bytes = PAYLOAD, *, seconds_left: float = 30
) -> Outgoing:
    return Outgoing(
        delivery_id=1,
        token=f"token-{recipient.partition('@')[0]}",
        sender="hello@agency.test",
        recipient=recipient,
        payload=payload,
        deadline=time.monotonic() + seconds_left,
    )


def patience(peer: SmtpPeer) -> SmtpTimeouts:
    stalls = any(answer.then in ("hang", "drip") for answer in peer.script.answers.values())
    return QUICK if stalls else PATIENT


def send(peer: SmtpPeer, *batch: Outgoing, ca_file: Path | None = None) -> list[Outcome]:
    with SmtpGateway(permit(), peer.relay, ca_file=ca_file, timeouts=patience(peer)) as gateway:
        return [outcome for _, outcome in gateway.send_batch(batch, always)]


def test_the_server_gets_exactly_the_approved_bytes() -> None:
    with SmtpPeer() as peer:
        (outcome,) = send(peer, outgoing())

    assert peer.messages == [PAYLOAD]
    assert outcome == Outcome(SENT, code="250 2.0.0", ref="Q1")


def test_without_a_queue_id_the_token_is_the_reference() -> None:
    script = Script({"dot": Answer("250 thanks, person@client.test", applies=True)})
    with SmtpPeer(script) as peer:
        (outcome,) = send(peer, outgoing())

    assert outcome.ref == "token-person"


def test_a_batch_shares_one_connection_and_takes_each_answer_by_itself() -> None:
    recipients = {
        "gone@client.test": "550 5.1.1 <gone@client.test> no such user",
        "full@client.test": "452 4.2.2 mailbox full",
        "policy@client.test": "550 5.7.1 not wanted",
        "bad@client.test": "what is this",
    }
    batch = [outgoing(each) for each in ("a@client.test", *recipients, "z@client.test")]
    with SmtpPeer(Script(recipients=recipients)) as peer:
        outcomes = send(peer, *batch)

    assert [outcome.kind for outcome in outcomes] == [
        SENT,
        FOR_GOOD,
        FOR_NOW,
        FOR_GOOD,
        NOT_SENT,
        SENT,
    ]
    assert [outcome.code for outcome in outcomes[1:4]] == ["550 5.1.1", "452 4.2.2", "550 5.7.1"]
    assert [outcome.suppress for outcome in outcomes] == [False, True, False, False, False, False]
    assert peer.effects == {"a@client.test": 1, "z@client.test": 1}
    assert peer.connections == 2  # the second after the answer that was no answer
    assert peer.commands[-1] == "QUIT"


def test_a_refusal_of_the_sender_never_suppresses_the_recipient() -> None:
    with SmtpPeer(Script({"MAIL": Answer("550 5.1.1 no such sender")})) as peer:
        (outcome,) = send(peer, outgoing())

    assert (outcome.kind, outcome.suppress) == (ACCOUNT, False)


def test_a_connection_the_server_closed_meanwhile_costs_nothing() -> None:
    with SmtpPeer(Script(closes_after_messages=1)) as peer:
        outcomes = send(peer, outgoing("a@client.test"), outgoing("b@client.test"))

    assert [outcome.kind for outcome in outcomes] == [SENT, SENT]
    assert peer.effects == {"a@client.test": 1, "b@client.test": 1}
    assert peer.transmissions == peer.effects


def test_after_a_doubt_the_next_message_has_its_own_connection() -> None:
    with SmtpPeer(Script({"dot": Answer("garbage", applies=True)})) as peer:
        outcomes = send(peer, outgoing("a@client.test"), outgoing("b@client.test"))

    assert [outcome.kind for outcome in outcomes] == [UNKNOWN, UNKNOWN]
    assert peer.effects == {"a@client.test": 1, "b@client.test": 1}
    assert peer.connections == 2


def test_an_answer_given_before_the_dot_is_not_taken_for_the_answer_to_it() -> None:
    with SmtpPeer(Script({"DATA": Answer("354 go on\r\n250 2.0.0 Ok: queued as X")})) as peer:
        (outcome,) = send(peer, outgoing())

    assert outcome.kind is NOT_SENT
    assert peer.effects.total() == 0


def test_nobody_listening_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    relay = SmtpRelay(host="127.0.0.1", port=port, tls="none")

    with open_smtp_gateway(relay)(permit()) as gateway:
        assert gateway.send(outgoing(), always).kind is NOT_SENT


@pytest.mark.parametrize("host", ["mail.example.com", "192.0.2.1", "127.0.0.1.example.com"])
def test_a_relay_beyond_this_machine_needs_encryption(host: str) -> None:
    with pytest.raises(FixConfiguration, match=host):
        SmtpGateway(permit(), SmtpRelay(host=host, port=25, tls="none"))


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"recipient": "a@client.test>\r\nRCPT TO:<b@client.test"}, "character"),
        ({"recipient": "a@client.test SIZE=1"}, "character"),
        ({"recipient": "\x00a@client.test"}, "character"),
        ({"sender": "jörg@agency.test"}, "SMTPUTF8"),
        ({"sender": "j\u00f6rg a@agency.test"}, "character"),
        ({"payload": b"a\r\n\r\nb\n.\nMAIL FROM:<x@y.example>\r\n"}, "bare line break"),
        ({"payload": b"a\r\n\r\nb\r.\r\n"}, "bare line break"),
        ({"payload": "a\r\n\r\né\r\n".encode()}, "7-bit"),
        ({"payload": b"a" * 3000}, "size limit"),
    ],
)
def test_what_cannot_be_carried_safely_never_reaches_data(
    change: dict[str, object], detail: str
) -> None:
    with SmtpPeer(Script(size=2000)) as peer:
        (outcome,) = send(peer, dataclasses.replace(outgoing(), **change))  # type: ignore[arg-type]

    assert outcome.kind is FOR_GOOD
    assert detail in outcome.detail
    assert not [line for line in peer.commands if line.startswith(("MAIL", "RCPT", "DATA"))]


def test_the_size_is_announced_where_the_server_asks_for_it() -> None:
    with SmtpPeer(Script(size=2000)) as peer:
        send(peer, outgoing())

    assert f"MAIL FROM:<hello@agency.test> SIZE={len(PAYLOAD)}" in peer.commands


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 PLAIN"])
def test_it_logs_in_with_what_the_server_offers(mechanisms: str) -> None:
    with SmtpPeer(Script(mechanisms=mechanisms)) as peer:
        (outcome,) = send(peer, outgoing())

    assert outcome.kind is SENT


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (Script({"AUTH": Answer("535 5.7.8 wrong")}, mechanisms="PLAIN LOGIN"), ACCOUNT),
        (Script({"AUTH": Answer("454 4.7.0 not now")}, mechanisms="LOGIN"), FOR_NOW),
        (Script({"AUTH": Answer(then="close")}, mechanisms="PLAIN"), NOT_SENT),
        (Script(mechanisms="CRAM-MD5"), ACCOUNT),
    ],
)
def test_a_failed_login_is_the_accounts_trouble_and_tried_once(
    script: Script, kind: OutcomeKind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with SmtpPeer(script) as peer:
        (outcome,) = send(peer, outgoing())

    assert outcome.kind is kind
    assert sum(line.startswith("AUTH") for line in peer.commands) <= 1
    assert PASSWORD not in repr(outcome) + caplog.text


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_verified_server_gets_login_and_message_over_tls(tls: str, authority: Authority) -> None:
    script = Script(mechanisms="PLAIN", offers_starttls=True)
    with SmtpPeer(script, tls=tls, context=authority.server_context()) as peer:  # type: ignore[arg-type]
        outcomes = send(
            peer, outgoing("a@client.test"), outgoing("b@client.test"), ca_file=authority.ca_file
        )

    assert [outcome.kind for outcome in outcomes] == [SENT, SENT]
    assert peer.connections == 1
    before_tls = peer.commands[: peer.commands.index("STARTTLS")] if tls == "starttls" else []
    assert all(line.startswith("ehlo") for line in before_tls)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("fault", ["unknown authority", "other host"])
def test_an_unverified_server_gets_nothing(tls: str, fault: str, authority: Authority) -> None:
    address = "127.0.0.2" if fault == "other host" else "127.0.0.1"
    trusted = authority.ca_file if fault == "other host" else None
    script = Script(mechanisms="PLAIN", offers_starttls=True)
    with SmtpPeer(script, tls=tls, context=authority.server_context(address)) as peer:  # type: ignore[arg-type]
        (outcome,) = send(peer, outgoing(), ca_file=trusted)

    assert outcome.kind is NOT_SENT
    assert "SSLCertVerificationError" in outcome.detail
    assert not [line for line in peer.commands if line.startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize(
    "script",
    [
        Script(mechanisms="PLAIN"),
        Script({"STARTTLS": Answer("454 4.7.0 not now")}, mechanisms="PLAIN", offers_starttls=True),
        Script(
            {"STARTTLS": Answer("220 ok\r\n250 injected")}, mechanisms="PLAIN", offers_starttls=True
        ),
    ],
    ids=["stripped", "refused", "injected"],
)
def test_without_starttls_nothing_is_said_in_the_clear(
    script: Script, authority: Authority
) -> None:
    with SmtpPeer(script, tls="starttls", context=authority.server_context()) as peer:
        (outcome,) = send(peer, outgoing(), ca_file=authority.ca_file)

    assert outcome.kind in (NOT_SENT, FOR_NOW)
    assert not [line for line in peer.commands if line.startswith(("AUTH", "MAIL"))]


def test_the_capture_server_keeps_what_it_accepts_and_refuses_whom_it_is_told(
    tmp_path: Path,
) -> None:
    with CaptureServer(tmp_path / "mail", refused=["Gone@client.test"]) as server:
        with SmtpGateway(permit(), server.relay) as gateway:
            batch = [
                outgoing(each) for each in ("a@client.test", "gone@client.test", "../b@client.test")
            ]
            outcomes = [outcome for _, outcome in gateway.send_batch(batch, always)]
        accepted = server.accepted

    assert [outcome.kind for outcome in outcomes] == [SENT, FOR_GOOD, SENT]
    assert outcomes[1].suppress
    assert outcomes[0].ref == "0001"
    assert [recipient for recipient, _ in accepted] == ["a@client.test", "../b@client.test"]
    assert all(path.read_bytes() == PAYLOAD for _, path in accepted)
    assert sorted((tmp_path / "mail").iterdir()) == [path for _, path in accepted]


def test_a_second_capture_adds_to_the_folder(tmp_path: Path) -> None:
    for _ in range(2):
        with CaptureServer(tmp_path) as server, SmtpGateway(permit(), server.relay) as gateway:
            assert gateway.send(outgoing(), always).kind is SENT

    assert len(list(tmp_path.glob("*.eml"))) == 2


def test_the_capture_server_stops_although_somebody_is_still_connected(tmp_path: Path) -> None:
    with CaptureServer(tmp_path) as server:
        relay = server.relay
        client = socket.create_connection((relay.host, relay.port), timeout=5)
        assert client.recv(3) == b"220"

    with client:
        assert b"" in iter(lambda: client.recv(1000), None)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((relay.host, relay.port), timeout=5)
