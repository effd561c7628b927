"""The database: one engine per URL, short transactions, and the schema's version.

SQLite runs with WAL, `synchronous=FULL` (an intent survives a power cut) and `BEGIN IMMEDIATE` for
writes; PostgreSQL with its default `synchronous_commit=on`.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql import func

from aicmo.errors import FixConfiguration
from aicmo.settings import state_folder

_HEAD = "0006"
_BUSY_SECONDS = 30
_LOOK_AGAIN_SECONDS = 0.002


class Database:
    """Sessions on one database; safe to share between threads.

    `read()` and `write()` give a session in one transaction; `write()` commits at its end.
    `journal_folder` is where this machine keeps what a killed worker was doing (it may not exist).
    """

    def __init__(self, url: str) -> None:
        self.url = _parse(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(self.url)
        self.journal_folder = _journal_folder(self.url)

    @contextmanager
    def read(self) -> Generator[Session]:
        """One consistent view: what others commit meanwhile isn't seen (SQLite does it by itself)."""
        with Session(self.engine, expire_on_commit=False) as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Generator[Session]:
        """A transaction that holds the write lock from its first statement on SQLite."""
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"aicmo_write": True})
            yield session
            session.commit()
        for action in session.info.get("after_commit", ()):
            action()

    def now(self, session: Session) -> datetime:
        """The database's clock, aware UTC: the one that leases are measured by."""
        if self.is_sqlite:
            return datetime.now(UTC)
        return session.scalars(select(func.clock_timestamp())).one().astimezone(UTC)

    def time(self) -> datetime:
        """`now` outside a transaction: the clock of everything in the ledger."""
        with self.watch() as connection, Session(connection) as session:
            return self.now(session)

    def watch(self) -> Connection:
        """A connection on which every statement sees what is committed by then; for reading only."""
        watching = {"isolation_level": "AUTOCOMMIT", "aicmo_watch": True}
        return self.engine.connect().execution_options(**watching)

    def revision(self) -> str | None:
        """The schema's version, None for an empty database."""
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.scalar(text("SELECT version_num FROM alembic_version"))

    def upgrade(self) -> None:
        """Creates the schema or brings it up to date.

        Raises:
            DBAPIError, OSError: it can't be opened; `unusable` puts that into words.
        """
        file = _sqlite_file(self.url)
        if file is None or file.exists():
            _migrate(self.url)
        else:
            _create_file(self.url, file)

    def dispose(self) -> None:
        self.engine.dispose()


def open_database(url: str, *, create: bool = True) -> Database:
    """The database at `url`, its schema checked; a SQLite file that isn't there is created.

    create: False refuses instead of creating, for whom a wrong folder is likelier than a new one.

    Raises:
        FixConfiguration: the URL is wrong, the server doesn't answer, the schema is another one, or
            there is no file and none may be created.
    """
    if not create:
        _require_file(_parse(url))
    return _open(url, str(Path.cwd()))


@lru_cache(maxsize=8)
def _open(url: str, _folder: str) -> Database:
    database = Database(url)
    try:
        if _missing_file(database.url):
            database.upgrade()
        _require_head(database.revision())
    except (DBAPIError, OSError) as error:
        raise unusable(database, error) from None
    return database


def upsert(session: Session, table: type[Any]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens if the row is there already."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def unusable(database: Database, error: DBAPIError | OSError) -> FixConfiguration:
    """What to tell somebody whose database can't be opened, and why."""
    if not database.is_sqlite:
        return FixConfiguration(
            f"The database doesn't answer: {type(getattr(error, 'orig', error)).__name__}",
            next_step="Check AICMO_DATABASE_URL, and that the server runs and lets you in.",
        )
    reason = error.orig if isinstance(error, DBAPIError) else error.strerror
    return FixConfiguration(
        f"The database file can't be opened: {reason}",
        next_step="Check AICMO_DATABASE_URL, and that you may write the file and its folder.",
    )


def _require_file(url: URL) -> None:
    # Why a folder can't be looked into is told by opening the file.
    with suppress(OSError):
        if file := _missing_file(url):
            raise FixConfiguration(
                f"There is no AICMO database at {file}",
                next_step="Run `aicmo init` here, or go to the folder that has it.",
            )


def _require_head(revision: str | None) -> None:
    if revision is None:
        raise FixConfiguration("The database is empty", next_step="Run `aicmo init` once.")
    if revision != _HEAD:
        raise FixConfiguration(
            f"The database has schema {revision}, this program needs {_HEAD}",
            next_step="`aicmo init` brings it up to date; make a backup first.",
        )


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise FixConfiguration(
            "AICMO_DATABASE_URL can't be read",
            next_step="Write sqlite:///path/to/file.db or postgresql://user:password@host/name.",
        ) from None
    if parsed.drivername == "postgres":
        # libpq takes both names, and hosting providers hand out this one.
        parsed = parsed.set(drivername="postgresql")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise FixConfiguration(
            f"AICMO_DATABASE_URL names {parsed.get_backend_name()}, which AICMO doesn't support",
            next_step="Use SQLite or PostgreSQL.",
        )
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own BEGIN would be DEFERRED: two writers could then both read before either
    # writes, and one of them would fail instead of waiting.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("aicmo_write"):
        _begin_writing(connection)
    elif not options.get("aicmo_watch"):
        connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    """Waits for the writer before us: SQLite itself would look again after up to 100 ms only."""
    driver: Any = connection.connection.driver_connection
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        if not _begun_within(driver, patience / 1000):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails as every other statement does
    finally:
        driver.execute(f"PRAGMA busy_timeout = {patience}")


def _begun_within(driver: sqlite3.Connection, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                return False
        else:
            return True
        time.sleep(_LOOK_AGAIN_SECONDS)
    return False


def _sqlite_file(url: URL) -> Path | None:
    name = url.database or ":memory:"
    if url.get_backend_name() != "sqlite" or name == ":memory:" or name.startswith("file:"):
        return None
    # Through a link that leads nowhere yet, the file is made where the link points to.
    return Path(name).resolve()


def _journal_folder(url: URL) -> Path:
    """Beside a SQLite file; for a server, one folder per database in the user's state folder."""
    if file := _sqlite_file(url):
        return file.parent / "journal" / file.name
    host = url.host or ",".join(_listed(url.query.get("host", "")))
    name = f"{host}:{url.port or 5432}/{url.database}?{url.query.get('options', '')}"
    return state_folder() / hashlib.sha256(name.encode()).hexdigest()[:16]


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _missing_file(url: URL) -> Path | None:
    """The SQLite file that isn't there yet; None if it is, or there is none to be."""
    file = _sqlite_file(url)
    return file if file is not None and not file.exists() else None


def _create_file(url: URL, file: Path) -> None:
    """Makes the file whole before anybody sees it; of two that do so at once, the first one stays.

    It holds people's addresses: only its owner may read it, and a folder that is made for it.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as folder:
        made = Path(folder) / file.name
        made.touch(mode=0o600)
        _migrate(url.set(database=str(made)))
        _switch_to_wal(url.set(database=str(made)))
        with suppress(FileExistsError):
            os.link(made, file)


def _switch_to_wal(url: URL) -> None:
    # Two connections that switch at the same time don't wait for each other: one of them fails.
    engine = _engine(url)
    engine.connect().close()
    engine.dispose()


def _migrate(url: URL) -> None:
    from alembic import command  # noqa: PLC0415  (a second of imports, for this call only)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "aicmo:migrations")
    config.attributes["url"] = url
    command.upgrade(config, "head")
