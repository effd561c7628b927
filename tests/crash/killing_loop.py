"""Stops the workers of a project as a schedule says, and takes the work up again."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from aicmo.execution import approvals
from aicmo.execution.arming import MARGIN_SECONDS
from aicmo.execution.claims import CLAIM_LEASE
from aicmo.execution.importing import import_document
from aicmo.gateways.contract import RepeatClass
from tests.conftest import KEY
from tests.crash.killing_clock import ShiftedDatabase
from tests.crash.killing_forks import ForkServer, Worker
from tests.crash.killing_schedule import AT_RANDOM, WARMING_UP, Aftermath, Frozen, Kill, Schedule
from tests.crash.killing_verdict import Outcome, Verdict
from tests.crash.killing_worker import Does, Job
from tests.peers.effect_gateways import GATEWAYS, TokenGateway
from tests.peers.http_exchange import Request, Stage
from tests.peers.http_peer import HttpPeer
from tests.projects import contact, document, email

_VISIBLE_AFTER = timedelta(seconds=30)
_LIFETIME = TokenGateway.token_lifetime
_LONGEST_DRAIN = 25
_ENDED_BY_WATCHDOG = 75
_MOMENT = timedelta(seconds=1)


class KillLoop:
    """One database with its workers; every schedule has a project and a provider of its own."""

    def __init__(self, url: str, forks: ForkServer) -> None:
        self._forks, self._url = forks, url
        self._database = ShiftedDatabase(url, forks.clock)

    def __enter__(self) -> Self:
        with self._project(WARMING_UP) as project:
            project.warm_up()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._database.dispose()

    def run(self, schedule: Schedule) -> Outcome:
        """Plays a schedule to its end."""
        with self._project(schedule) as project:
            return project.run()

    @contextmanager
    def _project(self, schedule: Schedule) -> Generator[_Project]:
        stopping = _AtTheProvider()
        peer = HttpPeer(
            schedule.repeat_class,
            schedule.faults,
            token_lifetime=_LIFETIME,
            visible_after=_VISIBLE_AFTER,
            clock=lambda: time.time() + self._forks.clock.ahead,
            watch=stopping.look,
        )
        with peer:
            yield _Project(self._database, self._forks, self._url, peer, stopping, schedule)


class _AtTheProvider:
    """Kills workers while their request is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str], int] = {}
        self._workers: dict[str, Worker] = {}

    def add(self, client: str, worker: Worker, kill: Kill | None) -> None:
        if kill and kill.point.startswith("peer "):
            self._workers[client] = worker
            self._left[client, kill.point] = kill.nth

    def look(self, stage: Stage, request: Request) -> None:
        place = (request.client, f"peer {stage}")
        with self._lock:
            if place not in self._left:
                return
            self._left[place] -= 1
            is_due = self._left[place] == 0
        if is_due:
            self._workers[request.client].kill()


