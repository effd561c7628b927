"""The gateway that a step needs: from a block, or from the worker's environment."""

from __future__ import annotations

from aicmo.database import Database
from aicmo.execution.accounts import open_gateway_of
from aicmo.gateways.contract import OpenGateway
from blocks.email_credentials import load_email_credentials


def open_gateway(
    database: Database, project_id: str, channel: str, email_credentials: str
) -> OpenGateway:
    """What builds the gateway of `channel` once it has its permit.

    email_credentials: name of the block that email goes through; empty for the environment's.

    Raises:
        FixConfiguration: there is no such block, or the environment names no provider or two.
    """
    if channel == "email" and email_credentials:
        return load_email_credentials(email_credentials).open_gateway()
    return open_gateway_of(database, project_id, channel)
