"""The pinned account and the one that is logged in must be the same before anything is claimed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount, TryLater
from aicmo.execution.settling import let_account_wait, pause_account
from aicmo.execution.states import Mover
from aicmo.gateways.account_gateway import AccountGateway
from aicmo.gateways.contract import Gateway, Outcome, OutcomeKind
from aicmo.models import Account

READ_ONLY = "read"
"""The handle of the account that a CRM is only read with."""


def account_of(session: Session, project_id: str, channel: str, handle: str = "") -> Account | None:
    """The account that a project acts as on a network or in a CRM, pinned or not; None before both."""
    query = select(Account).where(Account.project_id == project_id, Account.channel == channel)
    return session.scalars(query.where(Account.handle == handle)).one_or_none()


def has_account(session: Session, project_id: str, channel: str) -> bool:
    """Whether a person has pinned an account; without one, posts are operator tasks, changes held."""
    if channel == Channel.EMAIL:
        return True
    account = account_of(session, project_id, channel)
    return account is not None and bool(account.identity)


def require_pinned(database: Database, mover: Mover, channel: str, gateway: Gateway) -> None:
    """Asks the network who is logged in; another account than the pinned one is paused.

    Raises:
        FixAccount: it is another one, or the log-in is refused; the account is paused.
        TryLater: the network doesn't say who it is.
    """
    if not isinstance(gateway, AccountGateway):
        return
    objection = gateway.identify()
    if objection is None:
        return
    with audit.transaction(database, mover.project_id) as session:
        account = account_of(session, mover.project_id, channel)
        if account is not None:
            _record(session, mover, account.id, objection)
    raise _told(mover.project_id, channel, objection)


def _record(session: Session, mover: Mover, account_id: int, objection: Outcome) -> None:
    said = objection.detail or objection.code
    if objection.kind is OutcomeKind.REFUSED_ACCOUNT:
        pause_account(session, mover, account_id, said)
    elif objection.not_before:
        let_account_wait(session, mover, account_id, objection.not_before, said)


def _told(project_id: str, channel: str, objection: Outcome) -> FixAccount | TryLater:
    said = " ".join(part for part in (objection.code, objection.detail) if part)
    if objection.kind is OutcomeKind.REFUSED_ACCOUNT:
        return FixAccount(
            f"The {channel} account is refused and paused: {said}",
            next_step=f"`aicmo accounts check {project_id}` shows who is logged in; put it right, "
            f"then `aicmo unpause {project_id} --channel {channel}` and run again.",
        )
    return TryLater(
        f"Whose {channel} account is logged in isn't known: {said}",
        next_step="Run again later: nothing was sent.",
    )
