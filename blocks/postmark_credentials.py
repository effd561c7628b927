"""The Postmark server that live email goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from aicmo.smtp_relay import parse_rates

if TYPE_CHECKING:
    from aicmo.gateways.contract import OpenGateway


class PostmarkCredentials(Block):
    """Postmark server that live email is handed to; a dry run never loads it.

    Example:
        Open a gateway to the server (the gate issues the permit it asks for):
        ```python
        from blocks import PostmarkCredentials

        server = PostmarkCredentials.load("BLOCK_NAME")
        open_gateway = server.open_gateway()
        ```
    """

    _block_type_name = "Postmark Credentials"
    _block_type_slug = "postmark-credentials"
    _description = "Postmark server that live email is handed to. A dry run never loads it."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    server_token: SecretStr = Field(
        min_length=1,
        title="Server API token",
        description="Token of the server, from its page API Tokens; kept encrypted.",
    )
    stream: str = Field(
        default="broadcast",
        min_length=1,
        title="Message stream",
        description="ID of a broadcast stream; marketing in another one gets accounts stopped.",
    )
    rate: str = Field(
        default="",
        title="Rate limit",
        pattern=r"^([1-9]\d*/(second|minute|hour|day)(, *[1-9]\d*/(second|minute|hour|day))*)?$",
        description="What you want sent at most, such as 50/second, 20000/day.",
    )

    def open_gateway(self) -> OpenGateway:
        """What builds the gateway once a live run has its permit."""
        from aicmo.gateways.postmark import (  # noqa: PLC0415  (a live run only)
            open_postmark_gateway,
        )

        return open_postmark_gateway(self.server_token, self.stream, parse_rates(self.rate))
