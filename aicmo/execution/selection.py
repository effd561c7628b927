"""The items that a person names, or all of the plan."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.errors import FixInput, NoSuchProject
from aicmo.models import Item, Project


def named_items(session: Session, project_id: str, item_keys: Sequence[str] | None) -> list[Item]:
    """The items of the current plan that are named (None: all), in the order of the plan.

    The id of a post on several networks names its item on each of them.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: an item isn't in the current plan.
    """
    if session.get(Project, project_id) is None:
        raise NoSuchProject(project_id)
    query = select(Item).where(Item.project_id == project_id, Item.withdrawn.is_(False))
    items = list(session.scalars(query.order_by(Item.send_at, Item.key)))
    if item_keys is None:
        return items
    known = {name for item in items for name in (item.key, item.part_of)} - {""}
    if missing := [key for key in item_keys if key not in known]:
        raise FixInput(
            f"{project_id} has no item {', '.join(missing)}; nothing was changed",
            next_step=f"`aicmo plan {project_id}` lists its items.",
        )
    return [item for item in items if {item.key, item.part_of} & set(item_keys)]
