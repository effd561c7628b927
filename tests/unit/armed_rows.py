"""Deliveries that a worker has claimed and armed, step by step, through any gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import update

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import claims
from aicmo.execution.arming import Armed, arm, let_go
from aicmo.execution.gate import Mode, issue_permit
from aicmo.execution.guards import Verdict
from aicmo.execution.runs import OpenRun
from aicmo.gateways.contract import (
    Gateway,
)
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from tests.peers.effect_gateways import TokenGateway
from tests.unit.doubtful_rows import MINUTES, ClockedDatabase
from tests.unit.live_runs import claimed, message, ready

HOURS = 60 * MINUTES
NOWHERE = ("127.0.0.1", 1)


def arm_through(run: OpenRun, claim: claims.Claim, gateway: Gateway | None = None) -> Armed:
    composed = {each: message(each) for each in claim.delivery_ids}
    through = gateway or opened(TokenGateway)
    return arm(run.database, run.mover(), claim, composed, CHANNELS_WITH_GATEWAY, run.plan, through)


def opened(kind: Callable[..., Gateway]) -> Gateway:
    return kind(issue_permit(Mode.LIVE, 1, "email"), NOWHERE)


def set_all(database: Database, table: type[Any], **values: Any) -> None:
    with database.write() as session:
        session.execute(update(table).values(**values))


def one_armed(database: ClockedDatabase) -> tuple[OpenRun, Armed, int]:
    ready(database, people=1)
    run, claim = claimed(database)
    batch = arm_through(run, claim)
    return run, batch, batch.outgoing[0].delivery_id


def let_all_go(run: OpenRun, claim: claims.Claim) -> None:
    with audit.transaction(run.database, "studio") as session:
        verdicts = dict.fromkeys(claim.delivery_ids, Verdict("", ""))
        let_go(session, run.mover(), claim.fence, verdicts)
