"""Prefect blocks: they hold the keys and build the gateway or the store that needs them."""

from blocks.deliverables_bucket import DeliverablesBucket
from blocks.postmark_credentials import PostmarkCredentials
from blocks.resend_credentials import ResendCredentials
from blocks.ses_credentials import SesCredentials
from blocks.smtp_credentials import SmtpCredentials

__all__ = [
    "DeliverablesBucket",
    "PostmarkCredentials",
    "ResendCredentials",
    "SesCredentials",
    "SmtpCredentials",
]
