"""Backups of both databases as operators make them, and every way they are put back."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from aicmo.database import Database
from tests.peers.postgres_server import binaries_folder


class Restorable(ABC):
    """A database in use, of which one backup can be made and put back."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.database = Database(url)

    def back_up(self) -> None:
        self.database.dispose()
        self._back_up()

    def restore(self) -> Database:
        """Puts the backup back; everything since then is forgotten."""
        self.database.dispose()
        self._restore()
        self.database = Database(self.url)
        return self.database

    @abstractmethod
    def _back_up(self) -> None: ...

    @abstractmethod
    def _restore(self) -> None: ...


class _File(Restorable):
    @property
    def file(self) -> Path:
        return Path(str(self.database.url.database))

    @property
    def copy(self) -> Path:
        return self.folder / "backup.db"

    def _back_up(self) -> None:
        source, copy = sqlite3.connect(self.file), sqlite3.connect(self.copy)
        source.backup(copy)
        copy.close()
        source.close()

    def _forget_the_log(self) -> None:
        for suffix in ("-wal", "-shm"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)


class OverwrittenFile(_File):
    """`cp backup.db aicmo.db`: the file stays the same one."""

    def _restore(self) -> None:
        self._forget_the_log()
        shutil.copyfile(self.copy, self.file)


class ReplacedFile(_File):
    """`mv backup.db aicmo.db`: another file under the same name; the journal's folder is lost."""

    def _restore(self) -> None:
        self._forget_the_log()
        shutil.rmtree(self.database.journal_folder)
        self.copy.replace(self.file)


class _Server(Restorable):
    @property
    def name(self) -> str:
        return str(make_url(self.url).database)

    def _url(self, name: str) -> str:
        named = make_url(self.url).set(drivername="postgresql", database=name)
        return named.render_as_string(hide_password=False)

    def _run(self, command: str, *names: str) -> None:
        statement = sql.SQL(command).format(*(sql.Identifier(name) for name in names))
        with psycopg.connect(self._url("postgres"), autocommit=True) as server:
            server.execute(statement)

    def _back_up(self) -> None:
        self._run("CREATE DATABASE {} TEMPLATE {}", f"{self.name}_backup", self.name)


class RenamedDatabase(_Server):
    """The backup takes the place and the name of the lost database."""

    def _restore(self) -> None:
        self._run("DROP DATABASE {}", self.name)
        self._run("ALTER DATABASE {} RENAME TO {}", f"{self.name}_backup", self.name)


class DatabaseOfAnotherName(_Server):
    """The backup is used from now on; the machine's journal is under the other name."""

    def _restore(self) -> None:
        backup = make_url(self.url).set(database=f"{self.name}_backup")
        self.url = backup.render_as_string(hide_password=False)


class ReloadedDatabase(_Server):
    """`pg_dump --clean`, loaded into the same database: its place tells nothing."""

    def _back_up(self) -> None:
        self._client("pg_dump", "--clean", "--if-exists", f"--file={self.folder / 'dump.sql'}")

    def _restore(self) -> None:
        self._client("psql", "--quiet", "--no-psqlrc", f"--file={self.folder / 'dump.sql'}")

    def _client(self, program: str, *options: str) -> None:
        command: list[Any] = [binaries_folder() / program, *options, self._url(self.name)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
