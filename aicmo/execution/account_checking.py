"""Asks a network or a CRM again who is logged in, and tells what an operator has to know of an account."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import AicmoError, FixAccount, FixConfiguration, TryLater
from aicmo.execution.account_asking import ask_profile
from aicmo.execution.account_avatars import Fetch, read_avatar
from aicmo.execution.account_listing import PAUSED, PinnedAccount, list_accounts
from aicmo.execution.account_pinning import as_kept
from aicmo.execution.account_tokens import kept, proven
from aicmo.execution.accounts import open_crm_reader, open_gateway_of, require_account
from aicmo.execution.identity import READ_ONLY
from aicmo.execution.public_media import require_public_store
from aicmo.execution.settling import pause_account
from aicmo.execution.states import Mover
from aicmo.gateways.account_gateway import Profile, other_account
from aicmo.gateways.login import Login
from aicmo.gateways.logins import missing_scopes, network_of
from aicmo.models import Account
from aicmo.settings import get_settings

_WARN_OF_THE_LOGIN, _WARN_OF_THE_API = timedelta(days=15), timedelta(days=60)
"""LinkedIn's 60 days are warned of from the 45th on."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a network says of an account now.

    live: who is logged in; None if that can't be told. is_same: it is the pinned account.
    missing: scopes that posting needs and the log-in hasn't.
    problems: what has to be put right. warnings: what will have to be, before long.
    """

    account: PinnedAccount
    live: Profile | None = None
    is_same: bool = False
    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def check_account(
    database: Database,
    project_id: str,
    channel: Channel,
    *,
    by: str,
    is_read_only: bool = False,
    fetch: Fetch | None = None,
) -> Checked:
    """Asks who is logged in, and keeps what is said; another account than the pinned one is paused.

    is_read_only: the log-in that a CRM is only read with, instead of the one that changes it.

    Raises:
        FixAccount: no such account is pinned.
    """
    pinned = _require(database, project_id, channel, is_read_only=is_read_only)
    try:
        live = _live(database, pinned)
    except (FixAccount, TryLater) as error:
        return Checked(pinned, problems=(_sentence(error),))
    if live.identity != pinned.identity:
        return _another(database, pinned, live, by)
    avatar = read_avatar(live.avatar_url, fetch)
    _note(database, pinned, live, avatar, by)
    pinned = _require(database, project_id, channel, is_read_only=is_read_only)
    return _judged(pinned, live, database.time())


def _require(
    database: Database, project_id: str, channel: Channel, *, is_read_only: bool
) -> PinnedAccount:
    with database.read() as session:
        require_account(session, project_id, channel, READ_ONLY if is_read_only else "")
        found = list_accounts(session, project_id, channel)
    return next(each for each in found if each.is_read_only == is_read_only)


def _live(database: Database, pinned: PinnedAccount) -> Profile:
    name = network_of(pinned.channel, pinned.provider).name
    if pinned.is_read_only:
        return ask_profile(name, pinned.channel, open_crm_reader(database, pinned.project_id))
    opened = open_gateway_of(database, pinned.project_id, pinned.channel)
    return ask_profile(name, pinned.channel, opened)


def _another(database: Database, pinned: PinnedAccount, live: Profile, by: str) -> Checked:
    said = other_account(live, pinned.identity, pinned.handle or pinned.name)
    with audit.transaction(database, pinned.project_id) as session:
        account = require_account(session, pinned.project_id, pinned.channel, pinned.row)
        mover = Mover(pinned.project_id, by, database.now(session))
        pause_account(session, mover, account.id, said)
        _record(session, account, by, same=False)
    more = " --read-only" if pinned.is_read_only else ""
    command = f"aicmo accounts add {pinned.project_id} {pinned.network}{more}"
    step = f"`{command}` logs in as the right one."
    return Checked(pinned, live, problems=(f"It is {said}. It is paused. {step}",))


def _note(
    database: Database, pinned: PinnedAccount, live: Profile, avatar: bytes | None, by: str
) -> None:
    with audit.transaction(database, pinned.project_id) as session:
        account = require_account(session, pinned.project_id, pinned.channel, pinned.row)
        if account.identity != live.identity:  # somebody pinned another one meanwhile
            return
        account.profile = as_kept(live, _login(session, account))
        account.name, account.avatar = live.name[:200], avatar or account.avatar
        account.checked_at = database.now(session)
        _record(session, account, by, same=True)


def _login(session: Session, account: Account) -> Login | None:
    secret = proven(session, account.id)
    return kept(secret, get_settings().require_secret_key()) if secret else None


def _record(session: Session, account: Account, by: str, *, same: bool) -> None:
    audit.record(
        session, audit.Event.ACCOUNT_CHECKED, project_id=account.project_id, actor=by,
        account=account.id, channel=account.channel, same=same,
    )  # fmt: skip


def _judged(pinned: PinnedAccount, live: Profile, now: datetime) -> Checked:
    missing = missing_scopes(
        pinned.network, pinned.identity, tuple(live.scopes), is_read_only=pinned.is_read_only
    )
    problems = [_released_by(pinned)] if pinned.trouble else []
    if missing:
        step = "let the app have it" if pinned.provider else "log in anew, and agree to all of it"
        problems.append(f"It lacks {', '.join(missing)}: {step}")
    problems += _no_store_for(pinned.channel)
    if live.api_ends_on and live.api_ends_on <= now:
        problems.append(f"Version {live.api_version} of the API has ended: update this program")
    told_here = (*missing, f"version {live.api_version}") if live.api_ends_on else tuple(missing)
    warnings = [
        each.rstrip(".") for each in live.problems if not any(word in each for word in told_here)
    ]
    if pinned.ends_at and pinned.ends_at - now <= _WARN_OF_THE_LOGIN:
        warnings.append(f"Log in anew within {days_until(pinned.ends_at, now)} days")
    if live.api_ends_on and now < live.api_ends_on <= now + _WARN_OF_THE_API:
        days = days_until(live.api_ends_on, now)
        warnings.append(f"Version {live.api_version} of the API ends in {days} days")
    return Checked(
        pinned, live, is_same=True, missing=tuple(missing),
        problems=tuple(problems), warnings=tuple(warnings),
    )  # fmt: skip


def _released_by(pinned: PinnedAccount) -> str:
    said = pinned.trouble.capitalize()
    if not pinned.trouble.startswith(PAUSED):
        return said
    release = f"`aicmo unpause {pinned.project_id} --channel {pinned.channel}`"
    what = "changes" if pinned.provider else "posts"
    return f"{said}. The log-in is right now: {release} lets its {what} go out"


def _no_store_for(channel: str) -> list[str]:
    """Instagram fetches media by itself, from where it can."""
    try:
        if channel == Channel.INSTAGRAM:
            require_public_store()
    except FixConfiguration as error:
        return [_sentence(error).rstrip(".")]
    return []


def days_until(then: datetime, now: datetime) -> int:
    """Whole days that are left; negative once it has passed."""
    return math.floor((then - now) / timedelta(days=1))


def _sentence(error: AicmoError) -> str:
    return f"{error}. {error.next_step}".strip()
