"""Kills the workers of a project as a schedule says, takes the work up again, and judges the end."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import func, select

from aicmo import audit
from aicmo.execution import approvals
from aicmo.execution.arming import MARGIN_SECONDS
from aicmo.execution.claims import CLAIM_LEASE
from aicmo.execution.importing import import_document
from aicmo.execution.report import read_books
from aicmo.execution.states import State
from aicmo.gateways.contract import RepeatClass
from aicmo.models import Account, Attempt, Delivery
from tests.conftest import KEY
from tests.crash.killing_forks import ForkServer, Worker
from tests.crash.killing_schedule import AT_RANDOM, WARMING_UP, Aftermath, Kill, Schedule
from tests.crash.killing_worker import Does, Job, ShiftedDatabase
from tests.peers.effect_gateways import GATEWAYS, TokenGateway
from tests.peers.http_peer import Fault, HttpPeer, Request, Stage
from tests.projects import contact, document, email

_VISIBLE_AFTER = timedelta(seconds=30)
_LIFETIME = TokenGateway.token_lifetime
_AT_REST = (State.SENT, State.FAILED, State.UNKNOWN)
_LONGEST_DRAIN = 25


@dataclass
class Outcome:
    """What a schedule came to: the points where a worker really died, and what was broken."""

    schedule: Schedule
    killed: list[Kill] = field(default_factory=list[Kill])
    problems: list[str] = field(default_factory=list[str])

    def expect(self, holds: bool, problem: str) -> None:  # noqa: FBT001  (it is the whole point)
        if not holds:
            self.problems.append(problem)


class KillLoop:
    """One database with its workers; every schedule has a project and a provider of its own.

    The clock of all of them only ever moves ahead.
    """

    def __init__(self, url: str, forks: ForkServer) -> None:
        self._forks = forks
        self._database = ShiftedDatabase(url, timedelta())
        self._url = url

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
        watched = _Watched()
        peer = HttpPeer(
            schedule.repeat_class,
            schedule.faults,
            token_lifetime=_LIFETIME,
            visible_after=_VISIBLE_AFTER,
            clock=lambda: time.time() + self._database.ahead.total_seconds(),
            watch=watched.look,
        )
        with peer:
            yield _Project(self._database, self._forks, self._url, peer, watched, schedule)


class _Watched:
    """The workers that are to be killed while their request is open."""

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
    watched: _Watched
    schedule: Schedule

    def __post_init__(self) -> None:
        self.id = f"p{self.schedule.repeat_class.value.lower()}{self.schedule.seed}"
        self.outcome = Outcome(self.schedule)
        self.started = 0
        self.boot = ""
        self.chance = random.Random(self.schedule.seed)
        self.reconciler = self.schedule.reconciler

    def run(self) -> Outcome:
        self._import()
        for workers in self.schedule.rounds:
            self._round(workers)
        self.peer.wait_until_idle()
        self.peer.faults.clear()
        self._leave(self.schedule.aftermath)
        self._finish(self._start(None, does="open"))
        self._judge_doubts()
        if self.schedule.resumes_late:
            self._pass_time(_LIFETIME)
        self._drain()
        self._judge_the_end()
        return self.outcome

    def warm_up(self) -> None:
        """Runs the project once in the process that later workers are forked from."""
        self._import()
        self.forks.warm_up(*self._ready(None))

    def _import(self) -> None:
        now = self._now()
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
        self._judge_effects()
        self._judge_books()

    def _start(self, kill: Kill | None, *, does: Does = "run") -> Worker:
        worker, job = self._ready(kill, does=does)
        self.forks.start(worker, job)
        if kill and kill.point == AT_RANDOM:
            threading.Timer(kill.nth / 1000, worker.kill).start()
        return worker

    def _ready(self, kill: Kill | None, *, does: Does = "run") -> tuple[Worker, Job]:
        self.started += 1
        client = f"worker-{self.started}"
        worker = Worker(self.forks.folder / f"{self.id}-{client}.log")
        self.watched.add(client, worker, kill)
        host, port = self.peer.address
        job = Job(
            self.url, self.id, self.schedule.repeat_class, host, port, client,
            batch=self.schedule.batch, ahead=self.database.ahead.total_seconds(),
            point=kill.point if kill else "", nth=kill.nth if kill else 0, does=does, boot=self.boot,
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
        for file in self.database.journal_folder.glob("*"):
            if aftermath is Aftermath.MACHINE_LOST:
                file.unlink()
            else:
                os.truncate(file, self.chance.randint(0, file.stat().st_size))
        self.boot = "the next one"
        timing = GATEWAYS[self.schedule.repeat_class].timing
        armed = timedelta(seconds=timing.send_deadline + timing.request_bound + MARGIN_SECONDS)
        self._pass_time(max(armed, CLAIM_LEASE) + timedelta(seconds=1))

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.database.ahead

    def _pass_time(self, span: timedelta) -> None:
        self.database.ahead += span

    def _drain(self) -> None:
        """Works on, without faults, until nothing is left that time or a question could move."""
        for _ in range(_LONGEST_DRAIN):
            self._finish(self._start(None))
            if self.schedule.repeat_class is RepeatClass.READABLE:
                self._reconcile()
            waits = self._waits()
            if not waits:
                return
            self._pass_time(max(*waits, self._now()) - self._now() + timedelta(seconds=1))
        self.outcome.problems.append("it never comes to rest")

    def _reconcile(self) -> None:
        worker = self._start(self.reconciler, does="reconcile")
        self._finish(worker)
        if self.reconciler and worker.was_killed:
            self.outcome.killed.append(self.reconciler)
            self.reconciler = None
            self._reconcile()

    def _waits(self) -> list[datetime]:
        """When each delivery that isn't at rest may move on."""
        is_readable = self.schedule.repeat_class is RepeatClass.READABLE
        quiet = timedelta(seconds=GATEWAYS[self.schedule.repeat_class].timing.quiet)
        waits: list[datetime] = []
        for delivery in self._deliveries():
            if delivery.state not in _AT_REST:
                waits.append(delivery.lease_until or delivery.not_before or self._now())
            elif delivery.state == State.UNKNOWN and is_readable:
                waits.append(self._now() + quiet)
        query = select(Account.not_before).where(Account.project_id == self.id)
        with self.database.read() as session:
            account = [each for each in session.scalars(query) if each]
        return waits + account if waits else []

    def _deliveries(self) -> list[Delivery]:
        with self.database.read() as session:
            query = select(Delivery).where(Delivery.project_id == self.id).order_by(Delivery.id)
            return list(session.scalars(query))

    def _judge_effects(self) -> None:
        twice = {token: n for token, n in self.peer.effects_by_token.items() if n > 1}
        self.outcome.expect(not twice, f"sent twice: {twice}")

    def _judge_books(self) -> None:
        with self.database.read() as session:
            books = read_books(session, self.id, now=self._now())
        self.outcome.expect(books.balanced, f"the books don't balance: {books.as_dict()}")
        self.outcome.expect(books.planned == self.schedule.people, f"planned is {books.planned}")

    def _judge_doubts(self) -> None:
        """A doubt needs a worker that was killed in a request, or an answer that was lost."""
        after = self._deliveries()
        held = [each.id for each in after if each.state in (State.CLAIMED, State.SENDING)]
        self.outcome.expect(not held, f"still held by a worker that is gone: {held}")
        doubts = [
            each.id
            for each in after
            if each.state == State.UNKNOWN or (each.state == State.PENDING and each.ambiguous)
        ]
        in_flight = sum(self._most_in_doubt(kill) for kill in self.outcome.killed)
        lost = sum(_loses_the_answer(fault) for fault in self.peer.met)
        self.outcome.expect(
            len(doubts) <= in_flight + lost,
            f"{len(doubts)} doubts {doubts}: {in_flight} in flight, {lost} lost",
        )

    def _most_in_doubt(self, kill: Kill) -> int:
        """With its journal, what a worker had in flight; without it, what it had armed."""
        if self.schedule.aftermath is Aftermath.RESTART:
            return int(kill.may_be_in_flight)
        return self.schedule.batch

    def _judge_the_end(self) -> None:
        self._judge_effects()
        self._judge_books()
        deliveries = self._deliveries()
        self.outcome.expect(
            len(deliveries) == self.schedule.people, f"{len(deliveries)} deliveries"
        )
        attempts = self._attempts()
        for delivery in deliveries:
            self._judge_delivery(delivery, attempts[delivery.id])
        strangers = set(self.peer.effects_by_token) - {each.token for each in deliveries}
        self.outcome.expect(not strangers, f"not in the ledger: {strangers}")
        with self.database.read() as session:
            chain = audit.verify(session, self.id)
        self.outcome.expect(chain.broken_at is None, f"the audit chain is broken: {chain}")

    def _judge_delivery(self, delivery: Delivery, attempts: int) -> None:
        expect, about = self.outcome.expect, f"delivery {delivery.id} ({delivery.state})"
        refs = [each.ref for each in self.peer.applied if each.token == delivery.token]
        sent = self.peer.transmissions_by_token[delivery.token]
        expect(sent <= attempts, f"{about}: {sent} transmissions in {attempts} attempts")
        expect(delivery.state in _AT_REST, f"{about} is left: {delivery.reason!r}")
        if delivery.state == State.SENT:
            expect(refs == [delivery.provider_ref], f"{about} has {refs}")
        if delivery.state == State.FAILED:
            expect(not refs, f"{about} has {refs}")
        if delivery.state == State.UNKNOWN:
            expect(self._may_stay_in_doubt(), f"{about} stays in doubt: {delivery.reason!r}")

    def _may_stay_in_doubt(self) -> bool:
        """A class that can repeat or ask leaves no doubt, unless a refusal came after one."""
        if self.schedule.repeat_class is RepeatClass.REPEAT_SAFE:
            has_refused = any(fault.status == 422 for fault in self.peer.met)
            return has_refused or self.schedule.resumes_late
        return self.schedule.repeat_class is RepeatClass.BLIND

    def _attempts(self) -> Counter[int]:
        query = select(Attempt.delivery_id, func.count()).group_by(Attempt.delivery_id)
        with self.database.read() as session:
            return Counter(dict(session.execute(query).tuples().all()))


def _loses_the_answer(fault: Fault) -> bool:
    return fault.status == 500 or fault.then not in ("answer", "twice")
