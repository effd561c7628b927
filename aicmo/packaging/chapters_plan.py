"""How the plan is carried out: the channels' roles, and the roadmap of phases and work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import (
    Material,
    cards,
    details,
    in_short,
    present,
    section,
    table,
)
from aicmo.packaging.outline import Card, Chapter, Section, Span, Timeline
from aicmo.packaging.wording import channel_name

if TYPE_CHECKING:
    from datetime import date

    from aicmo.plans.strategy import Journey, Phase


def channels(material: Material) -> Chapter | None:
    roles, say = material.document.channels, material.say
    if not roles:
        return None
    caption = say.plural(
        "{number} channel with a role of its own",
        "{number} channels, each with a role of its own",
        len(roles),
    )
    columns = (say.text("Channel"), say.text("Role"), say.text("Cadence"), say.text("Stopped when"))
    rows = [(channel_name(one.channel), one.role, one.cadence, one.kill_criterion) for one in roles]
    heading = say.text("The role of each channel")
    return Chapter(
        key="channels",
        title=say.text("Channel plan"),
        conclusion=_channels_in_short(material, caption),
        sections=present((section(heading, table(caption, columns, rows)),)),
    )


def _channels_in_short(material: Material, roles: str) -> str:
    say = material.say
    stoppable = sum(one.kill_criterion is not None for one in material.document.channels)
    if not stoppable:
        return say.sentence(roles)
    return say.plural(
        "{roles}; {number} is stopped if it falls short.",
        "{roles}; {number} are stopped if they fall short.",
        stoppable,
        roles=roles,
    )


def roadmap(material: Material) -> Chapter | None:
    say = material.say
    sections = present(
        (_phases(material), _themes(material), _journeys(material), _work_plan(material))
    )
    if not sections:
        return None
    return Chapter("roadmap", say.text("Roadmap"), _roadmap_in_short(material), sections)


def _roadmap_in_short(material: Material) -> str:
    document, say = material.document, material.say
    days = say.days(document.starts_on, document.ends_on)
    if not document.phases:
        return say.text("The plan runs {days}.", days=days)
    number = len(document.phases)
    names = say.listing([one.name.rstrip(".") for one in document.phases])
    return in_short(
        say.plural(
            "{number} phase, {days}: {names}.",
            "{number} phases, {days}: {names}.",
            number,
            days=days,
            names=names,
        ),
        say.plural("{number} phase, {days}.", "{number} phases, {days}.", number, days=days),
    )


def _phases(material: Material) -> Section | None:
    phases, say = material.document.phases, material.say
    if not phases:
        return None
    spans = tuple(
        Span(
            one.name,
            _fraction(one.starts_on, material),
            _fraction(one.ends_on, material, whole_day=1),
            say.days(one.starts_on, one.ends_on),
        )
        for one in phases
    )
    caption = say.plural(
        "{number} phase: {names}",
        "{number} phases: {names}",
        len(phases),
        names=say.listing([one.name for one in phases]),
    )
    return section(
        say.text("Phases"),
        Timeline(caption, spans),
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
        text=_list(phase.tactics),
    )


def _list(points: tuple[str, ...]) -> str:
    return "\n".join(f"• {point}" for point in points)


def _themes(material: Material) -> Section | None:
    themes, say = material.document.themes, material.say
    rows = [
        (one.slot, one.theme, say.channels(one.channels), "; ".join(one.messages), one.cta)
        for one in themes
    ]
    columns = (
        say.text("When"),
        say.text("Theme"),
        say.text("Channels"),
        say.text("Messages"),
        say.text("Call to action"),
    )
    caption = say.plural(
        "The calendar in {number} theme", "The calendar in {number} themes", len(themes)
    )
    return section(say.text("Themes"), table(caption, columns, rows))


def _journeys(material: Material) -> Section | None:
    journeys = material.document.journeys
    heading = material.say.text("Journeys")
    return section(heading, cards(_journey(one, material) for one in journeys))


def _journey(journey: Journey, material: Material) -> Card:
    say = material.say
    return Card(
        title=journey.name,
        text="\n".join(f"{number}. {step}" for number, step in enumerate(journey.steps, start=1)),
        details=details(
            (say.text("Starts with"), journey.trigger),
            (say.text("Incentive"), journey.incentive),
            (say.text("Target"), _aim(journey, material)),
        ),
    )


def _aim(journey: Journey, material: Material) -> str | None:
    target, say = journey.target, material.say
    if target and target.target is not None:
        return f"{target.metric}: {say.measure(target.target, target.unit, target.target_max)}"
    if target and target.change is not None:
        return f"{target.metric}: {say.change(target.change, target.unit)}"
    return None


def _work_plan(material: Material) -> Section | None:
    blocks = (Card(title=one.when, text=_list(one.tasks)) for one in material.document.work_plan)
    return section(material.say.text("Work plan"), cards(blocks))
