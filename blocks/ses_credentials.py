"""The Amazon SES account that live email goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from aicmo.smtp_relay import parse_rates

if TYPE_CHECKING:
    from aicmo.gateways.contract import OpenGateway


class SesCredentials(Block):
    """Amazon SES account that live email is handed to; a dry run never loads it.

    Example:
        Open a gateway to the account (the gate issues the permit it asks for):
        ```python
        from blocks import SesCredentials

        account = SesCredentials.load("BLOCK_NAME")
        open_gateway = account.open_gateway()
        ```
    """

    _block_type_name = "SES Credentials"
    _block_type_slug = "ses-credentials"
    _description = "Amazon SES account that live email is handed to. A dry run never loads it."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    region: str = Field(min_length=1, title="Region", description="AWS region, such as eu-west-1.")
    configuration_set: str = Field(
        default="",
        title="Configuration set",
        description="Set that decides about tracking and events; empty for none.",
    )
    access_key_id: str = Field(
        default="",
        title="Access key ID",
        description="Public half of the access key; empty uses the worker's own AWS identity.",
    )
    secret_access_key: SecretStr = Field(
        default=SecretStr(""),
        title="Secret access key",
        description="Secret half of the access key; kept encrypted.",
    )
    rate: str = Field(
        default="",
        title="Rate limit",
        pattern=r"^([1-9]\d*/(second|minute|hour|day)(, *[1-9]\d*/(second|minute|hour|day))*)?$",
        description="What the account takes at most, such as 14/second, 50000/day.",
    )

    def open_gateway(self) -> OpenGateway:
        """What builds the gateway once a live run has its permit."""
        from aicmo.gateways.ses import open_ses_gateway  # noqa: PLC0415  (boto3 costs 0.2 s)

        return open_ses_gateway(
            self.region,
            configuration_set=self.configuration_set,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key if self.access_key_id else None,
            rates=parse_rates(self.rate),
        )
