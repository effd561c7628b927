"""How success is measured: where each measure stands, and what it should reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, in_short, present, section, table
from aicmo.packaging.chapters_funnel import funnel, retention
from aicmo.packaging.outline import Chapter, Goal, Section, TargetChart
from aicmo.plans.strategy import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from aicmo.packaging.wording import Wording
    from aicmo.plans.strategy import Kpi


def measurement(material: Material) -> Chapter | None:
    say, kpis = material.say, material.document.kpis
    primary = [one for one in kpis if one.tier == "primary"]
    secondary = [one for one in kpis if one.tier == "secondary"]
    sections = present(
        (
            _kpis(say.text("Primary measures"), primary, material),
            _kpis(say.text("Secondary measures"), secondary, material),
            _objective_targets(material),
            funnel(material),
            retention(material),
        )
    )
    if not sections:
        return None
    return Chapter("measurement", say.text("Measurement"), _measures_in_short(material), sections)


def _measures_in_short(material: Material) -> str:
    say, kpis = material.say, material.document.kpis
    if not kpis:
        return _without_measures(material)
    first = next((one for one in kpis if one.tier == "primary"), kpis[0])
    return in_short(
        say.plural(
            "{number} measure shows whether the plan works: {name}, {goal}.",
            "{number} measures show whether the plan works, first of all {name}: {goal}.",
            len(kpis),
            name=first.name,
            goal=say.measure(first.target, first.unit, first.target_max),
        ),
        say.plural(
            "{number} measure shows whether the plan works.",
            "{number} measures show whether the plan works.",
            len(kpis),
        ),
    )


def _without_measures(material: Material) -> str:
    say, document = material.say, material.document
    if number := sum(len(one.targets) for one in document.objectives):
        return say.plural(
            "{number} target of the objectives is measured.",
            "{number} targets of the objectives are measured.",
            number,
        )
    if not document.funnel:
        return say.text("The plan says how many customers are to stay.")
    return say.plural(
        "{number} stage leads from first contact to customer.",
        "{number} stages lead from first contact to customer.",
        len(document.funnel),
    )


def _kpis(heading: str, kpis: Sequence[Kpi], material: Material) -> Section | None:
    say = material.say
    rows = [
        (
            one.name,
            level(one.baseline, one.unit, say),
            say.measure(one.target, one.unit, one.target_max),
            _direction(one, say),
            one.source or say.text("source to be confirmed"),
        )
        for one in kpis
    ]
    today, target = say.text("Today"), say.text("Target")
    columns = (say.text("Measure"), today, target, say.text("Direction"), say.text("Read from"))
    return section(
        heading,
        _kpi_chart(kpis, say),
        table(_kpi_caption(kpis, say), columns, rows, numeric=(today, target)),
    )


def _kpi_caption(kpis: Sequence[Kpi], say: Wording) -> str:
    caption = say.plural(
        "{number} measure and what it should reach",
        "{number} measures and what each should reach",
        len(kpis),
    )
    without = sum(one.baseline is None for one in kpis)
    if not without:
        return caption
    return say.plural(
        "{measures}; {number} without a baseline yet",
        "{measures}; {number} without a baseline yet",
        without,
        measures=caption,
    )


def _direction(kpi: Kpi, say: Wording) -> str:
    if kpi.better == "higher":
        return say.text("higher is better")
    return say.text("lower is better")


def level(baseline: Decimal | None, unit: str, say: Wording) -> str:
    """Where a measure stands today, in words if nobody knows."""
    if baseline is None:
        return say.text("no baseline yet")
    return say.measure(baseline, _bare(unit))


def _bare(unit: str) -> str:
    # A baseline isn't `45 by day 90` nor `30% or more`: those words belong to the target.
    for words in (" or more", " or less", " or better"):
        unit = unit.removesuffix(words)
    return "" if unit.startswith("by ") or unit in ("or more", "or less", "or better") else unit


def _kpi_chart(kpis: Sequence[Kpi], say: Wording) -> TargetChart | None:
    drawn = {one: goal for one in kpis if (goal := _goal(one, say))}
    sources = list(dict.fromkeys(one.source for one in drawn if one.source))
    source = say.text("Read from: {sources}.", sources=say.listing(sources)) if sources else ""
    return _chart(list(drawn.values()), say, source)


def _chart(goals: Sequence[Goal], say: Wording, source: str = "") -> TargetChart | None:
    """The measures whose way can be drawn; None if there are none."""
    if not goals:
        return None
    caption = say.plural(
        "{number} measure from today to its target",
        "{number} measures from today to their targets",
        len(goals),
    )
    return TargetChart(caption, tuple(goals), source)


def _goal(measured: Kpi | Target, say: Wording) -> Goal | None:
    """None without a baseline or a target to get to."""
    start, target = measured.baseline, measured.target
    if start is None or target is None:
        return None
    name = measured.metric if isinstance(measured, Target) else measured.name
    lower = target < start if isinstance(measured, Target) else measured.better == "lower"
    return Goal(
        label=name,
        baseline=float(start),
        target=float(target),
        shown_baseline=level(start, measured.unit, say),
        shown_target=say.measure(target, measured.unit, measured.target_max),
        better="lower" if lower else "higher",
    )


def _objective_targets(material: Material) -> Section | None:
    say = material.say
    targets = [one for each in material.document.objectives for one in each.targets]
    rows = [
        (
            one.metric,
            level(one.baseline, one.unit, say),
            None if one.target is None else say.measure(one.target, one.unit, one.target_max),
            None if one.change is None else say.change(one.change, one.unit),
        )
        for one in targets
    ]
    caption = say.plural(
        "{number} target set by the objectives", "{number} targets set by the objectives", len(rows)
    )
    numbers = (say.text("Today"), say.text("To reach"), say.text("Change"))
    return section(
        say.text("What the objectives ask for"),
        _chart([goal for one in targets if (goal := _goal(one, say))], say),
        table(caption, (say.text("Target for"), *numbers), rows, numeric=numbers),
    )
