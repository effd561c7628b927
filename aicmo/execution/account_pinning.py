"""Pins the account that a project acts as on a network or in a CRM, by the provider's own id of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject
from aicmo.execution.account_tokens import ADDED_HERE, forget, keep
from aicmo.execution.accounts import planned_provider, require_account
from aicmo.execution.identity import READ_ONLY, account_of
from aicmo.gateways.account_gateway import Profile
from aicmo.gateways.login import Login
from aicmo.gateways.logins import network_of
from aicmo.models import Account, Contact, CrmOptOut, CrmSchema, Project


@dataclass(frozen=True, slots=True)
class Pin:
    """What a person agreed to: who is logged in, and as whom.

    login: kept in the database; None where a Prefect block keeps it.
    avatar: a small PNG.
    provider: which CRM; '' of a network. is_read_only: a second log-in of the CRM's account.
    """

    project_id: str
    channel: Channel
    profile: Profile
    login: Login | None
    server: str = ""
    avatar: bytes | None = None
    provider: str = ""
    is_read_only: bool = False

    @property
    def name(self) -> str:
        """Of the network or CRM, as people write it."""
        return network_of(self.channel, self.provider).name

    @property
    def handle(self) -> str:
        return READ_ONLY if self.is_read_only else ""

    @property
    def who(self) -> str:
        return self.profile.handle or self.profile.name or self.profile.identity

    @property
    def where(self) -> str:
        """Of a CRM: who is logged in, and to which."""
        return at(self.name, self.who)


def at(name: str, who: str) -> str:
    """An account and its CRM, which the account's name may tell already."""
    return who if name in who else f"{who} at {name}"


def require_free(session: Session, pin: Pin, *, replace: bool) -> None:
    """Another account is never replaced unasked.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: another account is pinned, or another CRM is meant.
    """
    if session.get(Project, pin.project_id) is None:
        raise NoSuchProject(pin.project_id)
    require_planned(session, pin.project_id, pin.provider)
    account = account_of(session, pin.project_id, pin.channel)
    if pin.is_read_only:
        _require_same(account, pin)
        return
    if account is None or account.identity == "" or _is_same(account, pin) or replace:
        return
    raise FixInput(
        f"{_pinned(account)}, and you are logged in as {_told_apart(account, pin)}",
        next_step="Log in as the account of this client; if it is to be another one from now on, add "
        "--replace: what was approved for the former one has to be approved anew.",
    )


def require_planned(session: Session, project_id: str, provider: str) -> None:
    """Another CRM than the document's isn't logged in to; '' is a network.

    Raises:
        FixInput: the document names another one.
    """
    planned = planned_provider(session, project_id) if provider else ""
    if planned and planned != provider:
        raise FixInput(
            f"{project_id}'s document says crm.provider: {planned}, not {provider}",
            next_step=f"`aicmo accounts add {project_id} {planned}` logs in to that one; or correct "
            "crm.provider, and import the document again.",
        )


def _require_same(account: Account | None, pin: Pin) -> None:
    """What is read of another account would be taken for the client's."""
    if account is None or not account.identity:
        raise FixInput(
            f"{pin.project_id} has no CRM account yet that a read-only log-in could be of",
            next_step=f"`aicmo accounts add {pin.project_id} {pin.provider}` logs in the one that "
            "changes are made with; add the read-only one after it.",
        )
    if not _is_same(account, pin):
        raise FixInput(
            f"{_pinned(account)}, and this log-in is of {_told_apart(account, pin)}",
            next_step="A read-only log-in has to be of the same account.",
        )


def _is_same(account: Account, pin: Pin) -> bool:
    return (account.identity, account.provider) == (pin.profile.identity, pin.provider)


def _pinned(account: Account) -> str:
    name = network_of(account.channel, account.provider).name
    who = account.profile.get("handle") or account.name or account.identity
    if account.provider:
        return f"{account.project_id}'s CRM is {at(name, who)}"
    return f"{account.project_id} goes out on {name} as {who}"


def _told_apart(account: Account, pin: Pin) -> str:
    """Who is logged in; two accounts may be called the same."""
    if account.provider != pin.provider:
        return pin.where
    is_called_the_same = pin.who in (account.profile.get("handle"), account.name)
    more = f" ({pin.profile.identity}, not {account.identity})" if is_called_the_same else ""
    return f"{pin.who}{more}"


