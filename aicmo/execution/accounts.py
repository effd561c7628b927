"""The gateway of a project's channel: email as the environment says, posts by the pinned account."""

from __future__ import annotations

from sqlalchemy.orm import Session

from aicmo.channels import SOCIAL, Channel
from aicmo.database import Database
from aicmo.errors import FixAccount
from aicmo.execution.account_tokens import AccountTokens, keep, kept, source_of
from aicmo.execution.identity import account_of
from aicmo.execution.public_media import publish_media
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import OpenGateway
from aicmo.gateways.login import Login
from aicmo.gateways.registry import open_email_gateway, open_social_gateway
from aicmo.models import Account, AccountSecret
from aicmo.settings import get_settings


def open_gateway_of(
    database: Database, project_id: str, channel: str, login: Login | None = None
) -> OpenGateway:
    """What builds the gateway of `channel` once it has its permit.

    login: of a block, used instead of the stored one; what is refreshed of it is stored.

    Raises:
        FixConfiguration: email isn't configured, or in two ways; the log-in can't be opened.
        FixAccount: no account is pinned on that network, or it isn't logged in.
    """
    if channel not in SOCIAL:
        return open_email_gateway(get_settings())
    secret_key = get_settings().require_secret_key()
    with database.read() as session:
        account = require_account(session, project_id, channel)
    if login is not None:
        adopt(database, account.id, login, secret_key)
    with database.read() as session:
        held = kept(_require_secret(session, account), secret_key)
    _require_its_server(account, held)
    tokens = AccountTokens(database, account.id, Channel(channel), secret_key)
    return open_social_gateway(channel, social_account(account, held), tokens, publish_media)


def require_account(session: Session, project_id: str, channel: str) -> Account:
    """The pinned account.

    Raises:
        FixAccount: there is none.
    """
    account = account_of(session, project_id, channel)
    if account is None or not account.identity:
        raise FixAccount(
            f"{project_id} has no {channel} account",
            next_step=f"`aicmo accounts add {project_id} {channel}` logs one in.",
        )
    return account


def social_account(account: Account, login: Login) -> ProviderAccount:
    """The pinned account, as its gateway knows it."""
    return ProviderAccount(
        account.identity, account.name, str(account.profile.get("handle", "")),
        account.server, account.profile, login.api_url,
    )  # fmt: skip


def adopt(database: Database, account_id: int, login: Login, secret_key: bytes) -> None:
    """Begins anew with a block's log-in, unless what is stored came from the very same one."""
    source = source_of(login)
    with database.write() as session:
        session.get_one(Account, account_id, with_for_update=True)  # one worker at a time
        row = session.get(AccountSecret, account_id)
        if row is None or row.source != source:
            now = database.now(session)
            dated = login if login.obtained_at else login.with_(obtained_at=now)
            keep(session, secret_key, account_id, dated, source, now)


def _require_its_server(account: Account, login: Login) -> None:
    """A token is shown to no other server than its own."""
    if account.server and login.server.rstrip("/").lower() != account.server.rstrip("/").lower():
        raise FixAccount(
            f"The log-in is of {login.server}, but {account.project_id}'s {account.channel} account is "
            f"on {account.server}",
            next_step="Name the block of this account; where it has moved, log it in anew: `aicmo "
            f"accounts add {account.project_id} {account.channel}`.",
        )


def _require_secret(session: Session, account: Account) -> AccountSecret:
    row = session.get(AccountSecret, account.id)
    if row is None:
        name = account.profile.get("handle") or account.name or account.identity
        raise FixAccount(
            f"The {account.channel} account {name} isn't logged in here",
            next_step=f"`aicmo accounts add {account.project_id} {account.channel}` does it; a log-in "
            "that is in a Prefect block is used by execute-plan, with the block's name.",
        )
    return row
