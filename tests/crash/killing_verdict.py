"""What must hold of a project whose workers were killed, whatever the schedule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from aicmo import audit
from aicmo.database import Database
from aicmo.execution.report import read_books
from aicmo.execution.states import State
from aicmo.gateways.contract import RepeatClass
from aicmo.models import Account, Attempt, Delivery
from tests.crash.killing_schedule import Aftermath, Kill, Schedule
from tests.peers.effect_gateways import GATEWAYS
from tests.peers.http_exchange import Fault
from tests.peers.http_peer import HttpPeer

_AT_REST = (State.SENT, State.FAILED, State.UNKNOWN)


@dataclass
class Outcome:
    """What a schedule came to: the points where a worker really died, and what was broken."""

    schedule: Schedule
    killed: list[Kill] = field(default_factory=list[Kill])
    problems: list[str] = field(default_factory=list[str])

    def expect(self, holds: bool, problem: str) -> None:  # noqa: FBT001  (it is the whole point)
        if not holds:
            self.problems.append(problem)


@dataclass
class Verdict:
    """Looks at the ledger and at the provider, and notes in `outcome` what can't be."""

    database: Database
    peer: HttpPeer
    project_id: str
    outcome: Outcome

    @property
    def schedule(self) -> Schedule:
        return self.outcome.schedule

    def at_any_time(self) -> None:
        """Nothing had its effect twice, and the books balance."""
        twice = {token: n for token, n in self.peer.effects_by_token.items() if n > 1}
        self.outcome.expect(not twice, f"sent twice: {twice}")
        with self.database.read() as session:
            books = read_books(session, self.project_id, now=self.database.now(session))
        self.outcome.expect(books.balanced, f"the books don't balance: {books.as_dict()}")
        self.outcome.expect(books.planned == self.schedule.people, f"planned is {books.planned}")

    def once_taken_up_again(self) -> None:
        """A doubt needs a worker that was stopped in a request, or an answer that was lost."""
        deliveries = self._deliveries()
        held = [each.id for each in deliveries if each.state in (State.CLAIMED, State.SENDING)]
        self.outcome.expect(not held, f"still held by a worker that is gone: {held}")
        doubts = [
            each.id
            for each in deliveries
            if each.state == State.UNKNOWN or (each.state == State.PENDING and each.ambiguous)
        ]
        stopped = sum(self._most_in_doubt(kill) for kill in self.outcome.killed)
        if self.schedule.frozen:
            stopped += self.schedule.batch  # its lease has lapsed, whatever its journal says
        lost = sum(_loses_the_answer(fault) for fault in self.peer.met)
        self.outcome.expect(
            len(doubts) <= stopped + lost,
            f"{len(doubts)} doubts {doubts}: at most {stopped} of stopped workers, {lost} lost",
        )

    def _most_in_doubt(self, kill: Kill) -> int:
        """With its journal, what a worker had in flight; without it, what it had armed."""
        if self.schedule.aftermath is Aftermath.RESTART:
            return int(kill.may_be_in_flight)
        return self.schedule.batch

    def waits(self) -> list[datetime]:
        """When each delivery that isn't at rest may move on."""
        with self.database.read() as session:
            now = self.database.now(session)
            accounts = session.scalars(
                select(Account.not_before).where(Account.project_id == self.project_id)
            ).all()
        quiet = timedelta(seconds=GATEWAYS[self.schedule.repeat_class].timing.quiet)
        waits: list[datetime] = []
        for delivery in self._deliveries():
            if delivery.state not in _AT_REST:
                waits.append(delivery.lease_until or delivery.not_before or now)
            elif delivery.state == State.UNKNOWN and self._is_readable:
                waits.append(now + quiet)
        return waits + [each for each in accounts if each] if waits else []

    def at_the_end(self) -> None:
        """Every delivery is settled as it really is, and the audit log tells a whole story."""
        self.at_any_time()
        deliveries = self._deliveries()
        self.outcome.expect(
            len(deliveries) == self.schedule.people, f"{len(deliveries)} deliveries"
        )
        attempts = self._attempts()
        for delivery in deliveries:
            self._judge(delivery, attempts[delivery.id])
        strangers = set(self.peer.effects_by_token) - {each.token for each in deliveries}
        self.outcome.expect(not strangers, f"not in the ledger: {strangers}")
        with self.database.read() as session:
            chain = audit.verify(session, self.project_id)
        self.outcome.expect(chain.broken_at is None, f"the audit chain is broken: {chain}")

    def _judge(self, delivery: Delivery, attempts: int) -> None:
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
        return not self._is_readable

    @property
    def _is_readable(self) -> bool:
        return self.schedule.repeat_class is RepeatClass.READABLE

    def _deliveries(self) -> list[Delivery]:
        with self.database.read() as session:
            query = select(Delivery).where(Delivery.project_id == self.project_id)
            return list(session.scalars(query.order_by(Delivery.id)))

    def _attempts(self) -> Counter[int]:
        query = select(Attempt.delivery_id, func.count()).group_by(Attempt.delivery_id)
        with self.database.read() as session:
            return Counter(dict(session.execute(query).tuples().all()))


def _loses_the_answer(fault: Fault) -> bool:
    return fault.status == 500 or fault.then not in ("answer", "twice")
