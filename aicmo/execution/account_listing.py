"""The pinned accounts, as the database knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from aicmo.channels import SOCIAL, Channel
from aicmo.execution.account_tokens import ADDED_HERE
from aicmo.execution.identity import READ_ONLY
from aicmo.models import Account, AccountSecret

PAUSED = "paused: "
"""Before the reason, in an account's trouble."""


@dataclass(frozen=True, slots=True)
class PinnedAccount:
    """An account as the database knows it; no network is asked.

    login: where it is kept: `here`, `block`, or '' if nowhere.
    ends_at: of the log-in, when a person has to renew it.
    trouble: why nothing goes out as it, or ''.
    provider: which CRM; '' of a network. is_read_only: the log-in that a CRM is only read with.
    """

    project_id: str
    channel: str
    identity: str
    name: str
    handle: str
    server: str
    login: str
    ends_at: datetime | None
    trouble: str
    checked_at: datetime | None
    provider: str = ""
    is_read_only: bool = False

    @property
    def network(self) -> str:
        """What `aicmo.gateways.logins` calls it: the CRM's provider, or the channel."""
        return self.provider or self.channel

    @property
    def row(self) -> str:
        """The handle of its row in the database."""
        return READ_ONLY if self.is_read_only else ""


def list_accounts(session: Session, project_id: str = "", channel: str = "") -> list[PinnedAccount]:
    """The pinned accounts of a project and a network; '' means every one."""
    query = select(Account, AccountSecret).outerjoin(
        AccountSecret, and_(AccountSecret.account_id == Account.id, AccountSecret.is_proven)
    )
    query = query.where(Account.identity != "", Account.channel.in_((*SOCIAL, Channel.CRM)))
    if project_id:
        query = query.where(Account.project_id == project_id)
    if channel:
        query = query.where(Account.channel == channel)
    order = (Account.project_id, Account.channel, Account.handle)
    rows = session.execute(query.order_by(*order)).tuples()
    return [_pinned(account, secret) for account, secret in rows]


def _pinned(account: Account, secret: AccountSecret | None) -> PinnedAccount:
    login, trouble, ends_at = "", "", _moment(account.profile.get("ends_at"))
    if secret is not None:
        login = "here" if secret.source == ADDED_HERE else "block"
        trouble = f"needs a log-in: {secret.needs_login}" if secret.needs_login else ""
        # A refresh may have prolonged it since it was noted.
        ends_at = max(ends_at, secret.expires_at or ends_at) if ends_at else None
    if account.paused_at is not None:
        trouble = f"{PAUSED}{account.pause_reason or 'refused'}"
    return PinnedAccount(
        account.project_id, account.channel, account.identity, account.name,
        str(account.profile.get("handle", "")), account.server, login,
        ends_at, trouble, account.checked_at, account.provider, account.handle == READ_ONLY,
    )  # fmt: skip


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
