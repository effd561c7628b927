"""Live runs into the small CRM of `desk_crm`, on a clock that is set by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from aicmo.database import Database
from aicmo.gateways.contract import OpenGateway
from aicmo.models import CrmRestoration, Delivery, Run
from tests.peers.desk_crm import IDENTITY
from tests.projects import approved
from tests.unit import crm_ledger
from tests.unit.crm_projects import connect, import_crm
from tests.unit.doubtful_rows import ClockedDatabase


def ready(database: Database, *items: dict[str, Any], **setup: Any) -> None:
    """Imported, the account pinned, and approved."""
    import_crm(database, *items, **setup)
    connect(database, identity=IDENTITY)
    approved(database)


def run(database: ClockedDatabase, open_gateway: OpenGateway) -> int:
    """A whole live run; returns its number."""
    crm_ledger.run(database, open_gateway)
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
