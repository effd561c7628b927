"""Prefect blocks: they hold the keys and build the gateway or the store that needs them."""

from blocks.bluesky_credentials import BlueskyCredentials
from blocks.bottlecrm_credentials import BottleCrmCredentials
from blocks.deliverables_bucket import DeliverablesBucket
from blocks.hubspot_credentials import HubSpotCredentials
from blocks.instagram_credentials import InstagramCredentials
from blocks.linkedin_credentials import LinkedInCredentials
from blocks.mailbox_credentials import MailboxCredentials
from blocks.mastodon_credentials import MastodonCredentials
from blocks.postmark_credentials import PostmarkCredentials
from blocks.resend_credentials import ResendCredentials
from blocks.salesforce_credentials import SalesforceCredentials
from blocks.ses_credentials import SesCredentials
from blocks.smtp_credentials import SmtpCredentials
from blocks.x_credentials import XCredentials

__all__ = [
    "BlueskyCredentials",
    "BottleCrmCredentials",
    "DeliverablesBucket",
    "HubSpotCredentials",
    "InstagramCredentials",
    "LinkedInCredentials",
    "MailboxCredentials",
    "MastodonCredentials",
    "PostmarkCredentials",
    "ResendCredentials",
    "SalesforceCredentials",
    "SesCredentials",
    "SmtpCredentials",
    "XCredentials",
]
