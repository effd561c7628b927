"""The Resend account that live email goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from aicmo.smtp_relay import parse_rates

if TYPE_CHECKING:
    from aicmo.gateways.contract import OpenGateway


class ResendCredentials(Block):
    """Resend account that live email is handed to; a dry run never loads it.

    Example:
        Open a gateway to the account (the gate issues the permit it asks for):
        ```python
        from blocks import ResendCredentials

        account = ResendCredentials.load("BLOCK_NAME")
        open_gateway = account.open_gateway()
        ```
    """

    _block_type_name = "Resend Credentials"
    _block_type_slug = "resend-credentials"
    _description = "Resend account that live email is handed to. A dry run never loads it."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    api_key: SecretStr = Field(
        min_length=1,
        title="API key",
        description="Key with sending access, from resend.com/api-keys; kept encrypted.",
    )
    rate: str = Field(
        default="",
        title="Rate limit",
        pattern=r"^([1-9]\d*/(second|minute|hour|day)(, *[1-9]\d*/(second|minute|hour|day))*)?$",
        description="What the account takes at most, such as 10/second; empty is 2/second.",
    )

    def open_gateway(self) -> OpenGateway:
        """What builds the gateway once a live run has its permit."""
        from aicmo.gateways.resend import open_resend_gateway  # noqa: PLC0415  (a live run only)

        return open_resend_gateway(self.api_key, parse_rates(self.rate))
