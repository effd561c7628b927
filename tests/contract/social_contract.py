"""What every gateway of a social network must hold to, beside `gateway_contract`; each one's tests subclass it.

`modes` are about the request that publishes; `COMMON` has those that all networks share, and a
subclass says where its network means something else.
"""

from __future__ import annotations

import dataclasses
import json
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from aicmo.channels import Channel
from aicmo.errors import FixConfiguration
from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.contract import (
    Attachment,
    Gateway,
    LivePermit,
    Outcome,
    Outgoing,
    Scope,
    StillAllowed,
)
from aicmo.gateways.http_answers import Clock, utc_now
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.registry import open_social_gateway
from aicmo.gateways.social_gateway import SocialGateway
from aicmo.posts.post import Post, PostPicture, Span
from tests.contract.gateway_contract import SENT, GatewayContract, Mode, always, permit
from tests.contract.mail_api_contract import ACCOUNT, COMMON, FOR_GOOD, FOR_NOW, PATIENT, patience
from tests.contract.social_samples import (
    LIMITS,
    NO_ANSWERS,
    NO_OBJECTION,
    NOW,
    TOKEN,
    NoTokens,
    Tokens,
    picture,
)
from tests.peers.http_exchange import Fault
from tests.peers.routed_peer import KEY
from tests.peers.social_peer import SocialPeer


