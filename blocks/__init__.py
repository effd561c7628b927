"""Prefect blocks: they hold the keys and build the gateway or the store that needs them."""

from blocks.deliverables_bucket import DeliverablesBucket
from blocks.smtp_credentials import SmtpCredentials

__all__ = ["DeliverablesBucket", "SmtpCredentials"]
