"""Whether the plan's figures can all be true together.

A sum that is wrong is a blocker; a target that its own figures make improbable is a warning that
a person has to answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from aicmo.packaging.quality.finding import Finding
from aicmo.plans.checking import check_budget

if TYPE_CHECKING:
    from aicmo.plans.document import ProjectDocument
    from aicmo.plans.strategy import Budget, Kpi, Stage

_SHARE = re.compile(
    r"(\d{1,3}(?:[.,]\d+)?)\s?%(?: \w+){0,3} (?:budget|total|budgets|presupuesto|orçamento)\.?",
    re.IGNORECASE,
)
_TENTH = Decimal("0.1")


def budget(document: ProjectDocument) -> Iterator[Finding]:
    """Lines that don't add up, lines of one name, shares that the notes state wrongly."""
    for problem in check_budget(document):
        wrong = problem.place == "budget.total"
        fix = (
            "Give every amount a line (a reserve is one), or correct the total"
            if wrong
            else "Give each line a name of its own"
        )
        severity = "blocker" if wrong else "warning"
        yield Finding(severity, "budget does not add up", problem.place, problem.message, fix)
    if document.budget:
        yield from _shares(document.budget)


def _shares(plan: Budget) -> Iterator[Finding]:
    for at, line in enumerate(plan.lines):
        said = _SHARE.fullmatch(line.note or "")
        if said is None or not plan.total:
            continue
        share = 100 * line.amount / plan.total
        if abs(share - Decimal(said[1].replace(",", "."))) >= 1:
            evidence = f"the note says {said[1]} %; {line.amount:,f} of {plan.total:,f} is {_percent(share)}"
            fix = "Correct the note or the amount"
            yield Finding(
                "blocker", "budget does not add up", f"budget.lines[{at}].note", evidence, fix
            )


def costs(document: ProjectDocument) -> Iterator[Finding]:
    """Stages of the funnel that cost more than what is there to pay for them."""
    plan = document.budget
    for at, (stage, number) in enumerate(_counted(document.funnel)):
        if plan is None or stage.cost_each is None or number is None:
            continue
        line = next((one for one in plan.lines if one.name == stage.budget_line), None)
        name, amount = (line.name, line.amount) if line else ("the whole budget", plan.total)
        cost = number * stage.cost_each
        if cost > amount:
            evidence = (
                f"{stage.name}: {_number(number)} × {_number(stage.cost_each)} = "
                f"{_number(cost)} {plan.currency}; {name} holds {_number(amount)}"
            )
            fix = "Raise the amount, lower the cost of each, or plan for fewer"
            yield Finding("warning", "costs above the budget", f"funnel[{at}]", evidence, fix)


def funnel(document: ProjectDocument) -> Iterator[Finding]:
    """Each count must follow from the one before, and agree with the KPI of its name."""
    counted = list(_counted(document.funnel))
    for at, ((before, reach), (stage, _)) in enumerate(pairwise(counted), start=1):
        place = f"funnel[{at}]"
        if reach is None or stage.count is None:
            continue
        if stage.rate is not None:
            yield from _follows(place, before, reach, stage, stage.count, stage.rate)
        elif stage.count > reach:
            evidence = f"{_number(stage.count)} {stage.name} out of {_number(reach)} {before.name}"
            fix = "Check which of the two is right: more come out than go in"
            yield Finding("warning", "funnel does not add up", place, evidence, fix)
    kpis = {kpi.name.casefold(): kpi for kpi in document.kpis}
    for at, (stage, number) in enumerate(counted):
        kpi = kpis.get(stage.name.casefold())
        if kpi and number is not None and not _agree(kpi, number):
            evidence = f"{stage.name}: the funnel gives {_number(number)}, the KPI aims at {_number(kpi.target)}"
            fix = "Give both the same figure"
            yield Finding("blocker", "funnel does not add up", f"funnel[{at}]", evidence, fix)


def _follows(
    place: str, before: Stage, reach: Decimal, stage: Stage, count: Decimal, rate: Decimal
) -> Iterator[Finding]:
    expected = reach * rate / 100
    if abs(expected - count) >= max(Decimal(1), count / 100):
        evidence = (
            f"{_number(reach)} {before.name} × {_number(rate)} % = {_number(expected)}, "
            f"not {_number(count)} {stage.name}"
        )
        yield Finding(
            "blocker", "funnel does not add up", place, evidence, "Correct the count or the rate"
        )


def _agree(kpi: Kpi, number: Decimal) -> bool:
    most = kpi.target_max or kpi.target
    low, high = sorted((kpi.target, most))
    return kpi.unit.startswith("%") or low - 1 < number < high + 1


def _counted(stages: tuple[Stage, ...]) -> Iterator[tuple[Stage, Decimal | None]]:
    """Each stage with its count: as stated, or as it follows from the stage before."""
    reach: Decimal | None = None
    for stage in stages:
        follows = reach * stage.rate / 100 if reach is not None and stage.rate is not None else None
        reach = stage.count if stage.count is not None else follows
        yield stage, reach


def retention(document: ProjectDocument) -> Iterator[Finding]:
    """Monthly churn, compounded over the months, against the share that is to stay."""
    plan = document.retention
    if plan is None:
        return
    kept = 100 * (1 - plan.monthly_churn / 100) ** plan.months
    if kept < plan.target:
        needed = 100 * (1 - (plan.target / 100) ** (Decimal(1) / plan.months))
        most = _number(needed.quantize(_TENTH, ROUND_FLOOR))
        evidence = (
            f"{_number(plan.monthly_churn)} % churn a month keeps {_percent(kept)} after "
            f"{plan.months} months, short of {_number(plan.target)} %"
        )
        fix = f"Aim at a churn of {most} % a month or less, or at a lower retention"
        yield Finding("warning", "churn above the target", "retention", evidence, fix)


def _percent(value: Decimal) -> str:
    return f"{_number(value.quantize(_TENTH))} %"


def _number(value: Decimal) -> str:
    """`15,000`, `3.5`: without zeros at the end, at most two decimals."""
    shown = f"{value:,.2f}"
    return shown.rstrip("0").rstrip(".")
