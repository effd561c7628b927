"""What gateways must hold to whose social network can be asked whether it has a post."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from aicmo.gateways.contract import PERMIT_KEY, Found, LivePermit, Outgoing, Question, Reading
from tests.contract.gateway_contract import SENT, UNKNOWN, permit
from tests.contract.social_contract import SocialContract
from tests.contract.social_samples import UNCLEAR, NoTokens
from tests.peers.http_exchange import Fault
from tests.peers.routed_peer import KEY
from tests.peers.social_peer import SocialPeer


class ReadableContract(SocialContract):
    """For networks that can be asked about a doubt.

    asked: the handler of the peer that reconcile asks first.
    by_text: posts are told apart by their text and time, so that others' can look like ours.
    lag: how long the network may take until it shows a post.
    """

    asked: ClassVar[str]
    by_text: ClassVar[bool] = True
    lag: ClassVar[timedelta] = timedelta(minutes=2)

    def ask(self, peer: SocialPeer, outgoing: Outgoing, **changes: Any) -> Reading:
        asking = LivePermit(0, self.channel, key=PERMIT_KEY, may_send=False)
        mark = outgoing.recipient or "part:1"
        taken = frozenset(
            each.ref for each in peer.posts if not each.is_foreign and each.mark != mark
        )
        question = Question(
            outgoing.delivery_id, outgoing.token, outgoing.recipient, datetime.now(UTC),
            outgoing.payload, outgoing.staged, taken,
        )  # fmt: skip
        with self.gateway(asking, peer) as gateway:
            return gateway.reconcile(dataclasses.replace(question, **changes))

    def lost(self, peer: SocialPeer, number: int = 1, *, applies: bool = True) -> Outgoing:
        """A delivery whose answer was lost, as it was armed."""
        with self.gateway(permit(self.channel), peer) as gateway:
            ready = self.ready(peer, gateway, self.outgoing(number))
            peer.faults[len(peer.begun) + 1] = Fault(applies=applies, then="close")
            assert gateway.send(ready, lambda group: group).kind is UNKNOWN
        return ready

    def test_a_doubt_is_closed_by_the_post_itself(self) -> None:
        with self.peer(None) as peer:
            self.send(peer, self.outgoing(2))
            reading = self.ask(peer, self.lost(peer))

        post = next(each for each in peer.posts if each.mark == "part:1")
        assert (reading.found, reading.ref) == (Found.PRESENT, post.ref)
        assert reading.permalink.startswith("https://")
        assert not peer.misshapen

    def test_what_is_not_there_is_absent_and_can_be_sent_again(self) -> None:
        with self.peer(None) as peer:
            self.send(peer, self.outgoing(2))
            lost = self.lost(peer, applies=False)
            assert self.ask(peer, lost).found is Found.ABSENT
            with self.gateway(permit(self.channel), peer) as gateway:
                again = self.ready(peer, gateway, lost)
                assert gateway.send(again, lambda group: group).kind is SENT

        assert peer.effects == {"part:1": 1, "part:2": 1}

    def test_a_timeline_that_lags_is_not_believed_too_early(self) -> None:
        with self.peer(None) as peer:
            lost = self.lost(peer)
            peer.visible_after = self.lag
            early = self.ask(peer, lost)
            peer.visible_after = timedelta()  # as after the quiet period
            late = self.ask(peer, lost)
            with self.gateway(permit(self.channel), peer) as gateway:
                timing = gateway.timing

        assert late.found is Found.PRESENT
        assert timing.quiet >= 2 * timing.request_bound
        if early.found is Found.ABSENT:
            assert timing.quiet > self.lag.total_seconds()

    def test_a_post_that_only_looks_like_ours_is_another_one(self) -> None:
        with self.peer(None) as peer:
            lost = self.lost(peer, applies=False)
            an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
            text, content = self.text(), self.lookalike()
            taken = peer.post_elsewhere(text, content=content)
            peer.post_elsewhere(text, an_hour_ago, content)
            peer.post_elsewhere("Another text altogether", content=content)
            reading = self.ask(peer, lost, taken=frozenset({taken.ref}))

        assert reading.found is Found.ABSENT, reading

    @pytest.mark.parametrize("change", ["near", "edited"])
    def test_a_post_that_somebody_put_right_is_not_taken_for_another_one(self, change: str) -> None:
        if not self.by_text:
            pytest.skip("its posts are known by more than their text")
        with self.peer(None) as peer:
            lost = self.lost(peer, applies=False)
            edited = {"edited_from": ["1"]} if change == "edited" else {}
            text = f"{self.text()}!" if change == "near" else "Quite another text"
            peer.post_elsewhere(text, content={**self.lookalike(), **edited})
            reading = self.ask(peer, lost)

        assert reading.found is Found.CANNOT_TELL, reading

    def lookalike(self) -> Mapping[str, Any]:
        """What the peer keeps of a post beside its text."""
        return {}

    @pytest.mark.parametrize("fault", UNCLEAR, ids=repr)
    def test_an_unclear_answer_tells_nothing(self, fault: Fault) -> None:
        with self.peer(None) as peer:
            lost = self.lost(peer)
            peer.other_faults[self.asked] = [fault]
            reading = self.ask(peer, lost)

        assert reading.found is Found.CANNOT_TELL
        assert reading.detail
        assert KEY not in repr(reading)

    def test_nobody_is_asked_without_a_log_in(self) -> None:
        with self.peer(None) as peer:
            lost = self.lost(peer)
            with self.gateway(permit(self.channel), peer, NoTokens()) as gateway:
                question = Question(
                    1, lost.token, lost.recipient, datetime.now(UTC), lost.payload, lost.staged
                )
                reading = gateway.reconcile(question)

        assert reading.found in {Found.CANNOT_TELL, Found.PRESENT}
