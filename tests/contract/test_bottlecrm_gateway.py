"""Shows what becomes of a change of BottleCRM's contacts, whatever its server does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from aicmo.crm.change import WantedField
from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.bottlecrm import BottleCrmGateway
from aicmo.gateways.contract import LivePermit
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpTimes
from tests.contract.crm_contract import CrmContract
from tests.peers.bottlecrm_peer import BottleCrmPeer
from tests.peers.crm_peer import CrmPeer


class TestBottleCrm(CrmContract):
    provider = "bottlecrm"
    peer_type = BottleCrmPeer
    names: ClassVar[Mapping[str, str]] = {
        "email": "email", "name": "last_name", "job": "title", "stage": "cf_stage",
        "tags": "tags", "score": "cf_score", "opt_out": "cf_no_email",
    }  # fmt: skip
    reading = "definitions"
    lists = False

    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> BottleCrmGateway:
        return BottleCrmGateway(permit, account, tokens, times=times, clock=clock)

    def account(self, peer: CrmPeer) -> ProviderAccount:
        server = "https://crm.client.test"
        return ProviderAccount(peer.identity, "Acme", server=server, api_url=peer.base_url)

    def fields(self, number: int = 1) -> tuple[WantedField, ...]:
        first = WantedField(name="first_name", value="Zoë", conflict="ours")
        return (first, *super().fields(number))
