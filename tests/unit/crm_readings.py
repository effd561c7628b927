"""What a CRM was found to have, kept as `aicmo crm read` keeps it; and what is previewed from that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from aicmo.crm.record import Found, Record
from aicmo.crm.schema import Choice, Property, Schema
from aicmo.database import Database
from aicmo.execution.crm_last_reading import keep_readings
from aicmo.execution.crm_preview import CrmPreview
from aicmo.execution.identity import account_of
from aicmo.execution.preview import ItemPreview, preview_items
from aicmo.execution.project import load_items, load_plan
from aicmo.models import Contact, CrmSchema
from tests.projects import NOW
from tests.unit.crm_projects import IDENTITY

ANN_CHANGED = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def record(key: str = "c1", changed_by: str = "Ann Smith", **values: str) -> Record:
    """A contact of ours as the CRM has it, last changed by a person there."""
    return Record(
        id=f"9{key[1:]}", contact_id=f"studio:{key}", email=f"person{key[1:]}@example.com",
        values=values, changed_at=dict.fromkeys(values, ANN_CHANGED),
        changed_by=dict.fromkeys(values, changed_by), link=f"https://crm.example.com/9{key[1:]}",
    )  # fmt: skip


def has(
    database: Database,
    found: Mapping[str, Found],
    *,
    names: tuple[str, ...] = ("email", "firstname", "goal", "lifecyclestage", "topics"),
    identity: str = IDENTITY,
    at: datetime = NOW,
) -> None:
    """The CRM was read, and had these contacts, by our ids of them."""
    with database.write() as session:
        rows = session.execute(select(Contact.key, Contact.id)).tuples()
        by_id = {id_: found[key] for key, id_ in rows if key in found}
        keep_readings(session, identity, by_id, names, at)


def knows_schema(database: Database, *changed: Property) -> None:
    """The CRM's own schema was read, too; `changed` are as they differ from what fits."""
    known = {each.name: each for each in (*FITTING, *changed)}
    token = Property(name="aicmo_delivery_id", type="text", unique=True)
    schema = Schema(contacts=known, activities={token.name: token})
    with database.write() as session:
        account = account_of(session, "studio", "crm")
        assert account is not None
        session.add(CrmSchema(account_id=account.id, content=schema.to_json(), read_at=NOW))


ID = Property(name="aicmo_contact_id", type="text", unique=True)
ADDRESS, FIRST_NAME = Property(name="email", type="email"), Property(name="firstname", type="text")
TOPICS = Property(name="topics", type="choices")
STAGE = Property(
    name="lifecyclestage", label="Lifecycle stage", type="choice",
    choices=(
        Choice(value="lead", label="Lead"), Choice(value="opportunity", label="Opportunity"),
        Choice(value="customer", label="Customer"),
    ),
)  # fmt: skip
GOAL = Property(name="goal", label="Training goal", type="text", longest=20)
FITTING = (ID, ADDRESS, FIRST_NAME, TOPICS, STAGE, GOAL)


def previewed(database: Database, *keys: str, at: datetime = NOW) -> dict[str, ItemPreview]:
    with database.read() as session:
        plan, items = load_plan(session, "studio"), load_items(session, "studio")
    wanted = [item for item in items if not keys or item.key in keys]
    return {each.item.key: each for each in preview_items(database, plan, wanted, at).items}


def of_crm(database: Database, key: str = "crm-1", **options: Any) -> CrmPreview:
    found = previewed(database, key, **options)[key].crm
    assert found is not None
    return found
