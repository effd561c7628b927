"""From first contact to customer, and how many stay: the sections that reckon."""

from __future__ import annotations

from decimal import Decimal

from aicmo.packaging.chapter_parts import Material, section, table
from aicmo.packaging.outline import Bar, BarChart, Paragraph, Section, Table

_PERCENT = "%"


def funnel(material: Material) -> Section | None:
    """The stages with their numbers; None if the plan has none."""
    if not material.document.funnel:
        return None
    return section(material.say.text("The funnel"), _chart(material), _table(material))


def _chart(material: Material) -> BarChart | None:
    """Bars of the stages that are counted; None if that is no way from one to another."""
    say = material.say
    counted = [(one.name, one.count) for one in material.document.funnel if one.count is not None]
    if len(counted) < 2 or not counted[0][1]:  # noqa: PLR2004  (a way has two ends)
        return None
    (first, most), (last, least) = counted[0], counted[-1]
    caption = say.text(
        "From {first} to {last}: {share}", first=first, last=last, share=say.share(least, most)
    )
    bars = tuple(Bar(name, float(number), say.number(number)) for name, number in counted)
    return BarChart(caption, bars, unit="")


def _table(material: Material) -> Table | None:
    say, stages, budget = material.say, material.document.funnel, material.document.budget
    rows = [
        (
            one.name,
            None if one.count is None else say.number(one.count),
            None if one.rate is None else say.measure(one.rate, _PERCENT),
            None
            if one.cost_each is None or budget is None
            else say.money(one.cost_each, budget.currency),
            one.budget_line,
        )
        for one in stages
    ]
    numbers = (
        say.text("How many"),
        say.text("Of the stage before"),
        say.text("Cost of each"),
    )
    caption = say.plural(
        "{number} stage from first contact to customer",
        "{number} stages from first contact to customer",
        len(stages),
    )
    columns = (say.text("Stage"), *numbers, say.text("Paid from"))
    return table(caption, columns, rows, numeric=numbers)


def retention(material: Material) -> Section | None:
    """How many stay if as many leave each month, next to how many should."""
    plan, say = material.document.retention, material.say
    if plan is None:
        return None
    stay = (1 - plan.monthly_churn / 100) ** plan.months * 100
    told = say.plural(
        "{churn} leave in a month: {left} stay after {number} month. The target is {target}.",
        "{churn} leave in a month: {left} stay after {number} months. The target is {target}.",
        plan.months,
        churn=say.measure(plan.monthly_churn, _PERCENT),
        left=say.measure(_rounded(stay), _PERCENT),
        target=say.measure(plan.target, _PERCENT),
    )
    return section(say.text("Who stays"), Paragraph(told))


def _rounded(percent: Decimal) -> Decimal:
    return round(percent, 1)
