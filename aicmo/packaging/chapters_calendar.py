"""The chapters that say what happens when: channels and calendar, and the content itself."""

from __future__ import annotations

from itertools import chain, groupby
from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, cards, details, present, section, table
from aicmo.packaging.outline import Card, Chapter, Section, Span, Timeline
from aicmo.packaging.wording import (
    CHANNEL_NAMES,
    channel_name,
    channels,
    count,
    listing,
    plain_text,
)
from aicmo.plans.items import CrmContent, EmailContent, PostContent

if TYPE_CHECKING:
    from datetime import date

    from aicmo.packaging.content import ItemStatus
    from aicmo.plans.items import Item, Media
    from aicmo.plans.strategy import Journey, Phase


def calendar(material: Material) -> Chapter | None:
    sections = present(
        (
            _roles(material),
            _roadmap(material),
            _themes(material),
            _items(material),
            section(
                "Journeys", cards(_journey(one, material) for one in material.document.journeys)
            ),
            _work_plan(material),
        )
    )
    if not sections:
        return None
    return Chapter("calendar", "Channels and calendar", _calendar_in_short(material), sections)


def _calendar_in_short(material: Material) -> str:
    document, say = material.document, material.say
    if document.items:
        return f"{_pieces(material)} {_going_out(material)}."
    days = say.days(document.starts_on, document.ends_on)
    return f"The plan runs {days}; no piece has a date yet."


def _pieces(material: Material) -> str:
    items = material.document.items
    used = {item.channel for item in items}
    return f"{count(len(items), 'piece')} on {count(len(used), 'channel')}"


def _going_out(material: Material) -> str:
    verb = "go" if len(material.document.items) > 1 else "goes"
    return f"{verb} out, {_item_days(material)}"


def _item_days(material: Material) -> str:
    moments = [material.say.sends_at(item).date() for item in material.items()]
    return material.say.days(moments[0], moments[-1])


def _roles(material: Material) -> Section | None:
    rows = [
        (channel_name(one.channel), one.role, one.cadence, one.kill_criterion)
        for one in material.document.channels
    ]
    caption = f"{count(len(rows), 'channel')}, each with a role of its own"
    columns = ("Channel", "Role", "Cadence", "Stopped when")
    return section("The role of each channel", table(caption, columns, rows))


def _roadmap(material: Material) -> Section | None:
    phases = material.document.phases
    if not phases:
        return None
    spans = tuple(
        Span(
            one.name,
            _fraction(one.starts_on, material),
            _fraction(one.ends_on, material, whole_day=1),
            material.say.days(one.starts_on, one.ends_on),
        )
        for one in phases
    )
    names = listing([one.name for one in phases])
    return section(
        "Roadmap",
        Timeline(f"{count(len(phases), 'phase')}: {names}", spans),
        cards(_phase(one, material) for one in phases),
    )


def _fraction(day: date, material: Material, whole_day: int = 0) -> float:
    document = material.document
    first = min(document.starts_on, *(one.starts_on for one in document.phases))
    last = max(document.ends_on, *(one.ends_on for one in document.phases))
    return ((day - first).days + whole_day) / ((last - first).days + 1)


def _phase(phase: Phase, material: Material) -> Card:
    return Card(
        title=phase.name,
        label=material.say.days(phase.starts_on, phase.ends_on),
        text="\n".join(f"• {tactic}" for tactic in phase.tactics),
    )


def _themes(material: Material) -> Section | None:
    rows = [
        (one.slot, one.theme, channels(one.channels), "; ".join(one.messages), one.cta)
        for one in material.document.themes
    ]
    columns = ("When", "Theme", "Channels", "Messages", "Call to action")
    caption = f"The calendar in {count(len(rows), 'theme')}"
    return section("Themes", table(caption, columns, rows))


def _items(material: Material) -> Section | None:
    say = material.say
    many_years = len({say.sends_at(item).year for item in material.items()}) > 1
    rows = [
        (
            say.moment(say.sends_at(item), with_year=many_years),
            CHANNEL_NAMES[item.channel],
            item.title,
            _subject(item),
            _audience(item, material),
            standing(material.status(item)),
        )
        for item in material.items()
    ]
    if not rows:
        return None
    return section(
        "What goes out, and when",
        table(
            f"{_pieces(material)}, {_item_days(material)}",
            ("When", "Channel", "Piece", "Pillar and theme", "For", "Status"),
            rows,
            source=f"Times are in {say.zone_name()}.",
        ),
    )