@dataclass
class _Project:
    database: ShiftedDatabase
    forks: ForkServer
    url: str
    peer: HttpPeer
    stopping: _AtTheProvider
    schedule: Schedule

    def __post_init__(self) -> None:
        self.id = f"p{self.schedule.repeat_class.value.lower()}{self.schedule.seed}"
        self.outcome = Outcome(self.schedule)
        self.verdict = Verdict(self.database, self.peer, self.id, self.outcome)
        self.started = 0
        self.boot = ""
        self.reconciler = self.schedule.reconciler

    def run(self) -> Outcome:
        self._import()
        if self.schedule.frozen:
            self._overtake(self.schedule.frozen)
        for workers in self.schedule.rounds:
            self._round(workers)
        self.peer.wait_until_idle()
        self.peer.faults.clear()
        self._leave(self.schedule.aftermath)
        self._finish(self._start(None, does="open"))
        self.verdict.once_taken_up_again()
        if self.schedule.resumes_late:
            self._pass_time(_LIFETIME)
        self._drain()
        self.verdict.at_the_end()
        return self.outcome

    def warm_up(self) -> None:
        """Runs the project once in the process that later workers are forked from."""
        self._import()
        self.forks.warm_up(*self._ready(None))

    def _import(self) -> None:
        now = self.database.time()
        people = [contact(number) for number in range(1, self.schedule.people + 1)]
        dates = {
            "starts_on": (now - timedelta(days=30)).date().isoformat(),
            "ends_on": (now + timedelta(days=30)).date().isoformat(),
        }
        mail = email(send_at=(now - timedelta(hours=1)).replace(second=0, microsecond=0))
        plan = document(mail, contacts=people, id=self.id, **dates)
        import_document(self.database, plan, source="test", actor="tester", secret_key=KEY)
        approvals.approve(self.database, self.id, None, approved_by="Ann", now=now)

    def _round(self, workers: tuple[Kill | None, ...]) -> None:
        started = [(kill, self._start(kill)) for kill in workers]
        for kill, worker in started:
            self._finish(worker)
            if kill and worker.was_killed:
                self.outcome.killed.append(kill)
        self.verdict.at_any_time()

    def _overtake(self, frozen: Frozen) -> None:
        """A worker is stopped for hours; it finds its deadline passed and its claim in other hands."""
        worker = self._start(frozen.place, freezes=True)
        worker.wait_until_it_halts()
        self._let_leases_lapse()
        self._finish(self._start(None, does="open"))
        if self._is_readable:
            for _ in range(2):
                self._pass_time(self._quiet)
                self._finish(self._start(None, does="reconcile"))
        self._round((frozen.successor,))
        worker.go_on()
        if worker.wait() != _ENDED_BY_WATCHDOG:
            self._finish(worker)
        self.verdict.at_any_time()

    def _start(self, kill: Kill | None, *, does: Does = "run", freezes: bool = False) -> Worker:
        worker, job = self._ready(kill, does=does, freezes=freezes)
        self.forks.start(worker, job)
        if kill and kill.point == AT_RANDOM:
            threading.Timer(kill.nth / 1000, worker.kill).start()
        return worker

    def _ready(
        self, kill: Kill | None, *, does: Does = "run", freezes: bool = False
    ) -> tuple[Worker, Job]:
        self.started += 1
        client = f"worker-{self.started}"
        worker = Worker(self.forks.folder / f"{self.id}-{client}.log")
        self.stopping.add(client, worker, kill)
        host, port = self.peer.address
        job = Job(
            self.url, self.id, self.schedule.repeat_class, host, port, client,
            batch=self.schedule.batch, clock=str(self.forks.clock.file), does=does, boot=self.boot,
            point=kill.point if kill else "", nth=kill.nth if kill else 0, freezes=freezes,
        )  # fmt: skip
        return worker, job

    def _finish(self, worker: Worker) -> None:
        code = worker.wait()
        self.outcome.expect(
            code == 0 or worker.was_killed,
            f"a worker ended with {code}: {worker.log.read_text()[-2000:]}",
        )

    def _leave(self, aftermath: Aftermath) -> None:
        """Takes away what didn't outlast the kills; without all of it, only time frees what was held."""
        if aftermath is Aftermath.RESTART:
            return
        chance = random.Random(self.schedule.seed)
        for file in self.database.journal_folder.glob("*"):
            if aftermath is Aftermath.MACHINE_LOST:
                file.unlink()
            else:
                os.truncate(file, chance.randint(0, file.stat().st_size))
        self.boot = "the next one"
        self._let_leases_lapse()

    def _let_leases_lapse(self) -> None:
        timing = GATEWAYS[self.schedule.repeat_class].timing
        armed = timedelta(seconds=timing.send_deadline + timing.request_bound + MARGIN_SECONDS)
        self._pass_time(max(armed, CLAIM_LEASE) + _MOMENT)

    def _pass_time(self, span: timedelta) -> None:
        self.forks.clock.pass_time(span)

    def _drain(self) -> None:
        """Works on, without faults, until nothing is left that time or a question could move."""
        for _ in range(_LONGEST_DRAIN):
            self._finish(self._start(None))
            if self._is_readable:
                self._reconcile()
            waits = self.verdict.waits()
            if not waits:
                return
            now = self.database.time()
            self._pass_time(max(*waits, now) - now + _MOMENT)
        self.outcome.problems.append("it never comes to rest")

    def _reconcile(self) -> None:
        worker = self._start(self.reconciler, does="reconcile")
        self._finish(worker)
        if self.reconciler and worker.was_killed:
            self.outcome.killed.append(self.reconciler)
            self.reconciler = None
            self._reconcile()

    @property
    def _is_readable(self) -> bool:
        return self.schedule.repeat_class is RepeatClass.READABLE

    @property
    def _quiet(self) -> timedelta:
        return timedelta(seconds=GATEWAYS[self.schedule.repeat_class].timing.quiet) + _MOMENT
