"""The executive summary: what it is for, what is planned, and what has to be decided."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, is_short, present, section
from aicmo.packaging.chapters_measurement import level
from aicmo.packaging.chapters_questions import open_questions
from aicmo.packaging.outline import (
    Bullets,
    Callout,
    Chapter,
    Figure,
    Figures,
    Paragraph,
    Section,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aicmo.plans.strategy import Target

_MOST_QUESTIONS = 3


def glance(material: Material) -> Chapter:
    document, say = material.document, material.say
    idea = document.strategy.big_idea
    return Chapter(
        key="glance",
        title=say.text("Executive summary"),
        conclusion=_aim(material),
        sections=present(
            (
                _objectives(material),
                section(say.text("The big idea"), Paragraph(idea, lead=True)) if idea else None,
                section(say.text("The approach in short"), Paragraph(document.strategy.summary)),
                section(
                    say.text("What is planned"),
                    Paragraph(say.text("The plan runs {days}.", days=_campaign(material))),
                    Figures(tuple(_planned(material))),
                ),
                _needed(material),
            )
        ),
    )


def _campaign(material: Material) -> str:
    return material.say.days(material.document.starts_on, material.document.ends_on)


def _aim(material: Material) -> str:
    document, say = material.document, material.say
    aim = _with_horizon(material, 0)
    if is_short(aim):
        return aim
    return say.plural(
        "{client} works towards {number} objective until {day}.",
        "{client} works towards {number} objectives until {day}.",
        len(document.objectives),
        client=document.brand.name,
        day=say.day(document.ends_on),
    )


def _with_horizon(material: Material, number: int) -> str:
    objective, say = material.document.objectives[number], material.say
    days, statement = objective.horizon_days, objective.statement.strip().rstrip(".")
    if days is None or re.search(rf"(?<!\d){days}(?!\d)", statement):
        return say.sentence(objective.statement)
    return say.plural(
        "{statement}, within {number} day.",
        "{statement}, within {number} days.",
        days,
        statement=statement,
    )


def _objectives(material: Material) -> Section | None:
    objectives, say = material.document.objectives, material.say
    aims = [_with_horizon(material, number) for number in range(len(objectives))]
    targets = [_target(one, material) for each in objectives for one in each.targets]
    return section(
        say.plural("The objective", "The objectives", len(objectives)),
        *(Paragraph(aim, lead=True) for aim in aims if aim != _aim(material)),
        Figures(tuple(targets)) if targets else None,
    )


def _target(target: Target, material: Material) -> Figure:
    say = material.say
    start = level(target.baseline, target.unit, say)
    note = say.text("today: {level}", level=start) if target.baseline is not None else start
    if target.target is None:
        change = "" if target.change is None else say.change(target.change, target.unit)
        return Figure(value=change, label=target.metric, note=note)
    amount, unit = say.amount_and_unit(target.target, target.unit, target.target_max)
    first, _, rest = unit.partition(" ")
    # `Active members, 200 members by day 90` would name them twice.
    unit = rest if first.lower() in target.metric.lower().split() else unit
    label = f"{target.metric}, {unit}" if unit else target.metric
    return Figure(value=amount, label=label, note=note)


def _planned(material: Material) -> Iterator[Figure]:
    document, say = material.document, material.say
    if pieces := len(document.items):
        used = len({item.channel for item in document.items})
        yield Figure(
            say.number(pieces),
            say.plural("Planned piece", "Planned pieces", pieces),
            say.plural("on {number} channel", "on {number} channels", used),
        )
    if budget := document.budget:
        amount = say.money(budget.total, budget.currency)
        yield Figure(amount, say.text("Budget"), budget.period)
    if measures := len(document.kpis):
        label = say.plural("Measure of success", "Measures of success", measures)
        yield Figure(say.number(measures), label)
    pillars = len(document.strategy.pillars)
    yield Figure(say.number(pillars), say.plural("Pillar", "Pillars", pillars))


def _needed(material: Material) -> Section | None:
    say, asked = material.say, open_questions(material)
    waiting = bool(material.unapproved())
    if not (waiting or asked):
        return None
    more = len(asked) - _MOST_QUESTIONS
    rest = say.plural(
        "{number} more question in the chapter on open questions.",
        "{number} more questions in the chapter on open questions.",
        more,
    )
    return section(
        say.text("What we need from you"),
        Callout(_deadline(material), say.sentences(_decision(material))),
        Bullets(tuple(one.question for one in asked[:_MOST_QUESTIONS])) if asked else None,
        Paragraph(rest) if more > 0 else None,
    )


def _deadline(material: Material) -> str:
    if waiting := material.unapproved():
        day = material.say.day(material.day_of(waiting[0]))
        return material.say.text("Decision needed before {day}", day=day)
    return material.say.text("Answers needed")


def _decision(material: Material) -> Iterator[str]:
    """What is to be decided, by when, and what it costs."""
    say, budget = material.say, material.document.budget
    if waiting := material.unapproved():
        yield say.plural(
            "Approve {number} piece: it goes out {moment}.",
            "Approve {number} pieces: the first goes out {moment}.",
            len(waiting),
            moment=say.moment(say.sends_at(waiting[0])),
        )
    if waiting and budget:
        total = say.money(budget.total, budget.currency)
        yield say.text("The budget is {total} ({period}).", total=total, period=budget.period)
    if asked := len(open_questions(material)):
        yield say.plural("Answer {number} open question.", "Answer {number} open questions.", asked)
