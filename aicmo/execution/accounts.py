"""The gateway of a project's channel: email as the environment says, else by the pinned account."""

from __future__ import annotations

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount
from aicmo.execution.account_asking import ask_profile
from aicmo.execution.account_tokens import (
    AccountTokens,
    forget_one,
    keep_apart,
    kept,
    prove,
    proven,
    source_of,
)
from aicmo.execution.identity import READ_ONLY, account_of
from aicmo.execution.public_media import publish_media
from aicmo.gateways.account_gateway import ProviderAccount, other_account
from aicmo.gateways.contract import OpenGateway
from aicmo.gateways.login import Login
from aicmo.gateways.logins import network_of
from aicmo.gateways.registry import open_crm_gateway, open_email_gateway, open_social_gateway
from aicmo.models import Account, AccountSecret, Plan, Project
from aicmo.settings import get_settings


def open_gateway_of(
    database: Database,
    project_id: str,
    channel: str,
    login: Login | None = None,
    provider: str = "",
) -> OpenGateway:
    """What builds the gateway of `channel` once it has its permit.

    login: of a block, used instead of the stored one; what is refreshed of it is stored.
    provider: the CRM that `login` is for.

    Raises:
        FixConfiguration: email isn't configured, or in two ways; the log-in can't be opened.
        FixAccount: no account is pinned there, it isn't logged in, or the block's log-in is another's.
        TryLater: nobody says whose the block's log-in is.
    """
    if channel == Channel.EMAIL:
        return open_email_gateway(get_settings())
    with database.read() as session:
        account = require_account(session, project_id, channel)
    if login is None:
        return _open(database, account)
    _require_its_crm(account, provider)
    return _open(database, account, _adopt(database, account, login))


def open_crm_reader(database: Database, project_id: str) -> OpenGateway:
    """The gateway that the project's CRM is read by: read-only where there is such a log-in.

    Its permit is `issue_account_permit("crm")`.

    Raises:
        FixConfiguration, FixAccount: see `open_gateway_of`.
    """
    with database.read() as session:
        account = require_account(session, project_id, Channel.CRM)
        reader = account_of(session, project_id, Channel.CRM, READ_ONLY)
    return _open(database, reader if reader and reader.identity else account)


def require_account(session: Session, project_id: str, channel: str, handle: str = "") -> Account:
    """The pinned account.

    Raises:
        FixAccount: there is none.
    """
    account = account_of(session, project_id, channel, handle)
    if account is None or not account.identity:
        is_crm = channel == Channel.CRM
        to_add = (planned_provider(session, project_id) or "CRM") if is_crm else channel
        raise FixAccount(
            f"{project_id} has no {'read-only ' if handle else ''}{_shown(channel)} account",
            next_step=f"`aicmo accounts add {project_id} {to_add}{' --read-only' if handle else ''}` "
            "logs one in.",
        )
    return account


def provider_account(account: Account, login: Login) -> ProviderAccount:
    """The pinned account, as its gateway knows it."""
    return ProviderAccount(
        account.identity, account.name, str(account.profile.get("handle", "")),
        account.server, account.profile, login.api_url,
    )  # fmt: skip


def planned_provider(session: Session, project_id: str) -> str:
    """The CRM that the project's document names; '' if it names none."""
    query = (
        select(Plan.document["crm"]["provider"].as_string())
        .join(Project, and_(Project.id == Plan.project_id, Project.plan_version == Plan.version))
        .where(Project.id == project_id)
    )
    return session.scalars(query).one_or_none() or ""


def _shown(channel: str) -> str:
    return "CRM" if channel == Channel.CRM else channel


