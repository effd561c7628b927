"""Shows what is asked of a relay beyond the plain dialogue: logins, reports, copies, signatures."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import (
    Found,
    Outcome,
    OutcomeKind,
    Question,
    Reading,
    RepeatClass,
    Scope,
)
from aicmo.gateways.smtp import SmtpGateway
from tests.contract.gateway_contract import NOT_SENT, SENT, permit
from tests.contract.test_smtp_gateway import ACCOUNT, FOR_GOOD, PAYLOAD, outgoing
from tests.contract.test_smtp_pool import persons, send
from tests.peers.certificates import Authority
from tests.peers.smtp_peer import PASSWORD, Answer, Script, SmtpPeer

TO = "person@client.test"
COPIES = "copies@agency.test"


def said(peer: SmtpPeer, verb: str) -> list[str]:
    return [line for line in peer.commands if line.startswith(verb)]


def send_one(peer: SmtpPeer, **options: Any) -> Outcome:
    (outcome,) = send(peer, [outgoing()], **options)
    return outcome


# Logging in


def test_a_token_logs_in_by_xoauth2() -> None:
    with SmtpPeer(Script(mechanisms="PLAIN XOAUTH2")) as peer:
        assert send_one(peer, relay={"auth": "xoauth2"}).kind is SENT
    assert said(peer, "AUTH")[0].startswith("AUTH XOAUTH2 ")


def test_a_token_that_is_refused_is_the_accounts_trouble_and_told_once() -> None:
    with SmtpPeer(Script(mechanisms="XOAUTH2")) as peer:
        outcome = send_one(peer, relay={"auth": "xoauth2", "username": "somebody else"})
    assert (outcome.kind, outcome.code) == (ACCOUNT, "535 5.7.8")
    assert len(said(peer, "AUTH")) == 1
    assert PASSWORD not in repr(outcome)


@pytest.mark.parametrize(("auth", "offered"), [("login", "PLAIN"), (None, "XOAUTH2")])
def test_a_password_is_never_sent_by_another_way_than_asked_for(
    auth: str | None, offered: str
) -> None:
    with SmtpPeer(Script(mechanisms=offered)) as peer:
        outcome = send_one(peer, relay={"auth": auth})
    assert outcome.kind is ACCOUNT
    assert said(peer, "AUTH") == []


def test_the_mechanism_that_is_asked_for_is_used() -> None:
    with SmtpPeer(Script(mechanisms="PLAIN LOGIN")) as peer:
        assert send_one(peer, relay={"auth": "login"}).kind is SENT
    assert said(peer, "AUTH") == ["AUTH LOGIN"]


@pytest.mark.parametrize(
    "script",
    [
        Script(mechanisms="PLAIN"),
        Script({"STARTTLS": Answer("454 4.7.0 no")}, mechanisms="PLAIN", offers_starttls=True),
        Script({"STARTTLS": Answer("502 no")}, mechanisms="PLAIN", offers_starttls=True),
        Script(
            {"STARTTLS": Answer("220 ok\r\n250 AUTH PLAIN")},
            mechanisms="PLAIN", offers_starttls=True,
        ),
    ],
    ids=["stripped", "refused for now", "refused", "injected"],
)  # fmt: skip
def test_where_encryption_was_taken_away_the_run_ends_before_anything_is_said(
    script: Script, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    with SmtpPeer(
        script, tls="starttls", context=authority.server_context(), connections_allowed=4
    ) as peer:
        outcomes = send(peer, persons(3), ca_file=authority.ca_file)
    assert {outcome.kind for outcome in outcomes} <= {NOT_SENT, OutcomeKind.REFUSED_FOR_NOW}
    assert {outcome.scope for outcome in outcomes} == {Scope.RUN}
    assert peer.connections == 1
    assert said(peer, "AUTH") == said(peer, "MAIL") == []


# Reports and addresses


def test_failures_and_delays_are_reported_where_the_relay_offers_it() -> None:
    with SmtpPeer(Script(extensions=("DSN",))) as peer:
        batch = [dataclasses.replace(outgoing(), token="a+b=c d")]
        assert send(peer, batch)[0].kind is SENT
    assert said(peer, "MAIL") == [
        "MAIL FROM:<hello@agency.test> RET=HDRS ENVID=a+2Bb+3Dc+20d"
    ]  # fmt: skip
    assert said(peer, "RCPT") == [f"RCPT TO:<{TO}> NOTIFY=FAILURE,DELAY"]


def test_successes_are_reported_only_when_asked_for() -> None:
    with SmtpPeer(Script(extensions=("DSN",))) as peer:
        send_one(peer, relay={"dsn_success": True})
    assert said(peer, "RCPT") == [f"RCPT TO:<{TO}> NOTIFY=SUCCESS,FAILURE,DELAY"]


def test_a_relay_that_offers_nothing_is_asked_for_nothing() -> None:
    with SmtpPeer() as peer:
        send_one(peer, relay={"dsn_success": True})
    assert said(peer, "MAIL") == ["MAIL FROM:<hello@agency.test>"]
    assert said(peer, "RCPT") == [f"RCPT TO:<{TO}>"]


@pytest.mark.parametrize("offered", [True, False])
def test_an_address_beyond_ascii_goes_only_to_who_takes_it(*, offered: bool) -> None:
    batch = [outgoing("jörg@client.test"), outgoing("anna@client.test")]
    with SmtpPeer(Script(extensions=("SMTPUTF8",) if offered else ())) as peer:
        wide, plain = send(peer, batch)
    assert plain.kind is SENT
    assert wide.kind is (SENT if offered else FOR_GOOD)
    assert ("MAIL FROM:<hello@agency.test> SMTPUTF8" in peer.commands) == offered
    assert peer.effects["jörg@client.test"] == offered


@pytest.mark.parametrize("connections", [1, 2])
def test_what_is_too_large_is_refused_before_it_is_sent(connections: int) -> None:
    small, large, last = persons(3)
    large = dataclasses.replace(large, payload=b"Subject: x\r\n\r\n" + b"y" * 5000)
    with SmtpPeer(Script(size=2000), connections_allowed=connections) as peer:
        outcomes = send(peer, [small, large, last])
    assert [outcome.kind for outcome in outcomes] == [SENT, FOR_GOOD, SENT]
    assert large.recipient not in " ".join(peer.commands)


# Copies and signatures


def test_a_journal_copy_goes_out_in_the_same_transaction() -> None:
    with SmtpPeer(Script(extensions=("DSN",))) as peer:
        outcomes = send(peer, persons(2), journal_address=COPIES)
    assert [outcome.kind for outcome in outcomes] == [SENT, SENT]
    assert peer.effects == {"p1@client.test": 1, "p2@client.test": 1, COPIES: 2}
    assert len(peer.messages) == 2
    assert f"RCPT TO:<{COPIES}> NOTIFY=NEVER" in peer.commands


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_journal_copy_does_not_stop_the_message(*, pipelining: bool) -> None:
    script = Script(recipients={COPIES: "550 5.1.1 no such copies"}, pipelining=pipelining)
    with SmtpPeer(script) as peer:
        outcomes = send(peer, persons(2), journal_address=COPIES)
    assert [(outcome.kind, outcome.suppress) for outcome in outcomes] == [(SENT, False)] * 2
    assert {outcome.detail for outcome in outcomes} == {"without the journal copy (550 5.1.1)"}
    assert peer.effects == {"p1@client.test": 1, "p2@client.test": 1}


def test_a_doubt_tells_that_there_is_no_copy_to_look_for() -> None:
    lost = Answer(then="close", applies=True)
    with SmtpPeer(Script({"dot": lost}, recipients={COPIES: "550 5.1.1 no"})) as peer:
        outcome = send_one(peer, journal_address=COPIES)
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert "without the journal copy" in outcome.detail


@pytest.mark.parametrize("pipelining", [True, False])
def test_without_its_recipient_a_message_is_not_sent_to_the_journal_alone(
    *, pipelining: bool
) -> None:
    script = Script(recipients={"p1@client.test": "550 5.1.1 no"}, pipelining=pipelining)
    with SmtpPeer(script) as peer:
        first, second = send(peer, persons(2), journal_address=COPIES)
    assert (first.kind, first.suppress, second.kind) == (FOR_GOOD, True, SENT)
    assert peer.effects == {"p2@client.test": 1, COPIES: 1}


def test_a_journal_address_that_is_a_command_is_refused() -> None:
    with SmtpPeer() as peer, pytest.raises(FixConfiguration, match="journal"):
        SmtpGateway(permit(), peer.relay, journal_address="a@b.test>\r\nDATA")


def test_what_is_signed_is_what_goes_out() -> None:
    with SmtpPeer(Script(size=10_000)) as peer:
        outcomes = send(peer, persons(2), sign=lambda payload: b"Signed: yes\r\n" + payload)
    assert [outcome.kind for outcome in outcomes] == [SENT, SENT]
    assert peer.messages == [b"Signed: yes\r\n" + PAYLOAD] * 2
    assert f"SIZE={len(PAYLOAD) + 13}" in said(peer, "MAIL")[0]


def test_what_cannot_be_signed_is_not_sent_and_ends_the_run() -> None:
    def broken(payload: bytes) -> bytes:
        raise ValueError("secret key of person1")

    with SmtpPeer() as peer:
        outcomes = send(peer, persons(3), sign=broken)
    assert {(each.kind, each.scope) for each in outcomes} == {(NOT_SENT, Scope.RUN)}
    assert "can't be signed" in outcomes[0].detail
    assert "secret" not in repr(outcomes)
    assert peer.connections == 0


def test_with_a_search_doubts_can_be_asked_about_and_without_they_cannot() -> None:
    asked: list[Question] = []

    def search(question: Question) -> Reading:
        asked.append(question)
        return Reading(Found.PRESENT, ref="copy 7")

    question = Question(1, "token", TO, datetime.now(UTC))
    with SmtpPeer() as peer:
        plain = SmtpGateway(permit(), peer.relay)
        searched = SmtpGateway(permit(), peer.relay, search=search)
        assert plain.reconcile(question).found is Found.CANNOT_TELL
        assert searched.reconcile(question) == Reading(Found.PRESENT, ref="copy 7")
    assert asked == [question]
    assert (plain.repeat_class, searched.repeat_class) == (RepeatClass.BLIND, RepeatClass.READABLE)
    assert searched.timing.quiet > plain.timing.quiet
