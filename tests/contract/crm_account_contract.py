"""One request per batch, and nothing as another account: what gateways of CRMs must hold to."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from aicmo.errors import FixConfiguration
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import (
    Outgoing,
    Scope,
)
from aicmo.gateways.crm_gateway import Update
from aicmo.gateways.registry import open_crm_gateway
from tests.contract.crm_samples import CrmSamples
from tests.contract.gateway_contract import (
    Mode,
    always,
    permit,
)
from tests.contract.mail_api_contract import (
    ACCOUNT,
    FOR_NOW,
)
from tests.contract.social_samples import (
    LIMITS,
    NOW,
    NoTokens,
    Tokens,
)
from tests.peers.crm_peer import Kept
from tests.peers.http_exchange import Fault
from tests.peers.routed_peer import KEY


class CrmAccountContract(CrmSamples):
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
    def test_a_limit_lets_the_whole_account_wait_as_long_as_the_crm_says(self, form: str) -> None:
        fault = Fault(status=429, headers=LIMITS[form])
        with self.peer(fault) as peer:
            gateway = self.gateway(permit(self.channel), peer, clock=lambda: NOW)
            with gateway:
                outcome = gateway.send(self.ready(peer, gateway, self.outgoing()), always)

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
        json.dumps(dict(profile.facts))

    def test_another_account_than_the_pinned_one_is_refused(self) -> None:
        with self.peer(None) as peer:
            other = self.gateway(permit(self.channel), peer, identity="somebody else's")
            with other as gateway:
                objection = gateway.identify()

        assert objection is not None
        assert objection.kind is ACCOUNT
        assert gateway.identity == ""
        assert peer.effects.total() == 0

    def test_a_log_in_that_is_refused_or_gone_stops_everything(self) -> None:
        with self.peer(None) as peer:
            contact = self.there(peer, 2)
            with self.gateway(permit(self.channel), peer) as gateway:
                ready = self.ready(peer, gateway, self.outgoing())
            for tokens in (NoTokens(), Tokens("another-token")):
                with self.gateway(permit(self.channel), peer, tokens) as gateway:
                    objection = gateway.identify()
                    staged = gateway.stage(self.outgoing()).objection
                    sent = gateway.send(ready, always)
                    (put_back,) = gateway.set_values([self.update(contact, job="Chef")])

                assert objection is not None
                assert staged is not None
                kinds = {objection.kind, staged.kind, sent.kind, put_back.kind}
                assert kinds == {ACCOUNT}
                assert "token" not in repr((objection, staged, sent, put_back))

        assert peer.effects.total() == 0

    def test_a_log_in_that_ends_between_staging_and_sending_sends_nothing(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            ready = self.ready(peer, gateway, self.outgoing())
            peer.expires_at = len(peer.seen) + 1
            outcome = gateway.send(ready, always)

        assert (outcome.kind, len(peer.begun), peer.effects.total()) == (ACCOUNT, 1, 0)

    def test_it_opens_for_its_account_and_its_channel_only(self) -> None:
        account = dataclasses.replace(self.unreachable(), identity="1001")
        names = [
            open_crm_gateway(self.provider, each, Tokens())(permit(self.channel)).name
            for each in (account, dataclasses.replace(account, identity="1002"))
        ]
        assert len(set(names)) == 2
        assert all(0 < len(name) <= 32 and KEY not in name for name in names)
        elsewhere = dataclasses.replace(account, api_url="https://api.example.org")
        with pytest.raises(FixConfiguration):
            open_crm_gateway(self.provider, elsewhere, Tokens())(permit(self.channel))

    def unreachable(self) -> ProviderAccount:
        """An account as `account` has it, of a peer that nobody asks."""
        with self.peer(None) as peer:
            account = self.account(peer)
        return dataclasses.replace(account, api_url="http://127.0.0.1:9")

    def update(self, contact: Kept, **values: str) -> Update:
        return Update(contact.id, {self.names[name]: value for name, value in values.items()})
