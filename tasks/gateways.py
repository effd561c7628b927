"""The gateway that a step needs: from a block, or from the worker's environment."""

from __future__ import annotations

from aicmo.gateways.contract import OpenGateway
from aicmo.gateways.registry import open_gateway_for
from aicmo.settings import get_settings
from blocks.email_credentials import load_email_credentials


def open_gateway(channel: str, email_credentials: str) -> OpenGateway:
    """What builds the gateway of `channel` once it has its permit.

    email_credentials: name of the block that email goes through; empty for the environment's.

    Raises:
        FixConfiguration: there is no such block, or the environment names no provider or two.
    """
    if channel == "email" and email_credentials:
        return load_email_credentials(email_credentials).open_gateway()
    return open_gateway_for(channel, get_settings())
