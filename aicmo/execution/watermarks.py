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

from aicmo.database import Database
from aicmo.models import AuditEvent

_SUFFIX = ".head"
_LINE = 20 + 1 + 64 + 1 + 32 + 1


@dataclass(frozen=True, slots=True)
class Watermark:
    """The newest event of a project that this machine knows: number, hash (hex), when it was noted."""

    project_id: str
    number: int
    hash: str
    at: datetime


def remember_head(database: Database, project_id: str, number: int, hash: str) -> None:  # noqa: A002  (the field's name)
    """Notes that the chain of `project_id` has event `number` with this hash (64 hex digits).

    A lower number than the noted one changes nothing: another worker was faster. One small write,
    not forced to the disk; after a power cut an older note may be left, which is true as well.

    Raises:
        OSError: the folder can't be written.
    """
    if number < 1:
        return
    database.journal_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(_path(database, project_id)) as file:
        known = _parse(project_id, os.pread(file, _LINE, 0))
        if known is None or known.number < number:
            at = datetime.now(UTC).isoformat(timespec="microseconds")
            os.pwrite(file, f"{number:020d} {hash} {at}\n".encode(), 0)


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
        number, hash_, at = line.decode("ascii").split()
        return Watermark(project_id, int(number), hash_, datetime.fromisoformat(at))
    except ValueError:
        return None


def _is_reached(session: Session, known: Watermark) -> bool:
    event = select(AuditEvent.hash).where(
        AuditEvent.project_id == known.project_id, AuditEvent.number == known.number
    )
    found = session.scalar(event)
    return found is not None and found.hex() == known.hash
