"""Runs of two clients' projects whose plans have caps and courtesy, to letterboxes in the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.execution import approvals, claims, runs
from aicmo.execution.arming import Armed
from aicmo.execution.importing import import_document
from aicmo.execution.report import Books, ExecutionReport, read_books
from aicmo.execution.runs import OpenRun
from aicmo.gateways.contract import (
    Gateway,
    LivePermit,
    Outcome,
    OutcomeKind,
    Outgoing,
    RepeatClass,
    StillAllowed,
    Timing,
)
from aicmo.models import Delivery
from tests.conftest import KEY
from tests.projects import NOW, contact, document
from tests.unit.live_runs import CONFIG, LIVE, armed_batch

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Letterbox(Gateway):
    """Takes everything, and remembers for whom."""

    name, channel, repeat_class = "letterbox", "email", RepeatClass.BLIND
    timing = Timing(send_deadline=120, request_bound=620, quiet=1240)

    def __init__(self, permit: LivePermit, got: list[str]) -> None:
        super().__init__(permit)
        self._got = got

    def __exit__(self, *_failure: object) -> None:
        pass

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        if not still_allowed([outgoing]):
            return Outcome(OutcomeKind.NOT_SENT)
        self._got.append(outgoing.recipient.partition("@")[0])
        return Outcome(OutcomeKind.SENT)


def ready(
    database: Database,
    people: int | Sequence[dict[str, Any]] = 3,
    *items: dict[str, Any],
    project: str = "studio",
    client: str = "northside",
    at: datetime = NOW,
    **sending: Any,
) -> None:
    """An imported and approved project with these rules."""
    contacts = (
        [contact(number) for number in range(1, people + 1)] if isinstance(people, int) else people
    )
    plan = document(
        *items,
        contacts=list(contacts),
        id=project,
        client=client,
        sending={"late": "send"} | sending,
    )
    import_document(database, plan, source="test", actor="tester", secret_key=KEY)
    approvals.approve(database, project, None, approved_by="Ann", now=at)


class Clock:
    """Set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def opened(database: Database, clock: Clock | datetime, project: str = "studio") -> OpenRun:
    clock = clock if isinstance(clock, Clock) else Clock(clock)
    return runs.open_run(database, replace(LIVE, project_id=project), CONFIG, clock=clock)


def sent(run: OpenRun) -> list[str]:
    """Who gets something in this run."""
    got: list[str] = []
    items = runs.extract_items(run)
    runs.execute_channel(run, "email", items, lambda: lambda permit: Letterbox(permit, got))
    return got


def ran(database: Database, at: datetime = NOW, project: str = "studio") -> list[str]:
    """Who gets something in a whole run."""
    run = opened(database, at, project)
    got = sent(run)
    runs.close_run(run, ExecutionReport(project))
    return got


def waiting(database: Database, at: datetime = NOW, project: str = "studio") -> dict[str, int]:
    return told(database, at, project).reasons("waiting")


def told(database: Database, at: datetime = NOW, project: str = "studio") -> Books:
    with database.read() as session:
        books = read_books(session, project, now=at)
    assert books.balanced
    return books


def claimed(
    database: Database, clock: Clock | datetime, project: str = "studio"
) -> tuple[OpenRun, claims.Claim]:
    run = opened(database, clock, project)
    items = [each.id for each in runs.extract_items(run)]
    claim = claims.claim(database, run.mover(), items, fence=claims.new_fence(), at_most=200)
    assert claim is not None
    return run, claim


def stopped_when_armed(
    database: Database, clock: Clock, then: datetime, project: str = "studio"
) -> Armed:
    """Claims now and arms then: the sort hasn't seen what is true by then."""
    run, claim = claimed(database, clock, project)
    clock.at = then
    return armed_batch(run, claim)


def not_before(database: Database) -> list[datetime | None]:
    with database.read() as session:
        return list(session.scalars(select(Delivery.not_before).order_by(Delivery.id)))


def set_deliveries(database: Database, project: str, **values: Any) -> None:
    with database.write() as session:
        session.execute(update(Delivery).where(Delivery.project_id == project).values(**values))
