"""Asks real CRMs who is logged in and what their properties are; only where somebody gives a log-in for it.

    AICMO_TEST_LIVE_HUBSPOT_TOKEN=… AICMO_TEST_LIVE_HUBSPOT_IDENTITY=… pytest tests/live

It only reads. The identity is what `aicmo accounts add` shows: a portal's number, an org's or organization's id. Salesforce
and BottleCRM need AICMO_TEST_LIVE_…_SERVER, too. Without a log-in the test is skipped.
"""

from __future__ import annotations

import os

import pytest

from aicmo.crm.providers import PROVIDERS
from aicmo.crm.record import Match
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import PERMIT_KEY, LivePermit
from aicmo.gateways.crm_gateway import CrmGateway
from aicmo.gateways.registry import open_crm_gateway
from aicmo.plans.crm import CrmProvider
from tests.contract.social_samples import Tokens

NOBODY = Match("aicmo-test:nobody", "nobody@aicmo-test.invalid")


def given(provider: str, name: str) -> str:
    return os.environ.get(f"AICMO_TEST_LIVE_{provider.upper()}_{name}", "")


def opened(provider: CrmProvider) -> CrmGateway:
    """Skips the test where there is no log-in."""
    token, identity = given(provider, "TOKEN"), given(provider, "IDENTITY")
    if not token or not identity:
        pytest.skip(f"no AICMO_TEST_LIVE_{provider.upper()}_TOKEN and _IDENTITY")
    account = ProviderAccount(identity, server=given(provider, "SERVER"))
    to_ask = LivePermit(0, "crm", key=PERMIT_KEY, may_send=False)
    gateway = open_crm_gateway(provider, account, Tokens(token))(to_ask)
    assert isinstance(gateway, CrmGateway)
    return gateway


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_real_crm_is_as_we_read_it(provider: CrmProvider) -> None:
    with opened(provider) as gateway:
        assert gateway.identify() is None
        profile, schema = gateway.profile(), gateway.read_schema()
        emails = [name for name, each in schema.contacts.items() if each.type == "email"]
        found = gateway.find([NOBODY], set(emails))

    assert profile.identity == given(provider, "IDENTITY")
    assert profile.name or profile.handle
    assert emails
    assert set(PROVIDERS[provider].required) <= set(schema.contacts)
    assert found == [None]
    assert given(provider, "TOKEN") not in repr((profile, schema))


def test_salesforce_takes_long_queries_and_quotes_in_them() -> None:
    asked = [
        Match(f"aicmo-test:nobody-{each}", f"o'nobody+{each}@aicmo-test.invalid")
        for each in range(500)
    ]
    with opened("salesforce") as gateway:
        assert gateway.find(asked, {"Email", "LastName"}) == [None] * len(asked)
