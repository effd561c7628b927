"""Asks the real networks who is logged in, and nothing else; only where somebody gives a log-in for it.

    AICMO_TEST_LIVE_INSTAGRAM_TOKEN=… AICMO_TEST_LIVE_INSTAGRAM_IDENTITY=… pytest tests/live

Bluesky and Mastodon need AICMO_TEST_LIVE_…_SERVER, too. Without a log-in the test is skipped.
"""

from __future__ import annotations

import os

import pytest

from aicmo.channels import SOCIAL, Channel
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import PERMIT_KEY, LivePermit
from aicmo.gateways.registry import open_social_gateway
from aicmo.gateways.social_gateway import SocialGateway
from tests.contract.social_samples import Tokens


def given(channel: Channel, name: str) -> str:
    return os.environ.get(f"AICMO_TEST_LIVE_{channel.name}_{name}", "")


@pytest.mark.parametrize("channel", SOCIAL)
def test_the_real_network_knows_the_account_as_we_read_it(channel: Channel) -> None:
    token, identity = given(channel, "TOKEN"), given(channel, "IDENTITY")
    if not token or not identity:
        pytest.skip(f"no AICMO_TEST_LIVE_{channel.name}_TOKEN and _IDENTITY")
    account = ProviderAccount(identity, server=given(channel, "SERVER"))
    to_ask = LivePermit(0, channel, key=PERMIT_KEY, may_send=False)
    with open_social_gateway(channel, account, Tokens(token))(to_ask) as gateway:
        assert isinstance(gateway, SocialGateway)
        assert gateway.identify() is None
        profile = gateway.profile()

    assert profile.identity == identity
    assert profile.name or profile.handle  # LinkedIn has no handles
    assert profile.avatar_url == "" or profile.avatar_url.startswith("https://")
    assert token not in repr(profile)
