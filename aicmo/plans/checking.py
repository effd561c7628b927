"""What the models can't see: references between parts, addresses, times, sums.

Every function yields its findings, and `check` collects all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice

from aicmo.channels import Channel
from aicmo.errors import FixInput
from aicmo.plans import times
from aicmo.plans.addresses import normalise_address
from aicmo.plans.checking_crm import check_crm
from aicmo.plans.checking_hours import check_hours
from aicmo.plans.contacts import Contact
from aicmo.plans.crm_logs import log_id
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent, Item
from aicmo.plans.proofreading import check_placeholders, check_wording
from aicmo.problems import Problem

_NAMED_AT_MOST = 5


def check(document: ProjectDocument) -> list[Problem]:
    """All findings about a document that has passed its models, errors and warnings."""
    members = _members(document)
    return [
        *_check_unique(document),
        *_check_references(document),
        *_check_addresses(document),
        *_check_sender(document),
        *_check_zones(document),
        *_check_times(document),
        *check_hours(document),
        *_check_audiences(document, members),
        *check_crm(document),
        *check_budget(document),
        *_check_funnel(document),
        *check_placeholders(document, members),
        *check_wording(document),
    ]


def _members(document: ProjectDocument) -> dict[str, list[Contact]]:
    """Contacts with consent, by id of each audience that an item names."""
    used = {item.audience for item in document.items}
    return {
        audience.id: [one for one in audience.members(document.contacts) if one.consent == "opt_in"]
        for audience in document.audiences
        if audience.id in used
    }


def _check_unique(document: ProjectDocument) -> Iterator[Problem]:
    ids = {
        "items[{}].id": [item.id for item in document.items],
        "contacts[{}].id": [contact.id for contact in document.contacts],
        "audiences[{}].id": [audience.id for audience in document.audiences],
        "strategy.pillars[{}].name": [pillar.name for pillar in document.strategy.pillars],
    }
    for place, values in ids.items():
        first: dict[str, int] = {}
        for at, value in enumerate(values):
            if first.setdefault(value, at) != at:
                earlier = place.format(first[value])
                yield Problem(place.format(at), f"{value} is already used at {earlier}")


def _check_references(document: ProjectDocument) -> Iterator[Problem]:
    audiences = {audience.id for audience in document.audiences}
    contacts = {contact.id for contact in document.contacts}
    pillars = {pillar.name for pillar in document.strategy.pillars}
    for at, item in enumerate(document.items):
        if item.audience not in (None, *audiences) and not _is_log(item):
            yield Problem(f"items[{at}].audience", f"there is no audience {item.audience}")
        if item.pillar is not None and item.pillar not in pillars:
            yield Problem(f"items[{at}].pillar", f"there is no pillar {item.pillar}")
    for at, audience in enumerate(document.audiences):
        for number, contact in enumerate(audience.contacts):
            if contact not in contacts:
                place = f"audiences[{at}].contacts[{number}]"
                yield Problem(place, f"there is no contact {contact}")


def _is_log(item: Item) -> bool:
    """Whether it notes another one by itself: its audience is that one's, or that of crm.log_posts_to."""
    of = item.content.of if isinstance(item.content, CrmContent) else None
    return of is not None and item.id == log_id(of)


def _check_addresses(document: ProjectDocument) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for at, contact in enumerate(document.contacts):
        if contact.email is None:
            continue
        place = f"contacts[{at}].email"
        try:
            mailbox = normalise_address(contact.email)
        except FixInput as error:
            yield Problem(place, str(error))
            continue
        earlier = first.setdefault(mailbox, at)
        if earlier != at:
            other = document.contacts[earlier].id
            message = (
                f"contacts {other} (contacts[{earlier}]) and {contact.id} have the same mailbox; "
                "each email goes there once"
            )
            yield Problem(place, message, "warning")
    if document.brand.sender:
        yield from _check_address("brand.sender.email", document.brand.sender.email)
        yield from _check_address("brand.sender.reply_to", document.brand.sender.reply_to)


def _check_address(place: str, email: str | None) -> Iterator[Problem]:
    try:
        if email is not None:
            normalise_address(email)
    except FixInput as error:
        yield Problem(place, str(error))


def _check_sender(document: ProjectDocument) -> Iterator[Problem]:
    if not any(item.channel is Channel.EMAIL for item in document.items):
        return
    for name in ("sender", "postal_address", "unsubscribe_url"):
        if getattr(document.brand, name) is None:
            yield Problem(f"brand.{name}", "is missing; a project with email items needs it")