def pin_account(
    database: Database, pin: Pin, secret_key: bytes, *, by: str, replace: bool = False
) -> bool:
    """Pins it; True if the account is still paused from before.

    Raises:
        NoSuchProject, FixInput: see `require_free`.
    """
    with audit.transaction(database, pin.project_id) as session:
        require_free(session, pin, replace=replace)
        account = account_of(session, pin.project_id, pin.channel, pin.handle) or Account(
            project_id=pin.project_id, channel=pin.channel, handle=pin.handle
        )
        former = account.identity or ""
        session.add(account)
        if former and not _is_same(account, pin):
            _forget_what_was_read(session, account)
        _take_over(account, pin, database, session)
        _keep_login(session, account.id, pin, secret_key, database)
        audit.record(
            session, audit.Event.ACCOUNT_PINNED, project_id=pin.project_id, actor=by,
            account=account.id, channel=pin.channel.value, provider=pin.provider,
            identity=account.identity, former=former, read_only=pin.is_read_only,
        )  # fmt: skip
        return account.paused_at is not None


def remove_account(
    database: Database, project_id: str, channel: Channel, *, by: str, is_read_only: bool = False
) -> None:
    """Forgets the account and its log-in; of a CRM, also the one to read by, unless only that is meant.

    Posts on a network without an account are operator tasks.

    Raises:
        FixAccount: none is pinned.
    """
    with audit.transaction(database, project_id) as session:
        handle = READ_ONLY if is_read_only else ""
        account = require_account(session, project_id, channel, handle)
        former = account.identity
        if not is_read_only:
            _forget_what_was_read(session, account)
        _empty(session, account)
        audit.record(
            session, audit.Event.ACCOUNT_REMOVED, project_id=project_id, actor=by,
            account=account.id, channel=channel.value, identity=former, read_only=is_read_only,
        )  # fmt: skip


def _empty(session: Session, account: Account) -> None:
    account.identity, account.name, account.server, account.provider = "", "", "", ""
    account.profile, account.avatar, account.checked_at = {}, None, None
    forget(session, account.id)


def _forget_what_was_read(session: Session, account: Account) -> None:
    """Of a CRM: what another account's properties are, who may read it, and of whom it was told."""
    session.execute(delete(CrmSchema).where(CrmSchema.account_id == account.id))
    theirs = select(Contact.id).where(Contact.project_id == account.project_id)
    if account.channel == Channel.CRM:
        session.execute(delete(CrmOptOut).where(CrmOptOut.contact_id.in_(theirs)))
    reader = account_of(session, account.project_id, account.channel, READ_ONLY)
    if reader is not None:
        _empty(session, reader)


def as_kept(profile: Profile, login: Login | None) -> dict[str, Any]:
    """What is kept of a profile, as plain JSON: its facts, and what `aicmo accounts` shows."""
    ends_at = login.ends() if login else profile.expires_at
    return {
        **profile.facts,
        "handle": profile.handle,
        "scopes": list(profile.scopes),
        "ends_at": ends_at.isoformat() if ends_at else "",
        "api_version": profile.api_version,
        "api_ends_on": profile.api_ends_on.isoformat() if profile.api_ends_on else "",
        "quota_used": profile.quota_used,
        "quota_total": profile.quota_total,
    }


def _take_over(account: Account, pin: Pin, database: Database, session: Session) -> None:
    if not _is_same(account, pin):  # what the former one has to wait for isn't its own
        account.not_before, account.wait_reason, account.avatar = None, "", None
    account.identity, account.name = pin.profile.identity, pin.profile.name[:200]
    account.server, account.profile = pin.server, as_kept(pin.profile, pin.login)
    account.provider = pin.provider
    account.avatar = pin.avatar or account.avatar
    account.checked_at = database.now(session)
    session.flush()


def _keep_login(
    session: Session, account_id: int, pin: Pin, secret_key: bytes, database: Database
) -> None:
    if pin.login is not None:
        now = database.now(session)
        keep(session, secret_key, account_id, pin.login, ADDED_HERE, now)
        return
    forget(session, account_id)
