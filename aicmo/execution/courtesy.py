"""What a plan's caps and courtesy say at one moment, as data that the guards put into their SQL.

The databases know no time zones that could be relied on, so that clocks are read here: for each zone
that occurs, whether it is closed now, and until when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from aicmo.execution import caps, frequency
from aicmo.execution.states import Mover
from aicmo.models import Contact, Delivery, Plan, Project
from aicmo.plans.opening import Closed, hours_of
from aicmo.plans.sending import SendingRules


class Shape(NamedTuple):
    """How many rules of each kind there are to ask; queries of one shape are built once."""

    closed: int
    frequencies: int
    is_full: bool


class Often(NamedTuple):
    """At most `most` emails to one person since `since`."""

    most: int
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Courtesy:
    """What the rules say of emails at `now`.

    client: whose projects are counted together.
    closed: by a contact's time zone, '' being the project's; zones that are open aren't in it.
    often: what one person may get.
    room: how many more may be armed now; None without a cap. cap: what the others then wait for.
    """

    now: datetime
    client: str
    closed: tuple[tuple[str, Closed], ...]
    often: tuple[Often, ...]
    room: int | None
    cap: str

    @property
    def is_full(self) -> bool:
        return self.room == 0

    @property
    def shape(self) -> Shape:
        return Shape(len(self.closed), len(self.often), self.is_full)


def without_rules(now: datetime) -> Courtesy:
    """Of what no rule is for: everything but email."""
    return Courtesy(now, "", (), (), None, "")


def of_project(
    session: Session, project_id: str, now: datetime, run_id: int | None = None
) -> Courtesy:
    """What the current plan's rules say of all deliveries of a project.

    run_id: the run whose cap counts; without one, the next run's.

    Raises:
        FixInput: a contact's time zone isn't known on this machine.
    """
    zones = select(Contact.timezone).where(Contact.project_id == project_id).distinct()
    rules = _rules_of(session, project_id)
    return _reckon(session, rules, Mover(project_id, "", now, run_id), zones)


def of_batch(session: Session, rules: SendingRules, mover: Mover, ids: Sequence[int]) -> Courtesy:
    """What `rules` say of these deliveries, for arming them in this transaction.

    Until it ends, nobody else arms what counts towards the same people's share.

    Raises:
        FixInput: a contact's time zone isn't known on this machine.
    """
    zones = select(Contact.timezone).join(Delivery, Delivery.contact_id == Contact.id)
    if rules.per_recipient:
        frequency.lock_client(session, _project(session, mover.project_id)[0])
    return _reckon(session, rules, mover, zones.where(Delivery.id.in_(ids)).distinct())


def _rules_of(session: Session, project_id: str) -> SendingRules:
    query = (
        select(Plan.document["sending"])
        .join(Project, Project.id == Plan.project_id)
        .where(Project.id == project_id, Plan.version == Project.plan_version)
    )
    # A plan from before there were rules has none.
    return SendingRules.model_validate(session.scalars(query).one_or_none() or {})


def _project(session: Session, project_id: str) -> tuple[str, str]:
    """Client and time zone."""
    query = select(Project.client, Project.timezone).where(Project.id == project_id)
    return session.execute(query).tuples().one()


def _reckon(
    session: Session, rules: SendingRules, mover: Mover, zones: Select[tuple[str]]
) -> Courtesy:
    if rules == SendingRules(late=rules.late, utm=rules.utm):
        return without_rules(mover.at)
    client, timezone = _project(session, mover.project_id)
    room = caps.room(session, rules, mover, timezone)
    return Courtesy(
        mover.at,
        client,
        _closed(session, rules, timezone, zones, mover.at),
        tuple(
            Often(each.count, mover.at - timedelta(days=each.days), _told(each.count, each.days))
            for each in rules.per_recipient
        ),
        room.left if room else None,
        room.reason if room else "",
    )


def _told(count: int, days: int) -> str:
    return f"had {count} email{'s' * (count > 1)} in {days} day{'s' * (days > 1)}"


def _closed(
    session: Session, rules: SendingRules, timezone: str, zones: Select[tuple[str]], now: datetime
) -> tuple[tuple[str, Closed], ...]:
    hours = hours_of(rules)
    if not hours.are_limited:
        return ()
    names = sorted(session.scalars(zones))
    found = ((name, hours.closed(now, name or timezone)) for name in names)
    return tuple((name, closed) for name, closed in found if closed)
