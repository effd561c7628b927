"""Projects whose emails can be left by a link, and what those links lead to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from aicmo.database import Database
from aicmo.execution import approvals, runs
from aicmo.execution.leaving import Letter, find_letter
from aicmo.execution.report import ExecutionReport
from aicmo.gateways.smtp import open_smtp_gateway
from aicmo.models import Delivery, Item, Suppression
from aicmo.privacy import address_hmac, feedback_token
from tests.conftest import KEY
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import NOW, brand, contact, imported
from tests.unit.live_runs import started

LINK = "https://mail.example.com/u/{token}"


def sent(
    database: Database, *items: dict[str, Any], project: str = "studio", **changes: Any
) -> SmtpPeer:
    """Imports a project whose emails have links, approves it and sends what isn't sent yet."""
    ready(database, *items, project=project, **changes)
    with SmtpPeer() as peer:
        run = started(database, project_id=project)
        chosen = runs.extract_items(run)
        runs.execute_channel(run, "email", chosen, lambda: open_smtp_gateway(peer.relay))
        runs.close_run(run, ExecutionReport(project))
    return peer


def ready(
    database: Database, *items: dict[str, Any], project: str = "studio", **changes: Any
) -> None:
    """Imports and approves a project whose emails have links."""
    branded = {"brand": brand(unsubscribe_url=LINK)} | changes
    imported(database, *items, id=project, **branded)
    approvals.approve(database, project, None, approved_by="Ann", now=NOW)


def people(number: int) -> list[dict[str, Any]]:
    return [contact(each) for each in range(1, number + 1)]


def address(number: int) -> str:
    return f"person{number}@example.com"


def hmac_of(number: int) -> str:
    return address_hmac(KEY, address(number))


def token_of(
    database: Database, number: int = 1, *, item: str = "mail-1", project: str = "studio"
) -> str:
    """The token in the link of an email to a person."""
    query = (
        select(Delivery.token)
        .join(Item, Item.id == Delivery.item_id)
        .where(
            Delivery.project_id == project,
            Item.key == item,
            Delivery.recipient == address(number),
        )
    )
    with database.read() as session:
        return feedback_token(KEY, session.scalars(query).one())


def letter_of(database: Database, number: int = 1, **which: str) -> Letter:
    letter = find_letter(database, token_of(database, number, **which))
    assert letter is not None
    return letter


def suppressions(database: Database) -> list[tuple[str, str, str]]:
    """Client, HMAC and reason of each suppression."""
    columns = (Suppression.client, Suppression.address_hmac, Suppression.reason)
    with database.read() as session:
        rows = session.execute(select(*columns).order_by(Suppression.id)).all()
    return [(row[0], row[1], row[2]) for row in rows]
