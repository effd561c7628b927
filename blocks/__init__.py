"""Prefect blocks: they hold the keys and build the gateway or the store that needs them."""

from blocks.deliverables_bucket import DeliverablesBucket
from blocks.mailbox_credentials import MailboxCredentials
from blocks.postmark_credentials import PostmarkCredentials
from blocks.resend_credentials import ResendCredentials
from blocks.ses_credentials import SesCredentials
from blocks.smtp_credentials import SmtpCredentials

__all__ = [
    "DeliverablesBucket",
    "MailboxCredentials",
    "PostmarkCredentials",
    "ResendCredentials",
    "SesCredentials",
    "SmtpCredentials",
]
