"""What the client's CRM had of each contact when it was last read: kept for previews and questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from aicmo.channels import Channel
from aicmo.crm.record import Found, Record, Several
from aicmo.database import upsert
from aicmo.execution.identity import account_of
from aicmo.execution.states import State
from aicmo.models import Contact, CrmReading, Delivery, Item

_ONE, _SEVERAL = TypeAdapter(Record), TypeAdapter(Several)


@dataclass(frozen=True, slots=True)
class LastReading:
    """A contact as the CRM had it. `changed_since`: we have changed it since then."""

    found: Found
    read_at: datetime
    changed_since: bool = False

    def lacks(self, names: Collection[str]) -> bool:
        """Whether one of these properties wasn't asked for."""
        return isinstance(self.found, Record) and not set(names) <= set(self.found.values)


def keep_readings(
    session: Session,
    identity: str,
    found: Mapping[int, Found],
    names: Iterable[str],
    now: datetime,
) -> None:
    """Keeps what the account `identity` has of these contacts, by the ids of their rows.

    Nothing is kept of a person who was erased while the CRM was read.
    """
    there = select(Contact.id).where(Contact.id.in_(found), Contact.removed.is_(False))
    rows = [
        {"contact_id": each, "identity": identity, "read_at": now, **_kept(found[each], names)}
        for each in session.scalars(there.with_for_update())
    ]
    if rows:
        adding = upsert(session, CrmReading)
        fresh = {name: adding.excluded[name] for name in ("identity", "found", "record", "read_at")}
        session.execute(
            adding.on_conflict_do_update(index_elements=["contact_id"], set_=fresh), rows
        )


def forget_readings(session: Session, project_id: str, contact_ids: Collection[int]) -> None:
    """Forgets the readings of a project's contacts but these: what isn't needed isn't kept."""
    theirs = select(Contact.id).where(Contact.project_id == project_id)
    known = session.scalars(
        select(CrmReading.contact_id).where(CrmReading.contact_id.in_(theirs))
    ).all()
    for each in set(known) - set(contact_ids):
        session.execute(delete(CrmReading).where(CrmReading.contact_id == each))


def last_readings(
    session: Session, project_id: str, contact_ids: Sequence[int]
) -> dict[int, LastReading]:
    """What was read of these contacts from the project's own account; by the ids of their rows."""
    account = account_of(session, project_id, Channel.CRM)
    if account is None or not account.identity:
        return {}
    query = select(CrmReading).where(
        CrmReading.contact_id.in_(contact_ids), CrmReading.identity == account.identity
    )
    rows = session.scalars(query).all()
    changed = dict(session.execute(_changed([row.contact_id for row in rows])).tuples().all())
    return {row.contact_id: _read_back(row, changed.get(row.contact_id)) for row in rows}


def _changed(contact_ids: Sequence[int]) -> Select[tuple[int | None, datetime]]:
    """When we last changed each contact; an activity changes none of its values."""
    action = Item.content["action"].as_string()
    return (
        select(Delivery.contact_id, func.max(Delivery.since))
        .join(Item, Item.id == Delivery.item_id)
        .where(
            Delivery.contact_id.in_(contact_ids),
            Delivery.state.in_((State.SENT.value, State.UNKNOWN.value)),
            Item.channel == Channel.CRM.value,
            action.not_in(("log_activity", "add_to_list")),
        )
        .group_by(Delivery.contact_id)
    )


def _kept(found: Found, names: Iterable[str]) -> dict[str, object]:
    if found is None:
        return {"found": "none", "record": {}}
    if isinstance(found, Several):
        return {"found": "several", "record": _SEVERAL.dump_python(found, mode="json")}
    # That a property is empty is known, too.
    whole = replace(found, values={name: found.values.get(name, "") for name in names})
    return {"found": "one", "record": _ONE.dump_python(whole, mode="json")}


def _read_back(row: CrmReading, changed_at: datetime | None) -> LastReading:
    found: Found = None
    if row.found == "several":
        found = _SEVERAL.validate_python(row.record)
    elif row.found == "one":
        found = _ONE.validate_python(row.record)
    return LastReading(found, row.read_at, changed_at is not None and changed_at >= row.read_at)
