"""The budget: where the money goes, and whether the lines add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, in_short, present, section, table
from aicmo.packaging.outline import Bar, BarChart, Block, Chapter, Paragraph

if TYPE_CHECKING:
    from decimal import Decimal

    from aicmo.packaging.wording import Wording
    from aicmo.plans.strategy import Budget


def budget(material: Material) -> Chapter | None:
    plan, say = material.document.budget, material.say
    if plan is None:
        return None
    bars = tuple(
        Bar(line.name, float(line.amount), say.money(line.amount, plan.currency))
        for line in plan.lines
    )
    total = say.money(plan.total, plan.currency)
    most = _largest_line(plan, material)
    return Chapter(
        key="budget",
        title=say.text("Budget"),
        conclusion=in_short(
            say.text("{total} ({period}): {line}.", total=total, period=plan.period, line=most),
            say.text("{total} ({period}).", total=total, period=plan.period),
        ),
        sections=present(
            (
                section(
                    say.text("Where the money goes"),
                    BarChart(_largest_share(plan, material), bars, plan.currency),
                    _table(plan, material),
                    Paragraph(arithmetic(plan, material)),
                ),
            )
        ),
    )


def _largest_line(plan: Budget, material: Material) -> str:
    say = material.say
    largest = max(plan.lines, key=lambda line: line.amount)
    amount = say.money(largest.amount, plan.currency)
    share = say.share(largest.amount, plan.total)
    if not share:
        return say.text("{line} takes {amount}", line=largest.name, amount=amount)
    return say.text(
        "{line} takes {amount}, {share} of the budget",
        line=largest.name,
        amount=amount,
        share=share,
    )


def _largest_share(plan: Budget, material: Material) -> str:
    say, lines = material.say, sorted(plan.lines, key=lambda line: -line.amount)
    first = lines[: max(1, len(lines) // 2)]
    share = say.share(sum((line.amount for line in first), start=plan.total * 0), plan.total)
    if not share:
        return _table_caption(plan, say)
    return say.plural(
        "The largest line takes {share} of the budget",
        "The {number} largest lines take {share} of the budget",
        len(first),
        share=share,
    )


def _table_caption(plan: Budget, say: Wording) -> str:
    return say.plural(
        "{number} budget line ({period})",
        "{number} budget lines ({period})",
        len(plan.lines),
        period=plan.period,
    )


def _spent(plan: Budget) -> Decimal:
    return sum((line.amount for line in plan.lines), start=plan.total * 0)


def _table(plan: Budget, material: Material) -> Block | None:
    say = material.say
    rows = [
        (
            line.name,
            say.money(line.amount, plan.currency),
            say.share(line.amount, plan.total),
            line.note,
        )
        for line in plan.lines
    ]
    spent = _spent(plan)
    total = (
        say.plural("Sum of the line", "Sum of the lines", len(plan.lines)),
        say.money(spent, plan.currency),
        say.share(spent, plan.total),
        "",
    )
    numbers = (say.text("Amount"), say.text("Share of the total"))
    columns = (say.text("Line"), *numbers, say.text("Note"))
    return table(_table_caption(plan, say), columns, rows, numeric=numbers, total=total)


def arithmetic(plan: Budget, material: Material) -> str:
    """Whether the lines add up to the total, and what is missing or over if they don't."""
    say, spent = material.say, _spent(plan)
    total = say.money(plan.total, plan.currency)
    if spent == plan.total:
        return say.text("The lines add up to the total of {total}.", total=total)
    difference = say.money(abs(plan.total - spent), plan.currency)
    lines = say.money(spent, plan.currency)
    if spent < plan.total:
        return say.text(
            "The lines add up to {lines}, the total is {total}: "
            "{difference} is not assigned to a line yet.",
            lines=lines,
            total=total,
            difference=difference,
        )
    return say.text(
        "The lines add up to {lines}, the total is {total}: the lines are {difference} over it.",
        lines=lines,
        total=total,
        difference=difference,
    )
