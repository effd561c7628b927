"""The real engine on one SQLite file: its workers step by step, and the accidents they meet."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from itertools import cycle
from pathlib import Path
from typing import TypeVar

from aicmo.errors import AicmoError
from aicmo.execution import claims, reconciling, replaying, runs
from aicmo.execution.report import ExecutionReport
from aicmo.execution.states import Mover, State
from aicmo.gateways.contract import LivePermit, OpenGateway, Outgoing, RepeatClass
from tests.model.hand_clock import HandClockDatabase
from tests.model.ledger_promises import Promises, Row, read_rows
from tests.model.scripted_provider import GATEWAYS, Provider, Reply, ScriptedGateway
from tests.model.stepped_worker import ENDED, WAITS, SteppedDatabase, SteppedWorker
from tests.model.wishes import Wishes
from tests.model.workshop import Workshop
from tests.unit.live_runs import CONFIG, LIVE

WORKERS = ("one", "two")
LONGEST_WAY = 200
"""Stops of one run: whoever makes more of them never comes to an end."""
AnyDatabase = TypeVar("AnyDatabase", bound=HandClockDatabase)


class SteppedEngine:
    """One project, its workers by name, and the provider they send to.

    wishes: what people want to go out now.
    harms: what a worker did that it never may, in words.
    """

    def __init__(self, workshop: Workshop, repeat_class: RepeatClass) -> None:
        workshop.begin_anew()
        self.workshop, self.clock = workshop, workshop.clock
        self.repeat_class = repeat_class
        knows_tokens = repeat_class is RepeatClass.REPEAT_SAFE
        self.provider = Provider(self.clock, knows_tokens=knows_tokens)
        self.database = self._sharing(HandClockDatabase(workshop.url, self.clock))
        self.wishes = Wishes()
        self.workers: dict[str, SteppedWorker] = {}
        self.harms: list[str] = []
        self.promises = Promises(self.database, self.provider)
        self._gateway_class = GATEWAYS[repeat_class]
        self._backup_wishes, self.has_been_restored = self.wishes, False
        self._item_of = {row.token: row.item for row in self.rows}

    def _sharing(self, database: AnyDatabase) -> AnyDatabase:
        database.engine = self.workshop.engine
        return database

    @property
    def rows(self) -> list[Row]:
        with self.database.read() as session:
            return read_rows(session, self.provider)

    def broken_promises(self) -> list[str]:
        return self.harms + self.promises.broken()

    # The workers

    @property
    def waiting(self) -> list[str]:
        """Those that go on with the provider's answer."""
        return [name for name, each in self.workers.items() if each.at == WAITS]

    def run(self, name: str, until: str) -> str:
        """A worker works on, or begins a run, until it is at that stop or at its end."""
        if name not in self.workers:
            self.workers[name] = SteppedWorker(self._run)
        return self._go_on(name, until)

    def reconcile(self, name: str, until: str) -> str:
        """A worker begins to reconcile."""
        self.workers[name] = SteppedWorker(self._reconcile)
        return self._go_on(name, until)

    def answer(self, name: str, reply: Reply) -> str:
        return self._step(name, reply)

    def run_through(self, name: str, replies: Sequence[Reply]) -> None:
        """A worker works to its end; the provider's replies are these, in turn."""
        turn = cycle(replies)
        while self.run(name, WAITS) == WAITS:
            if self.answer(name, next(turn)) == ENDED:
                break

    def _go_on(self, name: str, until: str) -> str:
        way = [self._step(name)]
        while way[-1] not in (until, ENDED):
            if len(way) == LONGEST_WAY:
                raise AssertionError(f"worker {name} goes round in circles: {way[-12:]}")
            way.append(self._step(name))
        return way[-1]

    def _step(self, name: str, told: Reply | None = None) -> str:
        worker = self.workers[name]
        try:
            at = worker.go_on(told)
        finally:
            if worker.at == ENDED:
                del self.workers[name]
        if at == "after arm":
            worker.armed_under = deepcopy(self.wishes)
            for row in self.rows:
                if row.id in worker.claimed and row.state is State.SENDING:
                    self._judge("armed", self.wishes.objection(row.item, row.recipient))
        elif at == "before arm":
            worker.claimed = {row.id for row in self.rows if row.state is State.CLAIMED}
        return at

    def _judge(self, when: str, objection: str) -> None:
        if objection:
            self.harms.append(f"it was {when} {objection}")

    def _database_of(self, worker: SteppedWorker) -> SteppedDatabase:
        return self._sharing(SteppedDatabase(self.workshop.url, self.clock, worker.stop))

    def _run(self, worker: SteppedWorker) -> None:
        run = runs.open_run(self._database_of(worker), LIVE, CONFIG)
        with suppress(AicmoError):
            items = runs.extract_items(run)
            runs.execute_channel(run, "email", items, lambda: self._gateway_of(worker))
        runs.close_run(run, ExecutionReport("studio"))

    def _reconcile(self, worker: SteppedWorker) -> None:
        gateway = self._gateway_of(worker)
        reconciling.reconcile(
            self._database_of(worker), "studio", CONFIG, lambda _: gateway, by="schedule"
        )

    def _gateway_of(self, worker: SteppedWorker) -> OpenGateway:
        def checked(outgoing: Outgoing) -> None:
            item = self._item_of[outgoing.token]
            for when, wishes in (("armed", worker.armed_under), ("begun", self.wishes)):
                self._judge(when, wishes.objection(item, outgoing.recipient, outgoing.payload))

        def opened(permit: LivePermit) -> ScriptedGateway:
            return self._gateway_class(permit, self.provider, worker.stop, checked)

        return opened

    # Housekeeping

    def replay(self) -> None:
        replaying.replay(self.database, by="schedule")

    def sweep(self) -> None:
        claims.recover_lapsed(self.database, Mover("studio", "schedule", self.clock.wall))

    # Accidents

    def kill(self, name: str) -> None:
        self.workers.pop(name).kill()

    def kill_all(self) -> None:
        for name in list(self.workers):
            self.kill(name)

    def reboot(self, records_kept: int) -> None:
        """The power is cut: of each journal, only the first records are on the disk."""
        self.kill_all()
        for journal in self._journals():
            lines = journal.read_bytes().splitlines(keepends=True)
            journal.write_bytes(b"".join(lines[:records_kept]))
        with self.workshop.boot_id.open("a") as file:
            file.write("and the next start\n")

    def lose_journals(self) -> None:
        """The machine of the workers that were killed never comes back."""
        for journal in self._journals():
            if _has_no_owner(journal):
                journal.unlink()

    def _journals(self) -> list[Path]:
        return sorted(self.database.journal_folder.glob("*.journal"))

    def back_up(self) -> None:
        source, copy = sqlite3.connect(self.workshop.file), sqlite3.connect(self.workshop.backup)
        source.backup(copy)
        copy.close()
        source.close()
        self._backup_wishes = deepcopy(self.wishes)

    @property
    def has_backup(self) -> bool:
        return self.workshop.backup.exists()

    def restore(self, *, as_another_file: bool) -> None:
        """An older ledger takes the place of the present one; what went out since, it doesn't know."""
        self.kill_all()
        gone_out = {row.token for row in self.rows if row.effects or row.on_their_way}
        self.workshop.put_backup_back(as_another_file=as_another_file)
        self.wishes = deepcopy(self._backup_wishes)
        self.has_been_restored = True
        self.promises.look_anew()
        self.promises.forgotten |= gone_out


def _has_no_owner(journal: Path) -> bool:
    with journal.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
