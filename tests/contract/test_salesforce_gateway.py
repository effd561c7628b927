"""Shows that Salesforce's contacts are changed once, by their own ids, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.contract import LivePermit
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.salesforce import SalesforceGateway
from tests.contract.crm_contract import CrmContract
from tests.peers.crm_peer import CrmPeer
from tests.peers.salesforce_peer import SalesforcePeer

SERVER = "https://acme.my.salesforce.com"


class TestSalesforce(CrmContract):
    provider = "salesforce"
    peer_type = SalesforcePeer
    names: ClassVar[Mapping[str, str]] = {
        "email": "Email", "name": "LastName", "job": "Title", "stage": "Stage__c",
        "tags": "Topics__c", "score": "Score__c", "opt_out": "HasOptedOutOfEmail",
    }  # fmt: skip
    reading = "composite"

    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> SalesforceGateway:
        return SalesforceGateway(permit, account, tokens, times=times, clock=clock)

    def account(self, peer: CrmPeer) -> ProviderAccount:
        return ProviderAccount(peer.identity, "Acme", server=SERVER, api_url=peer.base_url)
