"""Runs against a real SMTP peer, and their steps one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import update

from aicmo.database import Database
from aicmo.execution import claims, runs
from aicmo.execution.arming import Armed, arm
from aicmo.execution.composing import Composed
from aicmo.execution.gate import Mode, issue_permit
from aicmo.execution.report import Books, ExecutionReport, read_books
from aicmo.execution.runs import ExecutionRequest, OpenRun
from aicmo.gateways.contract import Gateway
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.gateways.smtp import open_smtp_gateway
from aicmo.models import Delivery
from aicmo.settings import ExecutionConfig
from aicmo.smtp_relay import SmtpRelay
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import NOW, approved, contact, imported

CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["email"])


LIVE = ExecutionRequest("studio", enabled=True, dry_run=False, started_by="tester")


def started(database: Database, at: datetime = NOW, **changes: Any) -> OpenRun:
    return runs.open_run(database, replace(LIVE, **changes), CONFIG, clock=lambda: at)


def execute(
    database: Database, peer: SmtpPeer, at: datetime = NOW, **changes: Any
) -> ExecutionReport:
    run = started(database, at, **changes)
    items = runs.extract_items(run)
    result = runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(peer.relay))
    report = ExecutionReport("studio", items_sent_successfully=result["success"])
    report.items_failed = result["failed"]
    report.add_results(result["results"])
    return runs.close_run(run, report)


def books(database: Database, at: datetime = NOW) -> Books:
    with database.read() as session:
        return read_books(session, "studio", now=at)


def ready(database: Database, people: int = 3) -> None:
    imported(database, contacts=[contact(number) for number in range(1, people + 1)])
    approved(database)


def claimed(database: Database) -> tuple[OpenRun, claims.Claim]:
    run = started(database)
    items = [item.id for item in runs.extract_items(run)]
    claim = claims.claim(database, run.mover(), items, fence=claims.new_fence(), at_most=10)
    assert claim is not None
    return run, claim


def lapse(database: Database) -> None:
    with database.write() as session:
        past = datetime(2020, 1, 1, tzinfo=NOW.tzinfo)
        session.execute(update(Delivery).values(lease_until=past))


def message(delivery_id: int) -> Composed:
    return Composed(f"token-{delivery_id}", "a@example.com", "b@example.com", b"x")


def closed_gateway() -> Gateway:
    """A relay that nobody has connected to yet: arming asks for its timing only."""
    return open_smtp_gateway(SmtpRelay("127.0.0.1", 1, "none"))(issue_permit(Mode.LIVE, 1, "email"))


def armed_batch(run: OpenRun, claim: claims.Claim) -> Armed:
    composed = {each: message(each) for each in claim.delivery_ids}
    return arm(
        run.database,
        run.mover(),
        claim,
        composed,
        CHANNELS_WITH_GATEWAY,
        run.plan,
        closed_gateway(),
    )


def armed(run: OpenRun, claim: claims.Claim) -> tuple[int, ...]:
    return tuple(each.delivery_id for each in armed_batch(run, claim).outgoing)