def _check_zones(document: ProjectDocument) -> Iterator[Problem]:
    yield from _check_zone("timezone", document.timezone)
    for at, contact in enumerate(document.contacts):
        yield from _check_zone(f"contacts[{at}].timezone", contact.timezone)
    for at, item in enumerate(document.items):
        yield from _check_zone(f"items[{at}].timezone", item.timezone)


def _check_zone(place: str, name: str | None) -> Iterator[Problem]:
    try:
        if name is not None:
            times.zone(name)
    except FixInput as error:
        yield Problem(place, str(error))


def _check_times(document: ProjectDocument) -> Iterator[Problem]:
    for at, item in enumerate(document.items):
        timezone = item.timezone or document.timezone
        if any(_check_zone("", timezone)):
            timezone = "UTC"
        problems: list[Problem] = []
        send_at = _resolve(f"items[{at}].send_at", item.send_at, timezone, problems)
        send_until = _resolve(f"items[{at}].send_until", item.send_until, timezone, problems)
        yield from problems
        if send_at and send_until and send_until <= send_at:
            yield Problem(f"items[{at}].send_until", "is not after send_at")
        if send_at and not problems:
            yield from _check_range(at, send_at, document)


def _resolve(
    place: str, text: str | None, timezone: str, problems: list[Problem]
) -> datetime | None:
    try:
        return None if text is None else times.resolve(text, timezone)
    except FixInput as error:
        problems.append(Problem(place, str(error)))
        return None


def _check_range(at: int, send_at: datetime, document: ProjectDocument) -> Iterator[Problem]:
    if any(_check_zone("", document.timezone)):
        return
    day = times.in_zone(send_at, document.timezone).date()
    if not document.starts_on <= day <= document.ends_on:
        message = f"{day} is outside the project ({document.starts_on} to {document.ends_on})"
        yield Problem(f"items[{at}].send_at", message, "warning")


def _check_audiences(
    document: ProjectDocument, members: dict[str, list[Contact]]
) -> Iterator[Problem]:
    for at, item in enumerate(document.items):
        if item.audience in members and not members[item.audience] and not _is_log(item):
            message = f"audience {item.audience} has no contact with consent"
            yield Problem(f"items[{at}].audience", message, "warning")
    for at, audience in enumerate(document.audiences):
        if audience.id in _audiences_of(document.items, Channel.EMAIL):
            yield from _check_reachable(at, members[audience.id])


def _audiences_of(items: Iterable[Item], channel: Channel) -> set[str | None]:
    return {item.audience for item in items if item.channel is channel}


def _check_reachable(at: int, contacts: list[Contact]) -> Iterator[Problem]:
    without = [contact.id for contact in contacts if contact.email is None]
    if without:
        message = f"{name_some(without)} without an email address: no email goes there"
        yield Problem(f"audiences[{at}]", message, "warning")


def name_some(ids: list[str]) -> str:
    """`2 contacts (n1, n2)`, with the first few ids at most."""
    shown = ", ".join(islice(ids, _NAMED_AT_MOST))
    more = ", …" if len(ids) > _NAMED_AT_MOST else ""
    return f"{len(ids)} contact{'s' if len(ids) != 1 else ''} ({shown}{more})"


def check_budget(document: ProjectDocument) -> Iterator[Problem]:
    """Lines that don't add up to the total, or are there twice."""
    budget = document.budget
    if budget is None:
        return
    total = sum((line.amount for line in budget.lines), Decimal())
    difference = total - budget.total
    if difference:
        sums = " + ".join(f"{line.amount:,f}" for line in budget.lines)
        comparison = "more" if difference > 0 else "less"
        message = (
            f"the lines add up to {sums} = {total:,f} {budget.currency}, "
            f"{abs(difference):,f} {comparison} than the total of {budget.total:,f}"
        )
        yield Problem("budget.total", message, "warning")
    names = Counter(line.name for line in budget.lines)
    for at, line in enumerate(budget.lines):
        if names[line.name] > 1:
            yield Problem(f"budget.lines[{at}].name", f"{line.name} is there twice", "warning")


def _check_funnel(document: ProjectDocument) -> Iterator[Problem]:
    if document.budget is None:
        return
    known = {None, *(line.name for line in document.budget.lines)}
    for at, stage in enumerate(document.funnel):
        if stage.budget_line not in known:
            place = f"funnel[{at}].budget_line"
            yield Problem(place, f"there is no budget line {stage.budget_line}")
