"""Which channels can be sent on, and how their gateway is opened from the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import SecretStr

from aicmo.channels import SOCIAL, Channel
from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import Gateway, LivePermit, OpenGateway, RateLimit
from aicmo.settings import Settings
from aicmo.smtp_relay import Rate, SmtpRelay

if TYPE_CHECKING:
    from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
    from aicmo.gateways.instagram_containers import PublishMedia

    OpenAccount = Callable[[ProviderAccount, TokenSource], OpenGateway]

# Each gateway is imported by the live run that needs it.


def open_relay(relay: SmtpRelay, settings: Settings) -> OpenGateway:
    """The gateway to a relay, with what the environment adds: our DKIM signature, the journal copy.

    Raises:
        FixConfiguration: the key or the journal can't be used.
    """
    from aicmo.gateways.dkim_signing import Signer  # noqa: PLC0415
    from aicmo.gateways.journal_mailbox import open_journal_search  # noqa: PLC0415
    from aicmo.gateways.smtp import SmtpGateway  # noqa: PLC0415

    if settings.journal_url and not settings.journal_address:
        raise FixConfiguration(
            "AICMO_JOURNAL_URL is set without AICMO_JOURNAL_ADDRESS, so no copies go there",
            next_step="Set AICMO_JOURNAL_ADDRESS to the address of that mailbox.",
        )
    key_file, url = settings.dkim_key_file, settings.journal_url
    sign = Signer(key_file, settings.dkim_selector).sign if key_file else None
    search = open_journal_search(url.get_secret_value()) if url else None
    return lambda permit: SmtpGateway(
        permit, relay, journal_address=settings.journal_address, sign=sign, search=search
    )


def _smtp(settings: Settings) -> OpenGateway:
    return open_relay(settings.require_smtp_relay(), settings)


def _resend(settings: Settings) -> OpenGateway:
    from aicmo.gateways.resend import open_resend_gateway  # noqa: PLC0415

    return open_resend_gateway(_set(settings.resend_api_key), settings.email_rates())


def _postmark(settings: Settings) -> OpenGateway:
    from aicmo.gateways.postmark import open_postmark_gateway  # noqa: PLC0415

    token = _set(settings.postmark_server_token)
    return open_postmark_gateway(token, settings.postmark_stream, settings.email_rates())


def _ses(settings: Settings) -> OpenGateway:
    from aicmo.gateways.ses import open_ses_gateway  # noqa: PLC0415  (boto3 costs 0.2 s)

    return open_ses_gateway(
        settings.ses_region,
        configuration_set=settings.ses_configuration_set,
        rates=settings.email_rates(),
    )


def _set(secret: SecretStr | None) -> SecretStr:
    return secret or SecretStr("")


_EMAIL_PROVIDERS: Mapping[str, Callable[[Settings], OpenGateway]] = {
    "AICMO_SMTP_URL": _smtp,
    "AICMO_RESEND_API_KEY": _resend,
    "AICMO_POSTMARK_SERVER_TOKEN": _postmark,
    "AICMO_SES_REGION": _ses,
}


def email_variable(settings: Settings) -> str:
    """The one variable that says what email goes out through.

    Raises:
        FixConfiguration: none of them is set, or more than one.
    """
    values = {
        "AICMO_SMTP_URL": settings.smtp_url,
        "AICMO_RESEND_API_KEY": settings.resend_api_key,
        "AICMO_POSTMARK_SERVER_TOKEN": settings.postmark_server_token,
        "AICMO_SES_REGION": settings.ses_region,
    }
    chosen = [name for name in _EMAIL_PROVIDERS if values[name]]
    if not chosen:
        first, *others = _EMAIL_PROVIDERS
        raise FixConfiguration(
            f"{first} is not set, and neither is {', '.join(others[:-1])} or {others[-1]}",
            next_step="Set one of them, such as AICMO_SMTP_URL to "
            "smtp://user:password@host:587?tls=starttls.",
        )
    if len(chosen) > 1:
        raise FixConfiguration(
            f"{', '.join(chosen[:-1])} and {chosen[-1]} are set, so it isn't clear who sends the email",
            next_step="Keep the one that the client's email goes through.",
        )
    return chosen[0]


CHANNELS_WITH_GATEWAY: tuple[str, ...] = tuple(
    channel.value for channel in (Channel.EMAIL, *SOCIAL, Channel.CRM)
)
"""Deliveries on any other channel are held: no gateway for it."""


def open_email_gateway(settings: Settings) -> OpenGateway:
    """The gateway of email as the environment configures it.

    Raises:
        FixConfiguration: its variables are missing, wrong or more than one provider's.
    """
    return _EMAIL_PROVIDERS[email_variable(settings)](settings)


def _bluesky() -> OpenAccount:
    from aicmo.gateways.bluesky import open_bluesky_gateway  # noqa: PLC0415

    return open_bluesky_gateway


def _linkedin() -> OpenAccount:
    from aicmo.gateways.linkedin import open_linkedin_gateway  # noqa: PLC0415

    return open_linkedin_gateway


def _mastodon() -> OpenAccount:
    from aicmo.gateways.mastodon import open_mastodon_gateway  # noqa: PLC0415

    return open_mastodon_gateway


def _x() -> OpenAccount:
    from aicmo.gateways.x import open_x_gateway  # noqa: PLC0415

    return open_x_gateway


_NETWORKS: Mapping[Channel, Callable[[], OpenAccount]] = {
    Channel.LINKEDIN: _linkedin,
    Channel.TWITTER: _x,
    Channel.BLUESKY: _bluesky,
    Channel.MASTODON: _mastodon,
}


def open_social_gateway(
    channel: str,
    account: ProviderAccount,
    tokens: TokenSource,
    publish_media: PublishMedia | None = None,
) -> OpenGateway:
    """The gateway of a network to one account.

    publish_media: for Instagram, which fetches media by itself; needed to send, not to ask.
    """
    if channel == Channel.INSTAGRAM:
        from aicmo.gateways.instagram import open_instagram_gateway  # noqa: PLC0415
        from aicmo.gateways.instagram_containers import nowhere  # noqa: PLC0415

        return open_instagram_gateway(account, tokens, publish_media or nowhere)
    return _NETWORKS[Channel(channel)]()(account, tokens)


def _hubspot() -> OpenAccount:
    from aicmo.gateways.hubspot import open_hubspot_gateway  # noqa: PLC0415

    return open_hubspot_gateway


def _salesforce() -> OpenAccount:
    from aicmo.gateways.salesforce import open_salesforce_gateway  # noqa: PLC0415

    return open_salesforce_gateway


def _bottlecrm() -> OpenAccount:
    from aicmo.gateways.bottlecrm import open_bottlecrm_gateway  # noqa: PLC0415

    return open_bottlecrm_gateway


_CRMS: Mapping[str, Callable[[], OpenAccount]] = {
    "hubspot": _hubspot,
    "salesforce": _salesforce,
    "bottlecrm": _bottlecrm,
}


def open_crm_gateway(
    provider: str, account: ProviderAccount, tokens: TokenSource, rates: Sequence[Rate] = ()
) -> OpenGateway:
    """The gateway of a CRM to one account.

    provider: as `aicmo.plans.crm` names it. rates: at most so many contacts are changed in each span.
    """
    opened = _CRMS[provider]()(account, tokens)

    def with_limits(permit: LivePermit) -> Gateway:
        gateway = opened(permit)
        gateway.limits = tuple(RateLimit(*rate) for rate in rates)
        return gateway

    return with_limits