class SocialContract(GatewayContract):
    """channel: the network's. staging: the handlers of the peer that staging a post with a picture
    asks, in their order. threads: a post may answer another. recalls: a post can be deleted.
    """

    modes: ClassVar[Mapping[str, Mode]] = COMMON
    channel: ClassVar[Channel]
    peer_type: ClassVar[type[SocialPeer]]
    staging: ClassVar[Sequence[str]] = ()
    threads: ClassVar[bool] = False
    recalls: ClassVar[bool] = True

    @abstractmethod
    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> SocialGateway:
        """The gateway under test."""

    def peer(self, script: Fault | None) -> SocialPeer:
        return self.peer_type({1: script} if script else {})

    def account(self, peer: SocialPeer) -> ProviderAccount:
        return ProviderAccount(peer.identity, "Acme", "@acme", api_url=peer.base_url)

    def gateway(
        self,
        permit: LivePermit,
        peer: Any,
        tokens: TokenSource | None = None,
        *,
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
        **changes: Any,
    ) -> SocialGateway:
        """`changes` are those of the account."""
        account = dataclasses.replace(self.account(peer), **changes)
        times = times or patience(peer)
        return self.open(permit, account, tokens or Tokens(), times=times, clock=clock)

    def send(
        self, peer: Any, outgoing: Outgoing, still_allowed: StillAllowed | None = None
    ) -> Outcome:
        """Staged with patience, whatever fault waits for the request that publishes."""
        with self.gateway(permit(self.channel), peer, times=PATIENT) as gateway:
            ready = self.ready(peer, gateway, outgoing)
        with self.gateway(permit(self.channel), peer) as gateway:
            return gateway.send(ready, still_allowed or always)

    def ready(self, peer: Any, gateway: Gateway, outgoing: Outgoing) -> Outgoing:
        with peer.in_order():
            staged = gateway.stage(outgoing)
        assert staged.objection is None
        kept = json.loads(json.dumps(dict(staged.values)))  # as the database keeps it
        return dataclasses.replace(outgoing, staged=kept)

    def text(self, number: int = 1) -> str:
        return f"Grüße 👋 from part:{number}, café & <tea>"

    def post(self, number: int = 1, pictures: Sequence[Attachment] = ()) -> Post:
        return Post(
            network=self.channel,
            spans=(Span(text=self.text(number)),),
            pictures=tuple(
                PostPicture(
                    sha256=each.sha256, media_type=each.media_type, width=each.width,
                    height=each.height, alt_text=each.alt_text,
                )
                for each in pictures
            ),
            language="en",
        )  # fmt: skip

    def pictures(self) -> tuple[Attachment, ...]:
        """The media of a post, where the network needs some; else none."""
        return ()

    def outgoing(self, number: int = 1, *, seconds_left: float = 30) -> Outgoing:
        return self.outgoing_of(self.post(number, self.pictures()), number, seconds_left)

    def with_picture(self, number: int = 1) -> Outgoing:
        post = self.post(number, [picture()])
        return dataclasses.replace(self.outgoing_of(post, number), attachments=(picture(),))

    def outgoing_of(self, post: Post, number: int = 1, seconds_left: float = 30) -> Outgoing:
        """The recipient stands in the text, so that the peer knows it; in real life it doesn't."""
        return Outgoing(
            delivery_id=number, token=f"{TOKEN[:-1]}{number}", sender="1001",
            recipient=f"part:{number}", payload=post.to_bytes(),
            deadline=time.monotonic() + seconds_left, attachments=self.pictures(),
        )  # fmt: skip

    # One transmission, and nothing that should stay secret

    def test_one_call_is_one_transmission_and_an_honest_outcome(self, mode: Mode) -> None:
        super().test_one_call_is_one_transmission_and_an_honest_outcome(mode)
        with self.peer(mode.script) as peer:
            outcome = self.send(peer, self.outgoing())
            peer.wait_until_idle()

        assert len(peer.begun) <= 1
        assert not peer.misshapen
        assert not any(KEY in path for path in peer.paths())
        assert KEY not in repr(outcome)

    def test_what_is_sent_can_be_found_again(self) -> None:
        with self.peer(None) as peer:
            outcome = self.send(peer, self.outgoing())

        assert outcome.ref == peer.posts[0].ref
        assert outcome.permalink.startswith("https://")

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_no_redirection_is_followed(self, status: int) -> None:
        with self.peer(None) as elsewhere:
            away = Fault(status=status, headers={"Location": f"{elsewhere.base_url}/"})
            with self.peer(away) as peer:
                self.send(peer, self.outgoing())

        assert elsewhere.connections == 0

    def test_permission_is_asked_once_and_before_a_byte_of_the_body(self) -> None:
        begun: list[int] = []
        with self.peer(None) as peer:

            def look(group: Sequence[Outgoing]) -> Sequence[Outgoing]:
                time.sleep(0.1)
                begun.append(len(peer.begun))
                return group

            self.send(peer, self.outgoing(), look)
            peer.wait_until_idle()

        assert (begun, len(peer.begun)) == ([0], 1)

    @pytest.mark.parametrize("form", LIMITS)
    def test_a_limit_lets_the_whole_account_wait_as_long_as_the_network_says(
        self, form: str
    ) -> None:
        fault = Fault(status=429, headers=LIMITS[form])
        with self.peer(fault) as peer:
            gateway = self.gateway(permit(self.channel), peer, clock=lambda: NOW)
            with gateway:
                ready = self.ready(peer, gateway, self.outgoing())
                outcome = gateway.send(ready, lambda group: group)

        assert (outcome.kind, outcome.scope) == (FOR_NOW, Scope.RUN)
        assert outcome.not_before == NOW + timedelta(minutes=1)

    # Who is logged in

    def test_the_pinned_account_may_send(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            assert gateway.identity == ""
            assert gateway.identify() is None
            profile = gateway.profile()

        assert gateway.identity == profile.identity == peer.identity
        assert profile.name or profile.handle
        assert KEY not in repr(profile)
        assert not peer.misshapen

    def test_another_account_than_the_pinned_one_is_refused(self) -> None:
        with self.peer(None) as peer:
            other = self.gateway(permit(self.channel), peer, identity="somebody else's")
            with other as gateway:
                objection = gateway.identify()

        assert objection is not None
        assert objection.kind is ACCOUNT
        pinned = ("@acme", "somebody else's")  # its id where both have one name
        assert objection.detail.endswith(pinned)
        assert gateway.identity == ""
        assert peer.effects.total() == 0

    def test_a_log_in_that_is_refused_or_gone_stops_everything(self) -> None:
        with self.peer(None) as peer:
            with self.gateway(permit(self.channel), peer) as gateway:
                ready = self.ready(peer, gateway, self.outgoing())
            for tokens in (NoTokens(), Tokens("another-token")):
                with self.gateway(permit(self.channel), peer, tokens) as gateway:
                    objection = gateway.identify()
                    sent = gateway.send(ready, lambda group: group)
                    recalled = gateway.recall("M1")

                assert objection is not None
                assert objection.kind is sent.kind is ACCOUNT
                assert recalled.kind in {ACCOUNT, FOR_GOOD}
                assert "token" not in repr((objection, sent, recalled))

        assert peer.effects.total() == 0

    def test_a_log_in_that_ends_between_staging_and_sending_sends_nothing(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            ready = self.ready(peer, gateway, self.outgoing())
            peer.expires_at = len(peer.seen) + 1
            outcome = gateway.send(ready, lambda group: group)

        assert (outcome.kind, len(peer.begun), peer.effects.total()) == (ACCOUNT, 1, 0)

    def test_it_opens_for_its_account_and_its_channel_only(self) -> None:
        account = ProviderAccount("1001", api_url="http://127.0.0.1:9")
        names = [
            open_social_gateway(self.channel, each, Tokens())(permit(self.channel)).name
            for each in (account, dataclasses.replace(account, identity="1002"))
        ]
        assert len(set(names)) == 2
        assert all(0 < len(name) <= 32 and KEY not in name for name in names)
        elsewhere = dataclasses.replace(account, api_url="https://api.example.org")
        with pytest.raises(FixConfiguration):
            open_social_gateway(self.channel, elsewhere, Tokens())(permit(self.channel))

    # Staging

    def test_staging_can_be_repeated_and_nobody_sees_it(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            once = self.ready(peer, gateway, self.with_picture())
            again = self.ready(peer, gateway, once)

        assert again.staged == once.staged
        assert (peer.effects.total(), len(peer.begun)) == (0, 0)
        assert not peer.misshapen
        assert KEY not in repr(once.staged)

    def test_a_post_with_a_picture_goes_out_with_it(self) -> None:
        with self.peer(None) as peer:
            outcome = self.send(peer, self.with_picture())

        assert outcome.kind is SENT
        assert peer.effects == {"part:1": 1}
        assert picture().alt_text in json.dumps(peer.posts[0].content, ensure_ascii=False)
        assert not peer.misshapen

    @pytest.mark.parametrize("fault", [*NO_ANSWERS, Fault(status=429), Fault(status=401)], ids=repr)
    def test_what_can_not_be_put_up_now_says_why_and_goes_on_later(self, fault: Fault) -> None:
        for handler in self.staging:
            with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
                peer.other_faults[handler] = [fault]
                failed = gateway.stage(self.with_picture())
                assert failed.objection is not None, handler
                assert failed.objection.kind not in NO_OBJECTION
                assert KEY not in repr(failed)
                if fault.status == 401:
                    assert failed.objection.kind is ACCOUNT
                if fault.status == 429:
                    assert failed.objection.kind is FOR_NOW
                    assert failed.objection.scope is Scope.RUN
                draft = dataclasses.replace(self.with_picture(), staged=failed.values)
                outcome = gateway.send(self.ready(peer, gateway, draft), lambda group: group)

            assert outcome.kind is SENT
            assert peer.effects == {"part:1": 1}

    # Threads and recalls

    def test_a_reply_follows_the_post_before_it(self) -> None:
        with self.peer(None) as peer:
            first = self.send(peer, self.outgoing(1))
            assert first.ref
            reply = dataclasses.replace(self.outgoing(2), thread=(first.ref,))
            if not self.threads:
                return
            second = self.send(peer, reply)
            assert second.ref
            last = dataclasses.replace(self.outgoing(3), thread=(first.ref, second.ref))
            self.send(peer, last)

        assert [each.parent for each in peer.posts] == ["", first.ref, second.ref]
        assert not peer.misshapen

    def test_a_published_post_can_be_recalled(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            ref = gateway.send(self.ready(peer, gateway, self.outgoing()), lambda group: group).ref
            assert ref
            asked = len(peer.seen)
            first, again = gateway.recall(ref), gateway.recall(ref)

        if self.recalls:
            assert (first.kind, again.kind) == (SENT, SENT)
            assert peer.posts[0].is_deleted
        else:
            assert first.kind is FOR_GOOD
            assert len(first.detail) > 20, "it must say what a person can do"
            assert (len(peer.seen), peer.posts[0].is_deleted) == (asked, False)
        assert not peer.misshapen
