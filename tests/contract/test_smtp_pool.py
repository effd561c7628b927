"""Shows that several connections, and envelopes that ride with dots, change no outcome."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from aicmo.gateways.contract import LivePermit, Outcome, OutcomeKind, Outgoing, Scope
from aicmo.gateways.smtp import SmtpGateway
from aicmo.smtp_relay import TlsMode
from tests.contract import test_smtp_gateway as one
from tests.contract.gateway_contract import (
    NO_EFFECT,
    NOT_SENT,
    SENT,
    UNKNOWN,
    Mode,
    always,
    but_not,
    permit,
)
from tests.contract.test_smtp_gateway import ACCOUNT, FOR_GOOD, PAYLOAD, outgoing, patience
from tests.peers.certificates import Authority
from tests.peers.smtp_peer import Answer, Dialogue, Script, SmtpPeer, Step, _Cut

Way = Literal["step by step", "pipelined", "four connections"]
WAYS: Mapping[Way, int] = {"step by step": 1, "pipelined": 1, "four connections": 4}


FOLDER = tempfile.TemporaryDirectory(prefix="aicmo-authority-")  # goes with the process


@functools.cache
def authority() -> Authority:
    return Authority(Path(FOLDER.name))


class Variant(one.TestSmtpGateway):
    __test__ = False
    connections, pipelining = 1, True
    tls: TlsMode = "none"

    def peer(self, script: Script | None) -> SmtpPeer:
        script = dataclasses.replace(
            script or Script(), pipelining=self.pipelining, offers_starttls=self.tls == "starttls"
        )
        context = authority().server_context() if self.tls != "none" else None
        return SmtpPeer(script, tls=self.tls, context=context, connections_allowed=self.connections)

    def gateway(self, permit: LivePermit, peer: SmtpPeer) -> SmtpGateway:
        ca_file = authority().ca_file if self.tls != "none" else None
        return SmtpGateway(permit, peer.relay, ca_file=ca_file, timeouts=patience(peer))


class TestStepByStep(Variant):
    __test__ = True
    pipelining = False


class TestFourConnections(Variant):
    __test__ = True
    connections = 4


class TestOverTls(Variant):
    __test__ = True
    connections = 4
    tls = "implicit"


class TestStepByStepOverStarttls(Variant):
    __test__ = True
    pipelining = False
    tls = "starttls"


def persons(count: int, **changes: Any) -> list[Outgoing]:
    return [
        dataclasses.replace(outgoing(f"p{number}@client.test"), delivery_id=number, **changes)
        for number in range(1, count + 1)
    ]


def send(
    peer: SmtpPeer, batch: Sequence[Outgoing], still_allowed: Any = always, **options: Any
) -> list[Outcome]:
    """The outcomes in the order of the batch."""
    relay = dataclasses.replace(peer.relay, **options.pop("relay", {}))
    options.setdefault("timeouts", patience(peer))
    with SmtpGateway(permit(), relay, **options) as gateway:
        answers = dict(gateway.send_batch(batch, still_allowed))
    assert len(answers) == len(batch)
    return [answers[each] for each in batch]


# Every fault, at the message that carries and at the one that rides


def faults() -> Iterator[tuple[str, Mode]]:
    late = {"MAIL", "RCPT", "DATA", "body", "dot"}
    for name, mode in one.MODES.items():
        if set(mode.script.answers) & late:
            yield name, mode
    for name, answer in {
        "close": Answer(then="close"),
        "reset": Answer(then="reset"),
        "hang": Answer(then="hang"),
        "garbage": Answer("what?"),
        "421": Answer("421 4.3.2 closing", "close"),
        "502": Answer("502 5.5.1 what's that"),
    }.items():
        yield f"{name} at RSET", Mode(frozenset({SENT}), Script({"RSET": answer}))
    steps: tuple[Step, ...] = ("MAIL", "RCPT", "DATA")
    for step in steps:
        yield f"reset at {step}", one.mode(step, Answer(then="reset"), NOT_SENT)
    yield "reset in the body", one.mode("body", Answer(then="reset"), NOT_SENT, UNKNOWN)
    lost = Answer(then="reset", applies=True)
    yield "apply, then reset", one.mode("dot", lost, UNKNOWN)


FAULTS = dict(faults())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("faulty", [1, 2])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_touches_its_own_message_only(name: str, faulty: int, way: Way) -> None:
    mode, batch = FAULTS[name], persons(4)
    script = dataclasses.replace(
        mode.script, faulty=frozenset({faulty}), pipelining=way != "step by step"
    )
    with SmtpPeer(script, connections_allowed=WAYS[way]) as peer:
        outcomes = send(peer, batch)

    for each, outcome in zip(batch, outcomes, strict=True):
        effects = peer.effects[each.recipient]
        assert peer.transmissions[each.recipient] <= 1
        assert effects == 1 if outcome.kind is SENT else effects <= 1
        assert not effects or outcome.kind not in NO_EFFECT or mode.is_false
    kinds = [outcome.kind for outcome in outcomes]
    if way != "four connections":
        hit = kinds.pop(faulty - 1)
        is_first = faulty == 1 and "RSET" in name
        # A reset takes answers with it that had come: then the rider is asked about anew.
        may_be_anew = {SENT} if name.startswith("reset") and way == "pipelined" else set()
        assert hit in (mode.outcomes | may_be_anew if not is_first else {SENT})
        assert set(kinds) == ({SENT} if hit is not ACCOUNT else set(kinds) & {SENT, NOT_SENT})
        assert peer.ridden == 0 or way == "pipelined"
    assert peer.impatient == []


def test_the_next_envelope_rides_with_the_dot_where_that_is_offered() -> None:
    for pipelining, ridden in ((True, 3), (False, 0)):
        with SmtpPeer(Script(pipelining=pipelining)) as peer:
            outcomes = send(peer, persons(4))
        assert [outcome.kind for outcome in outcomes] == [SENT] * 4
        assert (peer.ridden, peer.impatient, peer.connections) == (ridden, [], 1)
        assert peer.commands.count("RSET") == 3


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_server_that_invites_a_body_for_nobody_gets_no_dot(*, pipelining: bool) -> None:
    batch = persons(3)
    script = Script(
        recipients={batch[1].recipient: "550 5.1.1 no"}, invites_anyway=True, pipelining=pipelining
    )
    with SmtpPeer(script) as peer:
        outcomes = send(peer, batch)

    assert [outcome.kind for outcome in outcomes] == [SENT, FOR_GOOD, SENT]
    assert peer.effects == {batch[0].recipient: 1, batch[2].recipient: 1}


def test_after_doubts_nothing_rides_until_one_is_sent() -> None:
    script = Script({"dot": Answer(then="close")}, faulty=frozenset({1, 3}))
    with SmtpPeer(script) as peer:
        outcomes = send(peer, persons(5))

    assert [outcome.kind for outcome in outcomes] == [UNKNOWN, SENT, UNKNOWN, SENT, SENT]
    assert peer.connections == 3
    assert peer.ridden == 2  # with the first, and with the third: after one that was sent


def test_each_recipient_gets_its_own_answer_at_the_dot() -> None:
    batch = persons(5)
    dots = {batch[1].recipient: "451 4.3.0 later", batch[3].recipient: "554 5.7.1 no"}
    for way in WAYS:
        with SmtpPeer(Script(dots=dots), connections_allowed=WAYS[way]) as peer:
            outcomes = send(peer, batch)
        assert [outcome.code for outcome in outcomes] == [
            "250 2.0.0", "451 4.3.0", "250 2.0.0", "554 5.7.1", "250 2.0.0",
        ]  # fmt: skip
        assert peer.effects == {batch[number].recipient: 1 for number in (0, 2, 4)}


@pytest.mark.parametrize("script", [Script(in_pieces=True), Script(delay=0.02)])
@pytest.mark.parametrize("tls", ["none", "implicit"])
def test_replies_may_come_slowly_and_in_pieces(script: Script, tls: TlsMode) -> None:
    context = authority().server_context()
    with SmtpPeer(script, tls=tls, context=context, connections_allowed=4) as peer:
        outcomes = send(peer, persons(6), ca_file=authority().ca_file)

    assert [outcome.kind for outcome in outcomes] == [SENT] * 6
    assert set(peer.effects.values()) == {1}


@pytest.mark.parametrize("tls", ["none", "implicit"])
def test_a_body_that_the_socket_cannot_take_at_once_arrives_whole(tls: TlsMode) -> None:
    payload = b"Subject: big\r\n\r\n" + b".a line\r\n" * 300_000
    context = authority().server_context()
    with SmtpPeer(tls=tls, context=context, connections_allowed=2) as peer:
        outcomes = send(peer, persons(2, payload=payload), ca_file=authority().ca_file)

    assert [outcome.kind for outcome in outcomes] == [SENT] * 2
    assert peer.messages == [payload] * 2


# The last question


class Gathering(SmtpPeer):
    """Invites bodies only once so many connections wait for it."""

    def __init__(self, connections: int) -> None:
        super().__init__(connections_allowed=connections)
        self.barrier = threading.Barrier(connections)

    def _serve(self, connection: Any) -> None:
        connection.settimeout(10)
        with (
            connection,
            suppress(OSError, _Cut, threading.BrokenBarrierError),
            GatheringDialogue(self, connection) as dialogue,
        ):
            dialogue.run()


class GatheringDialogue(Dialogue):
    peer: Gathering

    def on_data(self, rest: str) -> None:
        if self.transaction <= self.peer.barrier.parties:
            self.peer.barrier.wait(10)
        super().on_data(rest)


def test_those_at_their_dot_are_asked_about_together_and_a_no_is_for_one() -> None:
    batch, groups = persons(8), list[int]()

    def slowly(group: Sequence[Outgoing]) -> Sequence[Outgoing]:
        groups.append(len(group))
        if len(groups) == 1:
            time.sleep(0.5)  # the others come to their dot meanwhile
        return but_not(batch[2])(group)

    with Gathering(4) as peer:
        outcomes = send(peer, batch, slowly)

    kinds = [outcome.kind for outcome in outcomes]
    assert kinds == [SENT, SENT, NOT_SENT, *[SENT] * 5]
    assert outcomes[2].scope is Scope.DELIVERY
    assert peer.effects == {each.recipient: 1 for each in batch if each is not batch[2]}
    assert sum(groups) == 8
    assert max(groups) > 1


def test_after_a_stop_nothing_is_pulled_and_nothing_more_goes_out() -> None:
    stopped, pulled = threading.Event(), list[Outgoing]()

    def until_stopped() -> Iterator[Outgoing]:
        for each in persons(40):
            if stopped.is_set():
                return
            pulled.append(each)
            yield each

    def allow(group: Sequence[Outgoing]) -> Sequence[Outgoing]:
        return () if stopped.is_set() else group

    with SmtpPeer(connections_allowed=4) as peer:
        peer.after_effect = lambda _: stopped.set() if peer.effects.total() >= 10 else None
        with SmtpGateway(permit(), peer.relay) as gateway:
            answers = dict(gateway.send_batch(until_stopped(), allow))

    sent = [each for each, outcome in answers.items() if outcome.kind is SENT]
    assert len(answers) == len(pulled) < 40
    assert {outcome.kind for outcome in answers.values()} == {SENT, NOT_SENT}
    assert peer.effects == {each.recipient: 1 for each in sent}
    assert 10 <= len(sent) <= 13  # those that had got their last permission


def test_a_server_that_speaks_before_the_dot_gets_none() -> None:
    def later(group: Sequence[Outgoing]) -> Sequence[Outgoing]:
        time.sleep(0.2)
        return group

    with SmtpPeer(Script({"body": Answer("250 2.0.0 Ok: queued as X")})) as peer:
        (outcome,) = send(peer, persons(1), later)

    assert outcome.kind is NOT_SENT
    assert peer.effects.total() == 0


class Stuttering(SmtpPeer):
    """Begins a reply that nobody asked for, and ends it before it has looked at the message."""

    def _serve(self, connection: Any) -> None:
        connection.settimeout(10)
        with (
            connection,
            suppress(OSError, _Cut),
            StutteringDialogue(self, connection) as dialogue,
        ):
            dialogue.run()


class StutteringDialogue(Dialogue):
    def on_data(self, rest: str) -> None:
        self.connection.sendall(b"354 go on\r\n25")
        time.sleep(0.3)  # so long nothing is read, and the body fills the socket
        self.read_until(b"\r\n.\r\n")
        self.connection.sendall(b"0 2.0.0 Ok: queued as X\r\n")
        self.say("554 5.7.1 no")


def test_what_a_server_begins_to_say_before_the_dot_is_not_the_answer_to_it() -> None:
    payload = b"Subject: big\r\n\r\n" + b"a line\r\n" * 1_000_000
    with Stuttering() as peer:
        (outcome,) = send(peer, persons(1, payload=payload))

    assert outcome.kind is NOT_SENT
    assert peer.effects.total() == 0


def test_nothing_takes_time_between_the_last_permission_and_the_dot() -> None:
    signed, is_paused = list[bytes](), threading.Event()

    def sign(payload: bytes) -> bytes:
        signed.append(payload)
        if len(signed) == 2:
            is_paused.set()
        return payload

    def allow(group: Sequence[Outgoing]) -> Sequence[Outgoing]:
        return () if is_paused.is_set() else group

    with SmtpPeer() as peer:
        outcomes = send(peer, persons(3), allow, sign=sign)

    assert {outcome.kind for outcome in outcomes} == {NOT_SENT}
    assert peer.effects.total() == 0


def test_a_batch_is_pulled_no_further_than_connections_can_take() -> None:
    pulled = list[int]()

    def counted() -> Iterator[Outgoing]:
        for each in persons(10):
            pulled.append(each.delivery_id)
            yield each

    with SmtpPeer() as peer, SmtpGateway(permit(), peer.relay) as gateway:
        for answered, _ in enumerate(gateway.send_batch(counted(), always), start=1):
            assert len(pulled) <= answered + 1


def test_left_early_it_hangs_up_and_the_next_batch_begins_anew() -> None:
    with SmtpPeer(connections_allowed=2) as peer, SmtpGateway(permit(), peer.relay) as gateway:
        answers = cast("Any", gateway.send_batch(persons(10), always))
        first, outcome = next(answers)
        answers.close()
        assert outcome.kind is SENT
        before = peer.effects.copy()
        late = outgoing("late@client.test")
        assert gateway.send(late, always).kind is SENT

    assert peer.effects[late.recipient] == 1
    assert before[first.recipient] == 1
    assert max(peer.effects.values()) == 1


# Limits


def test_a_relay_that_takes_few_connections_gets_few() -> None:
    with SmtpPeer(Script(most_connections=2, delay=0.01), connections_allowed=4) as peer:
        outcomes = send(peer, persons(12))

    assert [outcome.kind for outcome in outcomes] == [SENT] * 12
    assert peer.connections == 3  # the third was refused, and that was enough


def test_a_connection_is_renewed_after_its_share() -> None:
    with SmtpPeer() as peer:
        outcomes = send(peer, persons(5), relay={"per_connection": 2})

    assert [outcome.kind for outcome in outcomes] == [SENT] * 5
    assert (peer.connections, peer.commands.count("QUIT")) == (3, 3)


@pytest.mark.parametrize("connections", [1, 4])
def test_nobody_waits_for_a_pace_beyond_the_deadline(connections: int) -> None:
    deadline = time.monotonic() + 1.5
    batch = persons(3, deadline=deadline)
    with SmtpPeer(connections_allowed=connections) as peer:
        outcomes = send(peer, batch, relay={"per_second": 1})

    kinds = [(outcome.kind, outcome.scope) for outcome in outcomes]
    assert kinds == [
        (SENT, Scope.DELIVERY), (SENT, Scope.DELIVERY), (NOT_SENT, Scope.BATCH),
    ]  # fmt: skip
    assert peer.effects.total() == 2


def test_other_domains_pass_the_one_that_has_to_wait() -> None:
    deadline = time.monotonic() + 0.7
    batch = [
        dataclasses.replace(outgoing(f"{name}@{domain}.test"), deadline=deadline)
        for name, domain in (("a", "slow"), ("b", "slow"), ("c", "SLOW"), ("d", "fast"))
    ]
    pace = (2, timedelta(minutes=1))
    with SmtpPeer() as peer:
        outcomes = send(peer, batch, relay={"per_domain": pace})

    assert [outcome.kind for outcome in outcomes] == [SENT, SENT, NOT_SENT, SENT]
    assert outcomes[2].scope is Scope.BATCH
    assert "c@SLOW.test" not in peer.effects


def test_a_byte_now_and_then_wins_no_time_before_the_dot() -> None:
    (only,) = batch = persons(1, deadline=time.monotonic() + 60)
    for step in ("MAIL", "RCPT", "DATA"):
        with SmtpPeer(Script({cast("Step", step): Answer(then="drip")})) as peer:
            (outcome,) = send(peer, batch, timeouts=one.QUICK)
        assert (outcome.kind, outcome.scope) == (NOT_SENT, Scope.DELIVERY)
    assert not only.is_late()


# What ends a batch


def test_a_refused_account_stops_the_others_untried() -> None:
    script = Script({"MAIL": Answer("550 5.7.1 not your sender")}, delay=0.01)
    with SmtpPeer(script, connections_allowed=4) as peer:
        outcomes = send(peer, persons(20))

    kinds = {outcome.kind for outcome in outcomes}
    assert kinds == {ACCOUNT, NOT_SENT}
    assert all(each.scope is Scope.RUN for each in outcomes if each.kind is NOT_SENT)
    assert sum(line.startswith("MAIL") for line in peer.commands) <= 4
    assert peer.effects.total() == 0


def test_who_waits_for_a_turn_is_told_when_the_batch_ends() -> None:
    batch = [outgoing(each) for each in ("a@slow.test", "b@slow.test", "c@fast.test")]
    script = Script(recipients={"c@fast.test": "530 5.7.0 log in first"})
    with SmtpPeer(script) as peer:
        outcomes = send(peer, batch, relay={"per_domain": (1, timedelta(minutes=1))})

    assert [outcome.kind for outcome in outcomes] == [SENT, NOT_SENT, ACCOUNT]
    assert outcomes[1].scope is Scope.RUN
    assert peer.effects == {"a@slow.test": 1}


def test_what_is_committed_when_the_batch_ends_gets_its_answer() -> None:
    batch = persons(6)
    script = Script(recipients={batch[1].recipient: "421 4.7.0 too fast"}, delay=0.01)
    with SmtpPeer(script, connections_allowed=4) as peer:
        outcomes = send(peer, batch)

    assert outcomes[1].kind is OutcomeKind.REFUSED_FOR_NOW
    assert (outcomes[1].scope, outcomes[1].not_before is None) == (Scope.RUN, False)
    sent = [each for each, outcome in zip(batch, outcomes, strict=True) if outcome.kind is SENT]
    assert peer.effects == {each.recipient: 1 for each in sent}
    others = {outcome.kind for outcome in outcomes} - {SENT, OutcomeKind.REFUSED_FOR_NOW}
    assert others <= {NOT_SENT}


def test_a_relay_that_goes_away_ends_the_run_and_costs_nobody_a_try() -> None:
    with SmtpPeer(Script(closes_after_messages=1)) as peer:
        peer.after_effect = lambda _: peer.stop_listening()
        outcomes = send(peer, persons(4))

    assert [outcome.kind for outcome in outcomes] == [SENT, *[NOT_SENT] * 3]
    assert all(outcome.scope is Scope.RUN for outcome in outcomes[1:])
    assert peer.messages == [PAYLOAD]
