"""Shows that a client's contacts in HubSpot are changed once, as judged, and nothing else of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.contract import LivePermit
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.hubspot import HubspotGateway
from aicmo.gateways.hubspot_pace import Pace
from tests.contract.crm_contract import CrmContract
from tests.peers.hubspot_peer import HubspotPeer


class TestHubspotGateway(CrmContract):
    provider = "hubspot"
    peer_type = HubspotPeer
    names: ClassVar[Mapping[str, str]] = {
        "email": "email", "name": "firstname", "job": "jobtitle", "stage": "lifecyclestage",
        "tags": "sport", "score": "score",
    }  # fmt: skip
    reading = "read"

    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> HubspotGateway:
        pace = Pace(wait=lambda _: None)
        return HubspotGateway(permit, account, tokens, times=times, clock=clock, pace=pace)


CONTRACT = TestHubspotGateway()
