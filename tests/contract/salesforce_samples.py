"""What the tests of Salesforce's gateway are made with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.contract import LivePermit
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.salesforce import SalesforceGateway
from tests.contract.crm_samples import CrmSamples
from tests.peers.crm_peer import CrmPeer
from tests.peers.salesforce_peer import SalesforcePeer

SERVER = "https://acme.my.salesforce.com"


class SalesforceSamples(CrmSamples):
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


class _Made(SalesforceSamples):
    __test__ = False


ORG = _Made()
"""Makes changes and sends them, outside of the contract's tests."""


def written(peer: SalesforcePeer) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Method, path and records of every request that changed something."""
    return [
        (
            each.method,
            each.path.removeprefix("/services/data/v66.0"),
            json.loads(each.body)["records"],
        )
        for each in peer.seen
        if "/composite/sobjects" in each.path
    ]
