"""What a package is made of: the plan's document and what has happened to its items."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from aicmo.plans.document import ProjectDocument


@dataclass(frozen=True)
class ItemStatus:
    """What became of one item.

    counts: deliveries by what is said of them to a client, e.g. `{"sent": 41, "held": 2}`.
    reasons: deliveries by reason, e.g. `{"no gateway for linkedin": 1}`.
    """

    approved: bool = False
    counts: dict[str, int] = field(default_factory=dict[str, int])
    reasons: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class ProjectContent:
    """The input of every renderer.

    document: the plan's document with `contacts=()`: no person is named in a package.
    items: status by item id; an item without one has not been approved nor sent.
    """

    document: ProjectDocument
    plan_version: int
    imported_at: datetime
    items: dict[str, ItemStatus] = field(default_factory=dict[str, ItemStatus])
