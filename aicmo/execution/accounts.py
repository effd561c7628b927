"""The gateway of a project's channel: email as the environment says, posts by the pinned account."""

from __future__ import annotations

from aicmo.channels import SOCIAL
from aicmo.database import Database
from aicmo.errors import FixAccount
from aicmo.gateways.contract import OpenGateway
from aicmo.gateways.registry import open_email_gateway
from aicmo.settings import get_settings


def open_gateway_of(database: Database, project_id: str, channel: str) -> OpenGateway:
    """What builds the gateway of `channel` once it has its permit.

    Raises:
        FixConfiguration: email isn't configured, or in two ways.
        FixAccount: no account is pinned on that network, or it isn't logged in.
    """
    if channel not in SOCIAL:
        return open_email_gateway(get_settings())
    del database
    raise FixAccount(
        f"{project_id} has no {channel} account",
        next_step=f"`aicmo accounts add {project_id} {channel}` logs one in.",
    )
