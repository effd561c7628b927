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
    first_sent_at, last_sent_at: aware UTC, of the deliveries that went out.
    links: where what was published can be seen.
    feedback: what came back, by kind, e.g. `{"bounced": 2, "unsubscribed": 1}`.
    """

    approved: bool = False
    counts: dict[str, int] = field(default_factory=dict[str, int])
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    first_sent_at: datetime | None = None
    last_sent_at: datetime | None = None
    links: tuple[str, ...] = ()
    feedback: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class LedgerRow:
    """One delivery as the proof of execution shows it; `recipient` names nobody.

    sent_at: aware UTC, None unless it went out; payload_sha256: of the newest transmission.
    permalink: where a post can be seen; '' once it was taken back.
    """

    delivery: int
    item: str
    channel: str
    account: str
    recipient: str
    state: str
    reason: str
    attempts: int
    sent_at: datetime | None
    provider_ref: str
    payload_sha256: str
    permalink: str = ""


@dataclass(frozen=True)
class Ledger:
    """Every delivery of a project, and the newest event of execution in its audit chain.

    audit_hash: 64 hexadecimal digits; with it, `aicmo audit` can show that no row was changed.
    """

    rows: tuple[LedgerRow, ...] = ()
    audit_number: int = 0
    audit_hash: str = ""


@dataclass(frozen=True)
class ProjectContent:
    """The input of every renderer.

    document: the plan's document with `contacts=()`: no person is named in a package.
    imported_at: aware UTC, when the day of the plan's import began by the client's calendar.
    items: status by item id; an item without one has not been approved nor sent.
    files: what the brand refers to, by its path in the document: pictures and templates.
    imported: paths and addresses of all that came with the plan, media of posts included.
    other_clients: names that must not appear: those of the other clients in the database.
    """

    document: ProjectDocument
    plan_version: int
    imported_at: datetime
    items: dict[str, ItemStatus] = field(default_factory=dict[str, ItemStatus])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    imported: frozenset[str] = frozenset()
    other_clients: tuple[str, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
