"""Live runs into the small CRM of `desk_crm`, on a clock that is set by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from aicmo.database import Database
from aicmo.errors import AicmoError
from aicmo.execution import runs
from aicmo.execution.report import ExecutionReport
from aicmo.gateways.contract import OpenGateway
from aicmo.models import CrmRestoration, Delivery, Run
from aicmo.settings import ExecutionConfig
from tests.peers.desk_crm import IDENTITY
from tests.projects import approved
from tests.unit.crm_projects import connect, import_crm
from tests.unit.live_runs import LIVE

CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["crm"])


def ready(database: Database, *items: dict[str, Any], **setup: Any) -> None:
    """Imported, the account pinned, and approved."""
    import_crm(database, *items, **setup)
    connect(database, identity=IDENTITY)
    approved(database)


def run(database: Database, open_gateway: OpenGateway) -> int:
    """A whole live run; returns its number."""
    opened = runs.open_run(database, replace(LIVE), CONFIG)
    report = ExecutionReport("studio")
    try:
        runs.execute_channel(opened, "crm", runs.extract_items(opened), lambda: open_gateway)
    except AicmoError as error:
        report.add_error(str(error))
    runs.close_run(opened, report)
    with database.read() as session:
        return session.scalars(select(Run.id).order_by(Run.id.desc())).first() or 0


def states(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def wishes(database: Database) -> list[tuple[str, dict[str, str], str]]:
    """State, what was put back and detail of every wish, in the order of the changes."""
    with database.read() as session:
        rows = session.scalars(select(CrmRestoration).order_by(CrmRestoration.delivery_id))
        return [(each.state, each.restored, each.detail) for each in rows]
