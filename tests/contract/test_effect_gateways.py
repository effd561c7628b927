"""Shows that the gateways of the crash tests transmit once per call, so that they prove something.

Each stands for what a provider may allow: a token known again, a search, or neither.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from aicmo.gateways.contract import (
    PERMIT_KEY,
    Found,
    LivePermit,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    RepeatClass,
    Scope,
)
from tests.contract.gateway_contract import (
    NOT_SENT,
    SENT,
    UNKNOWN,
    GatewayContract,
    Mode,
    always,
    permit,
)
from tests.peers.effect_gateways import GATEWAYS, EffectGateway, SearchableGateway
from tests.peers.http_exchange import WORKS, Fault, Request, Stage
from tests.peers.http_peer import HttpPeer

FOR_NOW, FOR_GOOD = OutcomeKind.REFUSED_FOR_NOW, OutcomeKind.REFUSED_FOR_GOOD
A, B, C = RepeatClass.REPEAT_SAFE, RepeatClass.READABLE, RepeatClass.BLIND


def mode(fault: Fault, *outcomes: OutcomeKind, is_false: bool = False) -> Mode:
    return Mode(frozenset(outcomes), fault, is_false=is_false)


def lost_answers() -> Iterator[tuple[str, Mode]]:
    for then in ("close", "hang", "reset", "cut", "drip", "garbage"):
        yield f"apply, then {then}", mode(Fault(applies=True, then=then), UNKNOWN)
        yield f"{then} without an effect", mode(Fault(then=then), UNKNOWN)


MODES: Mapping[str, Mode] = {
    "ok": mode(WORKS, SENT),
    "slow": mode(Fault(applies=True, delay=0.1), SENT),
    "the answer twice": mode(Fault(applies=True, then="twice"), SENT),
    **dict(lost_answers()),
    "close at connect": mode(Fault("connect", then="close"), NOT_SENT, UNKNOWN),
    "reset at connect": mode(Fault("connect", then="reset"), NOT_SENT, UNKNOWN),
    "hang at connect": mode(Fault("connect", then="hang"), UNKNOWN),
    "close after the head": mode(Fault("head", then="close"), NOT_SENT, UNKNOWN),
    "reset after the head": mode(Fault("head", then="reset"), NOT_SENT, UNKNOWN),
    "close in the body": mode(Fault("body", then="close"), UNKNOWN),
    "hang in the body": mode(Fault("body", then="hang"), UNKNOWN),
    "503 in the body": mode(Fault("body"), UNKNOWN),
    "apply, then 500": mode(Fault(applies=True, status=500), UNKNOWN),
    "apply, then 502": mode(Fault(applies=True, status=502), UNKNOWN),
    "500 without an effect": mode(Fault(status=500), UNKNOWN),
    "408": mode(Fault(applies=True, status=408), UNKNOWN),
    "200 without a reference": mode(Fault(status=200), UNKNOWN),
    "401": mode(Fault(status=401), OutcomeKind.REFUSED_ACCOUNT),
    "409": mode(Fault(status=409), OutcomeKind.DUPLICATE),
    "apply, then 409": mode(Fault(applies=True, status=409), OutcomeKind.DUPLICATE),
    "422": mode(Fault(status=422), FOR_GOOD),
    "a redirection": mode(Fault(status=307), FOR_GOOD),
    "apply, then 422": mode(Fault(applies=True, status=422), FOR_GOOD, is_false=True),
    "429": mode(Fault(status=429), FOR_NOW),
}


class EveryEffectGateway(GatewayContract):
    modes: ClassVar[Mapping[str, Mode]] = MODES
    repeat_class: ClassVar[RepeatClass]

    def peer(self, script: Fault | None) -> HttpPeer:
        return HttpPeer(self.repeat_class, {1: script} if script else {})

    def gateway(self, permit: LivePermit, peer: HttpPeer) -> EffectGateway:
        stalls = any(fault.then in ("hang", "drip") for fault in peer.faults.values())
        patience = 0.3 if stalls else 5.0
        return GATEWAYS[self.repeat_class](permit, peer.address, answer_seconds=patience)

    def outgoing(self, number: int = 1, *, seconds_left: float = 30) -> Outgoing:
        return outgoing(number, seconds_left=seconds_left)


class TestTokenGateway(EveryEffectGateway):
    repeat_class = A


class TestSearchableGateway(EveryEffectGateway):
    repeat_class = B


class TestBlindGateway(EveryEffectGateway):
    repeat_class = C


def outgoing(number: int = 1, *, seconds_left: float = 30) -> Outgoing:
    return Outgoing(
        delivery_id=number,
        token=f"token-{number}",
        sender="hello@agency.test",
        recipient=f"person{number}@client.test",
        payload=b"Subject: hi\r\n\r\nCome along.\r\n",
        deadline=time.monotonic() + seconds_left,
    )


def gateway(peer: HttpPeer) -> EffectGateway:
    return GATEWAYS[peer.repeat_class](permit(), peer.address)


def test_every_outcome_there_is_can_be_met() -> None:
    met = frozenset[OutcomeKind]().union(*(each.outcomes for each in MODES.values()))

    assert met == frozenset(OutcomeKind)


def test_nobody_listening_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        address = unused.getsockname()
    outcome = GATEWAYS[C](permit(), address).send(outgoing(), always)

    assert (outcome.kind, outcome.scope) == (NOT_SENT, Scope.RUN)


@pytest.mark.parametrize("header", ["30", "soon", ""])
def test_a_full_provider_makes_the_whole_account_wait(header: str) -> None:
    began = datetime.now(UTC)
    with HttpPeer(faults={1: Fault(status=429, headers={"Retry-After": header})}) as peer:
        outcome = gateway(peer).send(outgoing(), always)

    assert (outcome.kind, outcome.scope) == (FOR_NOW, Scope.RUN)
    if header == "30":
        assert outcome.not_before
        assert timedelta(seconds=30) <= outcome.not_before - began < timedelta(seconds=60)
    else:
        assert outcome.not_before is None


def test_the_allowance_is_asked_for_with_no_byte_of_the_body_written() -> None:
    arrived: list[int] = []
    with HttpPeer() as peer:

        def look(_: Outgoing) -> bool:
            time.sleep(0.1)
            arrived.append(len(peer.begun))
            return True

        gateway(peer).send(outgoing(), look)
        assert (arrived, len(peer.begun)) == ([0], 1)


def test_a_token_is_known_again_until_its_lifetime_is_over() -> None:
    now = [0.0]
    lifetime = timedelta(hours=1)
    with HttpPeer(A, token_lifetime=lifetime, clock=lambda: now[0]) as peer:
        refs = [gateway(peer).send(outgoing(), always).ref for _ in range(2)]
        now[0] = lifetime.total_seconds()
        refs.append(gateway(peer).send(outgoing(), always).ref)

    assert refs == ["M1", "M1", "M2"]
    assert peer.effects_by_token == {"token-1": 2}
    assert peer.transmissions_by_token == {"token-1": 3}


@pytest.mark.parametrize("repeat_class", [B, C])
def test_other_providers_do_again_what_they_are_told_again(repeat_class: RepeatClass) -> None:
    with HttpPeer(repeat_class) as peer:
        refs = [gateway(peer).send(outgoing(), always).ref for _ in range(2)]

    assert refs == ["M1", "M2"]
    assert peer.effects_by_token == {"token-1": 2}


def ask(peer: HttpPeer) -> Reading:
    question = Question(1, "token-1", "person1@client.test", datetime.now(UTC))
    return gateway(peer).reconcile(question)


def test_a_readable_provider_finds_it_once_it_is_visible() -> None:
    now = [0.0]
    faults: dict[int | str, Fault] = {1: Fault(applies=True, then="close")}
    with HttpPeer(B, faults, visible_after=timedelta(seconds=30), clock=lambda: now[0]) as peer:
        assert gateway(peer).send(outgoing(), always).kind is UNKNOWN
        assert ask(peer) == Reading(Found.ABSENT)
        now[0] = 30
        assert ask(peer) == Reading(Found.PRESENT, "M1")

    assert peer.transmissions.total() == 1


@pytest.mark.parametrize("fault", [Fault(then="close"), Fault(then="cut"), Fault(status=500)])
def test_a_failed_reading_tells_nothing(fault: Fault) -> None:
    with HttpPeer(B, {2: fault}) as peer:
        gateway(peer).send(outgoing(), always)
        assert ask(peer).found is Found.CANNOT_TELL


@pytest.mark.parametrize("repeat_class", [A, C])
def test_providers_that_can_not_be_asked_tell_nothing(repeat_class: RepeatClass) -> None:
    with HttpPeer(repeat_class) as peer:
        assert ask(peer).found is Found.CANNOT_TELL

    assert peer.connections == 0


def test_a_permit_to_ask_does_not_send() -> None:
    with HttpPeer(B) as peer:
        asking = LivePermit(0, "email", key=PERMIT_KEY, may_send=False)
        reader = SearchableGateway(asking, peer.address)
        with pytest.raises(PermissionError):
            list(reader.send_batch([outgoing()], always))

    assert peer.connections == 0


def test_idle_means_that_everything_on_its_way_has_been_acted_on() -> None:
    stages: list[Stage] = []

    def watch(stage: Stage, _: Request) -> None:
        stages.append(stage)

    slow = Fault(applies=True, delay=0.2)
    with HttpPeer(faults={1: slow}, watch=watch) as peer:
        impatient = GATEWAYS[C](permit(), peer.address, answer_seconds=0.01)
        assert impatient.send(outgoing(), always).kind is UNKNOWN
        peer.wait_until_idle()
        assert peer.effects.total() == 1

    assert stages[:3] == ["head", "body", "applied"]
