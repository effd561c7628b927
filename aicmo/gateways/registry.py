"""Which channels can be sent on, and how their gateway is opened from the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aicmo.channels import Channel
from aicmo.gateways.contract import OpenGateway
from aicmo.settings import Settings


def _email(settings: Settings) -> OpenGateway:
    from aicmo.gateways.smtp import open_smtp_gateway  # noqa: PLC0415  (only a live run needs it)

    return open_smtp_gateway(settings.require_smtp_relay())


_OPENERS: Mapping[Channel, Callable[[Settings], OpenGateway]] = {Channel.EMAIL: _email}

CHANNELS_WITH_GATEWAY: tuple[str, ...] = tuple(channel.value for channel in _OPENERS)
"""Deliveries on any other channel are held: no gateway for it."""


def open_gateway_for(channel: str, settings: Settings) -> OpenGateway:
    """The gateway of `channel` as the environment configures it.

    Raises:
        FixConfiguration: the channel's variables are missing or wrong.
    """
    return _OPENERS[Channel(channel)](settings)
