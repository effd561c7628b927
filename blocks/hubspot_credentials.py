"""The HubSpot account that is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr, model_validator

from blocks.account_login import login_of

if TYPE_CHECKING:
    from aicmo.database import Database
    from aicmo.gateways.contract import OpenGateway
    from aicmo.gateways.login import Login


class HubSpotCredentials(Block):
    """Log-in of the HubSpot account that is changed; a dry run never loads it.

    Example:
        Open a gateway to the account that is pinned to a project (the gate issues the permit):
        ```python
        from blocks import HubSpotCredentials

        account = HubSpotCredentials.load("BLOCK_NAME")
        open_gateway = account.open_gateway(database, "PROJECT")
        ```
    """

    _block_type_name = "HubSpot Credentials"
    _block_type_slug = "hubspot-credentials"
    _description = "Log-in of the HubSpot account that is changed. A dry run never loads it."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    access_token: SecretStr = Field(
        default=SecretStr(""),
        title="Access token",
        description="Service key, or a private app's token; kept encrypted.",
    )
    client_id: str = Field(
        default="",
        title="Client ID",
        description="Of OAuth: ID of your app at HubSpot.",
    )
    client_secret: SecretStr = Field(
        default=SecretStr(""),
        title="Client secret",
        description="Of OAuth: secret of your app at HubSpot; kept encrypted.",
    )
    refresh_token: SecretStr = Field(
        default=SecretStr(""),
        title="Refresh token",
        description="Of OAuth: what new access tokens are asked for with; kept encrypted.",
    )

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if not (self.access_token.get_secret_value() or self.refresh_token.get_secret_value()):
            msg = "give a service key, or an app with its refresh token"
            raise ValueError(msg)
        return self

    def login(self) -> Login:
        """The log-in, in the core's terms."""
        return login_of(self)

    def open_gateway(self, database: Database, project_id: str) -> OpenGateway:
        """What builds the gateway to the project's pinned account once a live run has its permit.

        Raises:
            FixAccount: no account is pinned, or it is another one.
            TryLater: HubSpot doesn't say whose log-in it is.
        """
        from aicmo.execution.accounts import open_gateway_of  # noqa: PLC0415  (a live run only)

        return open_gateway_of(database, project_id, "crm", self.login(), "hubspot")
