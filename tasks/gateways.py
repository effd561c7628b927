"""The gateway that a step needs: from a block, or from the worker's environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aicmo.database import Database
from aicmo.execution.accounts import open_gateway_of
from aicmo.gateways.contract import OpenGateway
from blocks.crm_credentials import load_crm_credentials
from blocks.email_credentials import load_email_credentials
from blocks.social_credentials import load_social_credentials


@dataclass(frozen=True, slots=True)
class Credentials:
    """Names of blocks: of email's, and with their types of posts' and of the CRM's.

    What isn't named is what the worker's environment says, or the log-in that AICMO keeps.
    """

    email: str = ""
    social: Sequence[str] = ()
    crm: str = ""


NO_BLOCKS = Credentials()


def open_gateway(
    database: Database, project_id: str, channel: str, credentials: Credentials
) -> OpenGateway:
    """What builds the gateway of `channel` once it has its permit.

    Raises:
        FixConfiguration: there is no such block, or the environment names no provider or two.
        FixAccount: no account is pinned there, it isn't logged in, or the block's log-in is another's.
        TryLater: nobody says whose the block's log-in is.
    """
    if channel == "email" and credentials.email:
        return load_email_credentials(credentials.email).open_gateway()
    if channel == "crm" and credentials.crm:
        return load_crm_credentials(credentials.crm).open_gateway(database, project_id)
    block = load_social_credentials(credentials.social, channel) if credentials.social else None
    if block is not None:
        return block.open_gateway(database, project_id)
    return open_gateway_of(database, project_id, channel)
