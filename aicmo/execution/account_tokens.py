"""An account's log-in in the database: sealed, and refreshed by one worker for all.

The row is locked while the network is asked, and the new tokens are committed before anybody uses them:
a refresh token may work once.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.errors import AicmoError, FixConfiguration
from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.gateways.login import Login, needs_a_person, not_now
from aicmo.gateways.logins import NETWORKS
from aicmo.models import Account, AccountSecret
from aicmo.redaction import describe
from aicmo.sealing import seal, unseal

ADDED_HERE = "added"
"""The source of a log-in that `aicmo accounts add` keeps; else it is a hash of a block's secrets."""


def source_of(login: Login) -> str:
    """What tells a block's log-in from another one, without telling its secrets."""
    return hashlib.sha256(b"block\0" + login.to_bytes()).hexdigest()


def keep(
    session: Session, secret_key: bytes, account_id: int, login: Login, source: str, now: datetime
) -> None:
    """Stores a log-in that was proven to be the account's, in place of every other one."""
    forget(session, account_id)
    session.add(_row_of(secret_key, account_id, login, source, now, is_proven=True))


def keep_apart(
    session: Session, secret_key: bytes, account_id: int, login: Login, source: str, now: datetime
) -> None:
    """Stores a log-in beside the one in use, until it is known whose it is."""
    session.add(_row_of(secret_key, account_id, login, source, now, is_proven=False))


def prove(session: Session, account_id: int, source: str) -> None:
    """From now on the account is logged in with this one, which is its own."""
    others = delete(AccountSecret).where(AccountSecret.account_id == account_id)
    session.execute(others.where(AccountSecret.source != source))
    session.get_one(AccountSecret, (account_id, source)).is_proven = True


def forget(session: Session, account_id: int) -> None:
    """Deletes every log-in of an account."""
    session.execute(delete(AccountSecret).where(AccountSecret.account_id == account_id))


def forget_one(session: Session, account_id: int, source: str) -> None:
    """Deletes the log-in of one source."""
    query = delete(AccountSecret).where(AccountSecret.account_id == account_id)
    session.execute(query.where(AccountSecret.source == source))


def proven(session: Session, account_id: int) -> AccountSecret | None:
    """The log-in that an account is used with; None if there is none here."""
    query = select(AccountSecret).where(AccountSecret.account_id == account_id)
    return session.scalars(query.where(AccountSecret.is_proven)).one_or_none()


def kept(row: AccountSecret, secret_key: bytes) -> Login:
    """The log-in of a row.

    Raises:
        FixConfiguration: AICMO_SECRET_KEY is another one than when it was stored.
    """
    content = unseal(secret_key, row.sealed, _place(row.account_id))
    try:
        return Login.from_bytes(content)
    except ValueError:
        raise FixConfiguration(
            "A stored log-in is of another version of this program",
            next_step="Log the account in anew: `aicmo accounts add`.",
        ) from None


def _row_of(
    secret_key: bytes, account_id: int, login: Login, source: str, now: datetime, *, is_proven: bool
) -> AccountSecret:
    row = AccountSecret(account_id=account_id, source=source, is_proven=is_proven, needs_login="")
    _put(row, secret_key, login, now)
    return row


def _put(row: AccountSecret, secret_key: bytes, login: Login, now: datetime) -> None:
    row.sealed = seal(secret_key, login.to_bytes(), _place(row.account_id))
    row.expires_at, row.refreshed_at = login.expires_at, now


def _place(account_id: int) -> str:
    return f"account {account_id}"


class LoginTokens:
    """A log-in that isn't stored yet, as it is used once to ask who it belongs to."""

    def __init__(self, login: Login) -> None:
        self._login = login

    def access_token(self) -> str:
        return self._login.access_token

    def extra(self, name: str) -> str:
        return told(self._login, name)


class AccountTokens:
    """The token source of one log-in of an account; see `TokenSource`.

    It keeps to the log-in of its source: who is logged in is asked at the beginning of a run, and what
    another run puts in its place may be another client's.

    network: the channel of a network, or the provider of a CRM.
    """

    def __init__(
        self,
        database: Database,
        account_id: int,
        network: str,
        secret_key: bytes,
        source: str = ADDED_HERE,
    ) -> None:
        self._database, self._account_id, self._source = database, account_id, source
        self._network, self._secret_key = NETWORKS[network], secret_key

    def access_token(self) -> str:
        """See `TokenSource`; whatever goes wrong, nothing has been sent with it."""
        return self._ask().access_token

    def extra(self, name: str) -> str:
        """`scopes`, separated by spaces; `ends_at`, ISO 8601; `server`."""
        return told(self._ask(), name)

    def _ask(self) -> Login:
        try:
            return self._fresh()
        except (AicmoError, DBAPIError) as error:
            detail = describe(error)[:200]
            raise NoToken(Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=Scope.RUN)) from None

    def _fresh(self) -> Login:
        with self._database.read() as session:
            row, now = self._row(session), self._database.now(session)
            login = self._usable(row)
            is_due = self._is_due(session, row, login, now)
        return self._refreshed() if is_due else login

    def _is_due(self, session: Session, row: AccountSecret, login: Login, now: datetime) -> bool:
        """Also once after the network refused the account: the token may have been taken back early."""
        paused_at = session.get_one(Account, row.account_id).paused_at
        was_refused = paused_at is not None and row.refreshed_at < paused_at
        return self._network.is_due(login, now) or (was_refused and self._network.renews(login))

    def _refreshed(self) -> Login:
        with self._database.write() as session:
            row = self._row(session, locked=True)
            now, login = self._database.now(session), self._usable(row)
            if not self._is_due(session, row, login, now):  # another worker was here first
                return login
            try:
                fresh = self._network.refresh(login, now)
            except NoToken as none:
                failure = none
            else:
                _put(row, self._secret_key, fresh, now)
                return fresh
            if failure.outcome.kind is OutcomeKind.REFUSED_ACCOUNT:
                outcome = failure.outcome
                row.needs_login = f"{outcome.code} {outcome.detail}".strip()[:200]
            elif login.is_usable(now):
                return login
        raise failure

    def _row(self, session: Session, *, locked: bool = False) -> AccountSecret:
        place = (self._account_id, self._source)
        row = session.get(AccountSecret, place, with_for_update=locked)
        if row is None:
            raise not_now("", "it was logged out or in anew while this run went on")
        return row

    def _usable(self, row: AccountSecret) -> Login:
        if row.needs_login:
            raise needs_a_person("", row.needs_login)
        return kept(row, self._secret_key)


def told(login: Login, name: str) -> str:
    """A part of the log-in that is no secret; '' of any other name."""
    match name:
        case "scopes":
            return " ".join(login.scopes)
        case "ends_at":
            ends_at = login.ends()
            return ends_at.isoformat() if ends_at else ""
        case "server":
            return login.server
        case _:
            return ""
