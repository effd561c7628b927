"""What every gateway must hold to, whatever its provider does; each gateway's tests subclass it."""

from __future__ import annotations

import dataclasses
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, cast

import pytest

from aicmo.gateways.contract import (
    PERMIT_KEY,
    Gateway,
    LivePermit,
    Outcome,
    OutcomeKind,
    Outgoing,
    StillAllowed,
)

SENT, NOT_SENT, UNKNOWN = OutcomeKind.SENT, OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN
NO_EFFECT = frozenset(OutcomeKind) - {SENT, UNKNOWN, OutcomeKind.DUPLICATE}


@dataclass(frozen=True)
class Mode:
    """One way a provider may behave.

    outcomes: what the gateway may make of it.
    script: what the peer is told to do.
    is_false: the provider says "refused" after it acted, which no gateway can see through.
    """

    outcomes: frozenset[OutcomeKind]
    script: Any
    is_false: bool = False


class Peer(Protocol):
    """A provider that counts, per recipient, what it did and what it was given."""

    effects: Counter[str]
    transmissions: Counter[str]


class GatewayContract(ABC):
    modes: ClassVar[Mapping[str, Mode]]
    channel: ClassVar[str] = "email"

    @abstractmethod
    def peer(self, script: Any) -> AbstractContextManager[Peer]:
        """The provider, running on loopback; script None is one that works."""

    @abstractmethod
    def gateway(self, permit: LivePermit, peer: Any) -> Gateway:
        """The gateway under test, with patience of less than a second."""

    @abstractmethod
    def outgoing(self, number: int = 1, *, seconds_left: float = 30) -> Outgoing:
        """A delivery to the recipient of that number."""

    def ready(self, peer: Any, gateway: Gateway, outgoing: Outgoing) -> Outgoing:
        """The delivery as it is armed: with what had to be put up first."""
        del peer, gateway
        return outgoing

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "mode" in metafunc.fixturenames:
            metafunc.parametrize("mode", self.modes.values(), ids=list(self.modes))

    def send(
        self, peer: Peer, outgoing: Outgoing, still_allowed: StillAllowed | None = None
    ) -> Outcome:
        with self.gateway(permit(self.channel), peer) as gateway:
            ready = self.ready(peer, gateway, outgoing)
            return gateway.send(ready, still_allowed or always)

    def test_one_call_is_one_transmission_and_an_honest_outcome(self, mode: Mode) -> None:
        outgoing = self.outgoing()
        with self.peer(mode.script) as peer:
            outcome = self.send(peer, outgoing)

        assert outcome.kind in mode.outcomes
        assert peer.transmissions.total() <= 1
        assert peer.effects.total() <= 1
        if outcome.kind is SENT:
            assert peer.effects == {outgoing.recipient: 1}
        if outcome.kind in NO_EFFECT and not mode.is_false:
            assert peer.effects.total() == 0
        said = dataclasses.replace(outcome, ref=None)  # which may be our own token
        assert outgoing.recipient.partition("@")[0] not in repr(said)

    def test_what_is_no_longer_allowed_is_not_sent(self) -> None:
        with self.peer(None) as peer:
            outcome = self.send(peer, self.outgoing(), lambda _: ())

        assert outcome.kind is NOT_SENT
        assert peer.effects.total() == 0

    def test_a_check_that_fails_allows_nothing(self) -> None:
        def broken(outgoing: Outgoing) -> bool:
            raise RuntimeError(f"no database, so {outgoing.recipient} must wait")

        with self.peer(None) as peer:
            outcome = self.send(peer, self.outgoing(), broken)

        assert outcome.kind is NOT_SENT
        assert "@" not in repr(outcome)
        assert peer.effects.total() == 0

    def test_nothing_is_committed_after_the_deadline(self) -> None:
        with self.peer(None) as peer:
            late = self.send(peer, self.outgoing(seconds_left=-1))
            outgoing = self.outgoing(seconds_left=0.2)
            grown_late = self.send(peer, outgoing, until(outgoing.deadline))

        assert (late.kind, grown_late.kind) == (NOT_SENT, NOT_SENT)
        assert peer.effects.total() == 0

    def test_what_is_no_longer_allowed_is_left_out_and_the_others_go(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            batch = [self.ready(peer, gateway, self.outgoing(number)) for number in (1, 2, 3)]
            sent = gateway.send_batch(batch, but_not(batch[1]))
            answers = {outgoing.token: outcome for outgoing, outcome in sent}

        assert [answers[each.token].kind for each in batch] == [SENT, NOT_SENT, SENT]
        assert peer.effects == {batch[0].recipient: 1, batch[2].recipient: 1}

    def test_a_batch_sends_each_delivery_once(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            batch = [self.ready(peer, gateway, self.outgoing(number)) for number in range(1, 6)]
            answers = list(gateway.send_batch(batch, always))

        assert {outgoing.token: outcome.kind for outgoing, outcome in answers} == {
            outgoing.token: SENT for outgoing in batch
        }
        assert peer.effects == {outgoing.recipient: 1 for outgoing in batch}

    @pytest.mark.parametrize("instead", [None, True, object(), "LivePermit"])
    def test_there_is_no_gateway_without_a_permit(self, instead: object) -> None:
        with self.peer(None) as peer, pytest.raises(PermissionError):
            self.gateway(cast("LivePermit", instead), peer)

    def test_a_permit_opens_its_own_channel_only(self) -> None:
        forged = object.__new__(LivePermit)
        with self.peer(None) as peer:
            for other in (permit("another channel"), forged):
                with pytest.raises(PermissionError):
                    self.gateway(other, peer)


def permit(channel: str = "email") -> LivePermit:
    return LivePermit(run_id=1, channel=channel, key=PERMIT_KEY)


def always(group: Sequence[Outgoing]) -> Sequence[Outgoing]:
    return group


def but_not(refused: Outgoing) -> StillAllowed:
    return lambda group: [each for each in group if each is not refused]


def until(moment: float) -> StillAllowed:
    """Allows all, but only once `moment` (of `time.monotonic`) is past."""

    def allow(group: Sequence[Outgoing]) -> Sequence[Outgoing]:
        time.sleep(max(0.0, moment - time.monotonic()) + 0.01)
        return group

    return allow
