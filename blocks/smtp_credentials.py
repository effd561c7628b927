"""The mail relay that live email goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from aicmo.settings import SmtpRelay, TlsMode, parse_rates

if TYPE_CHECKING:
    from aicmo.gateways.contract import OpenGateway


class SmtpCredentials(Block):
    """Mail relay that live email is handed to; a dry run never loads it.

    Example:
        Open a gateway on the relay (the gate issues the permit it asks for):
        ```python
        from blocks import SmtpCredentials

        relay = SmtpCredentials.load("BLOCK_NAME")
        open_gateway = relay.open_gateway()
        ```
    """

    _block_type_name = "SMTP Credentials"
    _block_type_slug = "smtp-credentials"
    _description = "Mail relay that live email is handed to. A dry run never loads it."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    host: str = Field(
        min_length=1, title="Host", description="Name of the relay, such as smtp.example.com."
    )
    port: int = Field(
        default=587,
        ge=1,
        le=65535,
        title="Port",
        description="587 for STARTTLS, 465 for implicit TLS.",
    )
    tls: TlsMode = Field(
        default="starttls",
        title="Encryption",
        description="How the connection is encrypted; none is refused beyond this machine.",
    )
    username: str = Field(
        default="",
        title="User name",
        description="Name to log in with; empty if the relay asks for none.",
    )
    password: SecretStr = Field(
        default=SecretStr(""),
        title="Password",
        description="Password or API key to log in with; kept encrypted.",
    )

    rate: str = Field(
        default="",
        title="Rate limit",
        pattern=r"^(\d+/(second|minute|hour|day)(, *\d+/(second|minute|hour|day))*)?$",
        description="What the relay takes at most, such as 100/minute, 2000/day.",
    )

    def relay(self) -> SmtpRelay:
        """Where email is handed over, in the core's terms."""
        rates = parse_rates(self.rate)
        return SmtpRelay(self.host, self.port, self.tls, self.username, self.password, rates)

    def open_gateway(self) -> OpenGateway:
        """What builds the gateway once a live run has its permit."""
        from aicmo.gateways.smtp import open_smtp_gateway  # noqa: PLC0415  (a live run only)

        return open_smtp_gateway(self.relay())
