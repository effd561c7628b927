"""The file that every example begins with anew: a ledger with an approved plan that nobody has run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from tests.model.hand_clock import HandClock, HandClockDatabase
from tests.model.wishes import PEOPLE, Wishes
from tests.projects import approved, contact, imported


class Names:
    """Stands in for the module `secrets` where nothing has to be secret, only unique."""

    given = 0

    def token_hex(self, nbytes: int) -> str:
        self.given += 1
        return f"{self.given:0{2 * nbytes}x}"


@dataclass(frozen=True)
class Workshop:
    """What all examples share.

    boot_id: what the journal takes for the machine's own, which changes with every start of it.
    names: of journals; they are replayed in the order of their names, the same in every repetition.
    engine: one for all handles and examples, since it remembers the statements it has built.
    """

    file: Path
    template: Path
    boot_id: Path
    names: Names
    clock: HandClock
    engine: Engine

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    @property
    def backup(self) -> Path:
        return self.template.with_name("backup.db")

    @property
    def _old_files(self) -> Path:
        return self.template.with_name("old")

    def begin_anew(self) -> None:
        self.clock.set_anew()
        self.names.given = 0
        self._forget_the_log()
        # The ledger knows its own file: the one that it was prepared in comes back.
        for old in sorted(self._old_files.iterdir(), reverse=True):
            old.replace(self.file)
        self.boot_id.write_text("the first start\n")
        self.backup.unlink(missing_ok=True)
        shutil.rmtree(self.file.parent / "journal", ignore_errors=True)
        shutil.copyfile(self.template, self.file)

    def put_backup_back(self, *, as_another_file: bool) -> None:
        """`cp backup.db aicmo.db`; or as another file, on a machine that knows nothing of it."""
        self._forget_the_log()
        if as_another_file:
            shutil.rmtree(self.file.parent / "journal", ignore_errors=True)
            # The old file stays: a file system gives the number of a deleted one to the next.
            self.file.rename(self._old_files / str(len(list(self._old_files.iterdir()))))
            shutil.copyfile(self.backup, self.file)
        else:
            shutil.copyfile(self.backup, self.file)

    def _forget_the_log(self) -> None:
        self.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)


def prepare(folder: Path, empty: Path, clock: HandClock) -> Workshop:
    """A workshop in `folder`; `empty` is a ledger with nothing but its tables."""
    file, template = folder / "ledger" / "aicmo.db", folder / "prepared.db"
    for needed in (file.parent, folder / "old"):
        needed.mkdir()
    shutil.copyfile(empty, file)
    database = HandClockDatabase(f"sqlite:///{file}", clock)
    imported(database, *Wishes().items(), contacts=[contact(each) for each in PEOPLE])
    approved(database)
    database.dispose()
    shutil.copyfile(file, template)
    event.listen(database.engine, "connect", _without_fsync)
    return Workshop(file, template, folder / "boot_id", Names(), clock, database.engine)


def _without_fsync(connection: Any, _record: object) -> None:
    # Only processes die here; what a power cut does to the ledger's files, tests/crash shows.
    connection.execute("PRAGMA synchronous=OFF")
