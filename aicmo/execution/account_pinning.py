"""Pins the account that a project's posts on a network go out as, by the network's own id of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import delete
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount, FixInput, NoSuchProject, TryLater
from aicmo.execution.account_tokens import ADDED_HERE, keep
from aicmo.execution.accounts import require_account
from aicmo.execution.gate import issue_account_permit
from aicmo.execution.identity import account_of
from aicmo.gateways.account_gateway import AccountGateway, NoToken, Profile, Refused
from aicmo.gateways.contract import OpenGateway, Outcome, OutcomeKind
from aicmo.gateways.login import Login
from aicmo.gateways.logins import NETWORKS
from aicmo.models import Account, AccountSecret, Project


@dataclass(frozen=True, slots=True)
class Pin:
    """What a person agreed to: who is logged in, and as whom.

    login: kept in the database; None where a Prefect block keeps it.
    avatar: a small PNG.
    """

    project_id: str
    channel: Channel
    profile: Profile
    login: Login | None
    server: str = ""
    avatar: bytes | None = None


def ask_profile(channel: str, open_gateway: OpenGateway) -> Profile:
    """Who is logged in, as the network says; changes nothing there.

    Raises:
        FixAccount: the network refuses the log-in.
        TryLater: it doesn't answer, or not in its own words.
    """
    with open_gateway(issue_account_permit(channel)) as gateway:
        if not isinstance(gateway, AccountGateway):
            raise TypeError(channel)
        try:
            return gateway.profile()
        except (NoToken, Refused) as none:
            raise in_words(channel, none.outcome) from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            name = NETWORKS[Channel(channel)].name
            said = f"{name} doesn't say who is logged in ({type(error).__name__})"
            raise TryLater(said, next_step="Run it again later.") from None


def in_words(channel: str, outcome: Outcome) -> FixAccount | TryLater:
    """An outcome of logging in, as a person reads it."""
    name = NETWORKS[Channel(channel)].name
    said = " ".join(part for part in (outcome.code, outcome.detail) if part) or "no reason given"
    if outcome.kind in (OutcomeKind.REFUSED_ACCOUNT, OutcomeKind.REFUSED_FOR_GOOD):
        step = "Look at the account there; `aicmo accounts add` takes a new log-in or app password."
        return FixAccount(f"{name} refuses the log-in: {said}", next_step=step)
    until = f" after {outcome.not_before:%H:%M} UTC" if outcome.not_before else " later"
    return TryLater(f"{name} gives no answer now: {said}", next_step=f"Run it again{until}.")


def require_free(session: Session, pin: Pin, *, replace: bool) -> None:
    """Another account is never replaced unasked.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: another account is pinned.
    """
    if session.get(Project, pin.project_id) is None:
        raise NoSuchProject(pin.project_id)
    account = account_of(session, pin.project_id, pin.channel)
    if account is None or account.identity in ("", pin.profile.identity) or replace:
        return
    pinned = account.profile.get("handle") or account.name or account.identity
    live = pin.profile.handle or pin.profile.name or pin.profile.identity
    raise FixInput(
        f"{pin.project_id} goes out on {NETWORKS[pin.channel].name} as {pinned}, and you are logged in as {live}",
        next_step="Log in as the account of this client; if it is to be another one from now on, add "
        "--replace: what was approved for the former one has to be approved anew.",
    )


def pin_account(
    database: Database, pin: Pin, secret_key: bytes, *, by: str, replace: bool = False
) -> bool:
    """Pins it; True if the account is still paused from before.

    Raises:
        NoSuchProject, FixInput: see `require_free`.
    """
    with audit.transaction(database, pin.project_id) as session:
        require_free(session, pin, replace=replace)
        account = account_of(session, pin.project_id, pin.channel)
        account = account or Account(project_id=pin.project_id, channel=pin.channel, handle="")
        former = account.identity or ""
        session.add(account)
        _take_over(account, pin, database, session)
        _keep_login(session, account.id, pin, secret_key, database)
        audit.record(
            session, audit.Event.ACCOUNT_PINNED, project_id=pin.project_id, actor=by,
            account=account.id, channel=pin.channel.value, identity=account.identity, former=former,
        )  # fmt: skip
        return account.paused_at is not None


def remove_account(database: Database, project_id: str, channel: Channel, *, by: str) -> None:
    """Forgets the account and its log-in; posts on the network are operator tasks from then on.

    Raises:
        FixAccount: none is pinned.
    """
    with audit.transaction(database, project_id) as session:
        account = require_account(session, project_id, channel)
        former = account.identity
        account.identity, account.name, account.server = "", "", ""
        account.profile, account.avatar, account.checked_at = {}, None, None
        session.execute(delete(AccountSecret).where(AccountSecret.account_id == account.id))
        audit.record(
            session, audit.Event.ACCOUNT_REMOVED, project_id=project_id, actor=by,
            account=account.id, channel=channel.value, identity=former,
        )  # fmt: skip


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
    if (
        account.identity != pin.profile.identity
    ):  # what the former one has to wait for isn't its own
        account.not_before, account.wait_reason, account.avatar = None, "", None
    account.identity, account.name = pin.profile.identity, pin.profile.name[:200]
    account.server, account.profile = pin.server, as_kept(pin.profile, pin.login)
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
    session.execute(delete(AccountSecret).where(AccountSecret.account_id == account_id))
