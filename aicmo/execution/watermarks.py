"""What this machine knows of each project's audit log, kept outside the database.

One line per project in `Database.journal_folder`. A database whose chain lacks the event of that
line is older than what was sent: it was restored from a backup.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.models import AuditEvent, Installation

_SUFFIX = ".head"
_LINE = 20 + 1 + 64 + 1 + 32 + 1 + 32 + 1
Head = tuple[int, str, str]
"""Number and hash (64 hex digits) of a chain's newest event, and the database's own name."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """The newest event of a project that this machine knows: number, hash (hex), when it was noted.

    origin: the name of the database (32 hex digits). Another one's says nothing about this one.
    """

    project_id: str
    number: int
    hash: str
    origin: str
    at: datetime


def head(session: Session, project_id: str) -> Head:
    """The newest event of a project's chain; (0, "", …) before the first."""
    return (*audit.head(session, project_id), _name(session))


def remember_head(
    database: Database,
    project_id: str,
    number: int,
    hash: str,  # noqa: A002  (the field's name)
    origin: str,
) -> None:
    """Notes that the chain of `project_id` has event `number` with this hash (64 hex digits).

    A lower number than the noted one of the same chain changes nothing: another worker was faster.
    One small write, not forced to the disk; after a power cut an older note may be left, which is
    true as well.

    Raises:
        OSError: the folder can't be written.
    """
    if number < 1:
        return
    database.journal_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(_path(database, project_id)) as file:
        known = _parse(project_id, os.pread(file, _LINE, 0))
        if known is None or known.origin != origin or known.number < number:
            at = datetime.now(UTC).isoformat(timespec="microseconds")
            os.pwrite(file, f"{number:020d} {hash} {origin} {at}\n".encode(), 0)


def stale(session: Session, database: Database) -> list[Watermark]:
    """The watermarks of this machine that the database doesn't reach."""
    return [each for each in _noted(database.journal_folder) if not _is_reached(session, each)]


def is_behind(session: Session, database: Database, project_id: str) -> bool:
    """Whether the project's chain lacks what this machine knows of it; one indexed row is read."""
    known = _read(_path(database, project_id))
    return known is not None and not _is_reached(session, known)


def forget(database: Database, watermark: Watermark) -> None:
    """Drops a watermark that has been acted upon, unless a newer one took its place."""
    path = _path(database, watermark.project_id)
    with _locked(path) as file:
        if _parse(watermark.project_id, os.pread(file, _LINE, 0)) == watermark:
            os.ftruncate(file, 0)


def _path(database: Database, project_id: str) -> Path:
    return database.journal_folder / f"{project_id}{_SUFFIX}"


@contextmanager
def _locked(path: Path) -> Generator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _noted(folder: Path) -> list[Watermark]:
    found = (_read(path) for path in sorted(folder.glob(f"*{_SUFFIX}")))
    return [each for each in found if each is not None]


def _read(path: Path) -> Watermark | None:
    try:
        return _parse(path.name.removesuffix(_SUFFIX), path.read_bytes())
    except FileNotFoundError:
        return None


def _parse(project_id: str, line: bytes) -> Watermark | None:
    """None for a line that a power cut left empty or in pieces: it proves nothing."""
    try:
        number, hash_, origin, at = line.decode("ascii").split()
        return Watermark(project_id, int(number), hash_, origin, datetime.fromisoformat(at))
    except ValueError:
        return None


def _is_reached(session: Session, known: Watermark) -> bool:
    if known.origin != _name(session):
        return True
    event = select(AuditEvent.hash).where(
        AuditEvent.project_id == known.project_id, AuditEvent.number == known.number
    )
    found = session.scalar(event)
    return found is not None and found.hex() == known.hash


def _name(session: Session) -> str:
    return session.scalar(select(Installation.uid)) or "0" * 32
