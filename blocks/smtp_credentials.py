"""The mail relay that live email goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from aicmo.gateways.registry import open_relay
from aicmo.settings import get_settings
from aicmo.smtp_relay import (
    CONNECTIONS,
    MOST_CONNECTIONS,
    PER_CONNECTION,
    Mechanism,
    SmtpRelay,
    TlsMode,
    parse_rate,
    parse_rates,
)

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
        description="Password, API key or access token to log in with; kept encrypted.",
    )
    auth: Mechanism | None = Field(
        default=None,
        title="Log-in",
        description="plain, login or xoauth2 (the password is the token); empty uses what it offers.",
    )
    rate: str = Field(
        default="",
        title="Rate limit",
        pattern=r"^(\d+/(second|minute|hour|day)(, *\d+/(second|minute|hour|day))*)?$",
        description="What the relay takes at most, such as 100/minute, 2000/day.",
    )
    connections: int = Field(
        default=CONNECTIONS,
        ge=1,
        le=MOST_CONNECTIONS,
        title="Connections",
        description="How many one worker opens at once.",
    )
    per_connection: int = Field(
        default=PER_CONNECTION,
        ge=1,
        title="Messages per connection",
        description="After so many, a connection is closed and opened anew.",
    )
    per_second: int = Field(
        default=0,
        ge=0,
        title="Messages per second",
        description="How many one worker begins in a second; 0 is no limit.",
    )
    per_domain: str = Field(
        default="",
        title="Messages per domain",
        pattern=r"^([1-9]\d*/(second|minute|hour|day))?$",
        description="How many one worker begins for one recipient domain, such as 2/second.",
    )
    dsn_success: bool = Field(
        default=False,
        title="Report successes",
        description="Asks the relay to report deliveries too, not only failures and delays.",
    )

    def relay(self) -> SmtpRelay:
        """Where email is handed over, in the core's terms."""
        return SmtpRelay(
            host=self.host,
            port=self.port,
            tls=self.tls,
            username=self.username,
            password=self.password,
            rates=parse_rates(self.rate),
            connections=self.connections,
            per_connection=self.per_connection,
            per_second=self.per_second,
            per_domain=parse_rate(self.per_domain) if self.per_domain else None,
            auth=self.auth,
            dsn_success=self.dsn_success,
        )

    def open_gateway(self) -> OpenGateway:
        """What builds the gateway once a live run has its permit.

        The worker's environment adds the DKIM signature and the journal copy, as without a block.
        """
        return open_relay(self.relay(), get_settings())
