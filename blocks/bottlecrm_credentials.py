"""The BottleCRM organization that is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.account_login import login_of

if TYPE_CHECKING:
    from aicmo.database import Database
    from aicmo.gateways.contract import OpenGateway
    from aicmo.gateways.login import Login


class BottleCrmCredentials(Block):
    """Log-in of the BottleCRM organization that is changed; a dry run never loads it.

    Example:
        Open a gateway to the account that is pinned to a project (the gate issues the permit):
        ```python
        from blocks import BottleCrmCredentials

        account = BottleCrmCredentials.load("BLOCK_NAME")
        open_gateway = account.open_gateway(database, "PROJECT")
        ```
    """

    _block_type_name = "BottleCRM Credentials"
    _block_type_slug = "bottlecrm-credentials"
    _description = "Log-in of the BottleCRM organization that is changed. A dry run never loads it."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    server: str = Field(
        min_length=1,
        title="Server",
        description="Full address of the server, such as https://crm.example.com.",
    )
    access_token: SecretStr = Field(
        min_length=1,
        title="Access token",
        description="Personal access token of an administrator; kept encrypted.",
    )

    def login(self) -> Login:
        """The log-in, in the core's terms."""
        return login_of(self)

    def open_gateway(self, database: Database, project_id: str) -> OpenGateway:
        """What builds the gateway to the project's pinned account once a live run has its permit.

        Raises:
            FixAccount: no account is pinned, or it is another one.
            TryLater: BottleCRM doesn't say whose log-in it is.
        """
        from aicmo.execution.accounts import open_gateway_of  # noqa: PLC0415  (a live run only)

        return open_gateway_of(database, project_id, "crm", self.login(), "bottlecrm")