def _open(database: Database, account: Account, source: str = "") -> OpenGateway:
    """By the log-in of this source; without one, by the log-in in use."""
    secret_key = get_settings().require_secret_key()
    with database.read() as session:
        secret = _require_secret(session, account, source)
        held = kept(secret, secret_key)
        _require_planned(session, account)
    _require_its_server(account, held)
    network = account.provider or account.channel
    tokens = AccountTokens(database, account.id, network, secret_key, secret.source)
    pinned = provider_account(account, held)
    if account.channel == Channel.CRM:
        return open_crm_gateway(account.provider, pinned, tokens, get_settings().crm_rates())
    return open_social_gateway(account.channel, pinned, tokens, publish_media)


def _adopt(database: Database, account: Account, login: Login) -> str:
    """The source of a block's log-in, which begins anew unless it was taken from the very same one.

    It takes the place of the log-in in use only when the provider has said that it is the same account's.
    """
    source, secret_key = source_of(login), get_settings().require_secret_key()
    with database.write() as session:
        session.get_one(Account, account.id, with_for_update=True)  # one worker at a time
        row = session.get(AccountSecret, (account.id, source))
        if row is None:
            now = database.now(session)
            dated = login if login.obtained_at else login.with_(obtained_at=now)
            keep_apart(session, secret_key, account.id, dated, source, now)
        elif row.is_proven:
            return source
    _require_its_own(database, account, source)
    with database.write() as session:
        prove(session, account.id, source)
    return source


def _require_its_own(database: Database, account: Account, source: str) -> None:
    name = network_of(account.channel, account.provider).name
    try:
        live = ask_profile(name, account.channel, _open(database, account, source))
    except FixAccount:
        _forget(database, account, source)
        raise
    if live.identity != account.identity:
        _forget(database, account, source)
        known = str(account.profile.get("handle", "")) or account.name
        raise FixAccount(
            f"The block is {other_account(live, account.identity, known)}",
            next_step="Name the block of this account; nothing goes out through this one.",
        )


def _forget(database: Database, account: Account, source: str) -> None:
    with database.write() as session:
        forget_one(session, account.id, source)


def _require_its_crm(account: Account, provider: str) -> None:
    """A block's secrets are shown to no other CRM than its own."""
    if account.provider != provider:
        raise FixAccount(
            f"The block is of {network_of(account.channel, provider).name}, but {account.project_id}'s "
            f"{_shown(account.channel)} account is of "
            f"{network_of(account.channel, account.provider).name}",
            next_step="Name the block of this account.",
        )


def _require_planned(session: Session, account: Account) -> None:
    """What was written for one CRM is never sent to another."""
    planned = planned_provider(session, account.project_id) if account.provider else ""
    if planned and planned != account.provider:
        raise FixAccount(
            f"{account.project_id}'s document says crm.provider: {planned}, but its CRM account is of "
            f"{network_of(account.channel, account.provider).name}",
            next_step=f"`aicmo accounts add {account.project_id} {planned} --replace` logs in to that "
            "one; or correct crm.provider, and import the document again.",
        )


def _require_its_server(account: Account, login: Login) -> None:
    """A token is shown to no other server than its own."""
    if account.server and login.server.rstrip("/").lower() != account.server.rstrip("/").lower():
        raise FixAccount(
            f"The log-in is of {login.server}, but {account.project_id}'s "
            f"{_shown(account.channel)} account is on {account.server}",
            next_step="Name the block of this account; where it has moved, log it in anew: `aicmo "
            f"accounts add {account.project_id} {account.provider or account.channel}`.",
        )


def _require_secret(session: Session, account: Account, source: str) -> AccountSecret:
    place = (account.id, source)
    row = session.get(AccountSecret, place) if source else proven(session, account.id)
    if row is None:
        name = account.profile.get("handle") or account.name or account.identity
        raise FixAccount(
            f"The {_shown(account.channel)} account {name} isn't logged in here",
            next_step=f"`aicmo accounts add {account.project_id} {account.provider or account.channel}"
            "` does it; a log-in that is in a Prefect block is used by execute-plan, with the "
            "block's name.",
        )
    return row