def _subject(item: Item) -> str:
    return " · ".join(text for text in (item.pillar, item.theme) if text)


def _audience(item: Item, material: Material) -> str | None:
    names = {one.id: one.name for one in material.document.audiences}
    return names.get(item.audience) if item.audience else None


def standing(status: ItemStatus | None) -> str:
    """An item's standing in a client's words: its results, else whether it is approved."""
    if status and any(status.counts.values()):
        return ", ".join(f"{number} {word}" for word, number in status.counts.items() if number)
    return "Approved" if status and status.approved else "Draft"


def _journey(journey: Journey, material: Material) -> Card:
    target = journey.target
    aim = None
    if target and target.target is not None:
        measure = material.say.measure(target.target, target.unit, target.target_max)
        aim = f"{target.metric}: {measure}"
    elif target and target.change is not None:
        aim = f"{target.metric}: {material.say.change(target.change, target.unit)}"
    return Card(
        title=journey.name,
        text="\n".join(f"{number}. {step}" for number, step in enumerate(journey.steps, start=1)),
        details=details(
            ("Starts with", journey.trigger), ("Incentive", journey.incentive), ("Target", aim)
        ),
    )


def _work_plan(material: Material) -> Section | None:
    blocks = [
        Card(title=one.when, text="\n".join(f"• {task}" for task in one.tasks))
        for one in material.document.work_plan
    ]
    return section("Work plan", cards(blocks))


def pieces(material: Material) -> Chapter | None:
    """The chapter with every item's whole text, a section for each month."""
    if not material.document.items:
        return None
    months = groupby(material.items(), key=lambda item: _month(item, material))
    sections = present(
        section(name, cards(_piece(item, material) for item in items)) for name, items in months
    )
    number = count(len(material.document.items), "piece")
    verb = "is" if len(material.document.items) == 1 else "are"
    conclusion = f"{number} {verb} ready to read, {_item_days(material)}."
    return Chapter("content", "The content", conclusion, sections)


def _month(item: Item, material: Material) -> str:
    return material.say.month(material.say.sends_at(item).date())


def _piece(item: Item, material: Material) -> Card:
    content, say = item.content, material.say
    text, extra = _written(content)
    until = say.moment(say.read(item.send_until, item)) if item.send_until else None
    return Card(
        title=item.title,
        label=f"{_format(item)} · {say.moment(say.sends_at(item))}",
        text=text,
        details=details(
            *extra,
            ("For", _audience(item, material)),
            ("Pillar", item.pillar),
            ("Theme", item.theme),
            ("Not after", until),
            ("Status", standing(material.status(item))),
        ),
    )


def _format(item: Item) -> str:
    name = CHANNEL_NAMES[item.channel]
    if isinstance(item.content, PostContent) and item.content.format != "post":
        return f"{name} {item.content.format}"
    return name


def _written(
    content: EmailContent | PostContent | CrmContent,
) -> tuple[str, list[tuple[str, str | None]]]:
    if isinstance(content, EmailContent):
        button = f"{content.cta.label} → {content.cta.url}" if content.cta else None
        return plain_text(content.body), [
            ("Subject", content.subject),
            ("Preview line", content.preheader),
            ("Button", button),
        ]
    if isinstance(content, PostContent):
        return content.text, [
            ("Link", content.link),
            *chain.from_iterable(map(_media, content.media)),
        ]
    return _crm(content), [(_property(name), value) for name, value in content.properties.items()]


def _media(media: Media) -> list[tuple[str, str | None]]:
    if media.file:
        return [("Picture or film", media.alt_text or media.brief or "as supplied")]
    return [
        ("Picture or film, still to be made", media.brief or "no brief yet"),
        ("What it shows", media.alt_text),
    ]


def _property(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _crm(content: CrmContent) -> str:
    action = {
        "upsert_contact": "Add the contacts to the CRM, or bring them up to date there.",
        "set_properties": "Set these properties of the contacts.",
        "set_stage": f"Move the contacts to the stage “{content.stage}”.",
        "add_tag": f"Give the contacts the tag “{content.tag}”.",
        "add_to_list": f"Add the contacts to the list “{content.list_name}”.",
        "log_activity": "Note an activity with the contacts.",
    }[content.action]
    return f"{action}\n\n{content.note}" if content.note else action
