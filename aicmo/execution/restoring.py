"""A database restored from a backup has forgotten what was sent since: what was due is held.

Two signs tell of a restore: the database stands elsewhere than when it last sent, or its audit log
lacks what this machine knows of it (`aicmo.execution.watermarks`). Then the installation is
disarmed: the guards hold every item that was due until that moment, until a person releases it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, func, or_, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.execution import watermarks
from aicmo.execution.selection import named_items
from aicmo.execution.states import State
from aicmo.execution.watermarks import remember_head
from aicmo.models import AuditHead, Delivery, Installation, Item, Project

_ACTOR = "aicmo"
_NOT_GONE_OUT = (State.PENDING, State.HELD, State.CLAIMED)
_ELSEWHERE = "the database stands elsewhere than when it last sent"
_OLDER = "the database lacks what this machine has sent"


@dataclass(frozen=True, slots=True)
class HeldItem:
    """An item that was due when the database was found to be restored; nobody has released it.

    deliveries: how many of it haven't gone out, as far as this database knows.
    """

    project_id: str
    item: str
    title: str
    channel: str
    send_at: datetime
    timezone: str
    deliveries: int


@dataclass(frozen=True, slots=True)
class Status:
    """disarmed_at: since when what was due by then is held; None: never restored."""

    disarmed_at: datetime | None
    held: tuple[HeldItem, ...]


def check(database: Database) -> str:
    """Looks for signs of a restore, and disarms on the first sight of one; for every live start.

    On a database's first use, its place is noted.

    Returns:
        The sign in words, if it was found just now; '' otherwise.

    Raises:
        OSError: the journal's folder can't be read or written.
    """
    with database.read() as session:
        is_settled = _is_settled(session, database)
    found = "" if is_settled else _look_closer(database)
    with database.read() as session:
        # A mistyped project has a chain, too, but nothing to be sent.
        projects = select(Project.id)
        real = or_(AuditHead.project_id == "", AuditHead.project_id.in_(projects))
        for project_id in session.scalars(select(AuditHead.project_id).where(real)).all():
            remember_head(database, project_id, *watermarks.head(session, project_id))
    return found


def _is_settled(session: Session, database: Database) -> bool:
    installation = session.get(Installation, 1)
    if installation is None:
        return True
    here = _place(session, database)
    return here in ("", installation.place) and not watermarks.stale(session, database)


def _look_closer(database: Database) -> str:
    """Once more under the lock, since another worker may have found it, too."""
    with audit.transaction(database, "") as session:
        installation = session.get_one(Installation, 1)
        stale = watermarks.stale(session, database)
        found = _sign(installation, _place(session, database), stale)
        if found:
            _disarm(session, database, installation, by=_ACTOR, reason=found)
        else:
            _note_place(session, database, installation)
    for each in stale:
        watermarks.forget(database, each)
    return found


def _sign(installation: Installation, here: str, stale: Sequence[watermarks.Watermark]) -> str:
    if here and installation.place and here != installation.place:
        return _ELSEWHERE
    disarmed = installation.disarmed_at
    # What was noted before the last disarming was due by then, and is held already: another
    # machine, or a person, was first to see this restore.
    return _OLDER if any(disarmed is None or each.at > disarmed for each in stale) else ""


def disarm(database: Database, *, by: str, reason: str) -> datetime:
    """Holds everything that was due until now, as after a restore; for whom knows of one.

    Returns:
        The moment until which what was due is held.

    Raises:
        FixInput: the database holds no project yet.
    """
    with audit.transaction(database, "") as session:
        installation = session.get(Installation, 1)
        if installation is None:
            raise FixInput("There is no project yet, so there is nothing to hold")
        return _disarm(session, database, installation, by=by, reason=reason)


def _disarm(
    session: Session, database: Database, installation: Installation, *, by: str, reason: str
) -> datetime:
    installation.disarmed_at = now = database.now(session)
    # Kept with the item: to give it a later time must not release it.
    session.execute(update(Item).where(Item.send_at <= now).values(held_since=now))
    _note_place(session, database, installation)
    audit.record(
        session, audit.Event.CONTROL_DISARMED, project_id="", actor=by, reason=reason,
        due_until=now.isoformat(),
    )  # fmt: skip
    return now


def _note_place(session: Session, database: Database, installation: Installation) -> None:
    installation.place = _place(session, database) or installation.place
    session.flush()


def _place(session: Session, database: Database) -> str:
    """Names the file or the cluster's history that the database is part of; '' if it can't be told."""
    if database.is_sqlite:
        with suppress(OSError, TypeError):
            return f"inode {Path(str(database.url.database)).stat().st_ino}"
        return ""
    # A server that keeps these functions to itself isn't compared at all.
    with suppress(DBAPIError), session.begin_nested():
        return session.execute(_POSTGRESQL_PLACE).scalar_one()
    return ""


# The system identifier is given at initdb, a new time line by every recovery to a point in time or
# promotion (the first eight digits of the current WAL file, PostgreSQL manual §26.3), and the
# database's number by CREATE DATABASE.
_POSTGRESQL_PLACE = text(
    "SELECT concat_ws(' ', 'cluster', system_identifier::text, 'timeline',"
    " left(pg_walfile_name(pg_current_wal_lsn()), 8), 'database', oid::text)"
    " FROM pg_control_system(), pg_database WHERE datname = current_database()"
)


def status(session: Session, project_id: str | None = None) -> Status:
    """What a restore holds, in the order of the plan: everywhere, or in one project."""
    disarmed = session.scalar(select(Installation.disarmed_at))
    if disarmed is None:
        return Status(None, ())
    query = (
        select(Item.project_id, Item.key, Item.title, Item.channel, Item.send_at, Item.timezone,
               func.count())
        .join(Delivery, Delivery.item_id == Item.id)
        .where(_held(disarmed), *_could_still_go())
        .group_by(Item.id)
        .order_by(Item.project_id, Item.send_at, Item.key)
    )  # fmt: skip
    if project_id is not None:
        query = query.where(Item.project_id == project_id)
    return Status(disarmed, tuple(HeldItem(*row) for row in session.execute(query)))


def _held(disarmed: datetime) -> ColumnElement[bool]:
    """The rule of the guard: due by then, and not released since."""
    released_since = Item.released_at >= disarmed
    was_due = or_(Item.send_at <= disarmed, Item.held_since.is_not(None))
    return was_due & or_(Item.released_at.is_(None), ~released_since)


def _could_still_go() -> tuple[ColumnElement[bool], ...]:
    return (
        Item.withdrawn.is_(False),
        Item.cancelled_at.is_(None),
        Delivery.in_plan.is_(True),
        Delivery.ambiguous.is_(False),
        Delivery.state.in_([state.value for state in _NOT_GONE_OUT]),
    )


def release(
    database: Database,
    project_id: str,
    item_keys: Sequence[str] | None,
    *,
    by: str,
    reason: str,
) -> tuple[HeldItem, ...]:
    """Lets the named items (None: all that are held) go out in spite of the restore.

    The other guards go on to hold: what is more than a day late needs its approval again.

    Args:
        database: where the ledger is.
        project_id: the project.
        item_keys: the items.
        by: the person.
        reason: how they know that it hasn't gone out; kept in the audit log.

    Returns:
        What was held and is released now; items that weren't held aren't in it.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: an item isn't in the current plan, or the reason is missing.
    """
    if not reason.strip():
        raise FixInput(
            "A release needs a reason: how is it known that these haven't gone out?",
            next_step="Give it with --reason TEXT.",
        )
    with audit.transaction(database, project_id) as session:
        chosen = {item.key: item for item in named_items(session, project_id, item_keys)}
        found, now = status(session, project_id), database.now(session)
        released = tuple(each for each in found.held if each.item in chosen)
        for each in released:
            # Not before the disarming: a clock that was put back mustn't undo the release.
            chosen[each.item].released_at = max(now, found.disarmed_at or now)
        if released:
            audit.record(
                session, audit.Event.CONTROL_RELEASED, project_id=project_id, actor=by,
                reason=reason.strip(), items=[each.item for each in released],
            )  # fmt: skip
    return released
