"""The Instagram account that posts go out as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import AwareDatetime, Field, HttpUrl, SecretStr

from blocks.account_login import login_of

if TYPE_CHECKING:
    from aicmo.database import Database
    from aicmo.gateways.contract import OpenGateway
    from aicmo.gateways.login import Login


class InstagramCredentials(Block):
    """Log-in of the Instagram account that posts go out as; a dry run never loads it.

    Example:
        Open a gateway to the account that is pinned to a project (the gate issues the permit):
        ```python
        from blocks import InstagramCredentials

        account = InstagramCredentials.load("BLOCK_NAME")
        open_gateway = account.open_gateway(database, "PROJECT")
        ```
    """

    _block_type_name = "Instagram Credentials"
    _block_type_slug = "instagram-credentials"
    _description = "Log-in of the Instagram account that posts go out as. A dry run never loads it."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    access_token: SecretStr = Field(
        min_length=1,
        title="Access token",
        description="Long-lived token of 60 days; renewed while it is used.",
    )
    expires_at: AwareDatetime | None = Field(
        default=None,
        title="Access token ends",
        description="When the access token ends, as far as it is known.",
    )

    def login(self) -> Login:
        """The log-in, in the core's terms."""
        return login_of(self)

    def open_gateway(self, database: Database, project_id: str) -> OpenGateway:
        """What builds the gateway to the project's pinned account once a live run has its permit.

        Raises:
            FixAccount: no account is pinned.
        """
        from aicmo.execution.accounts import open_gateway_of  # noqa: PLC0415  (a live run only)

        return open_gateway_of(database, project_id, "instagram", self.login())
