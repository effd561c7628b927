"""The chapters that count: measurement, budget, open questions, appendix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import (
    NO_BASELINE,
    NO_SOURCE,
    Material,
    present,
    section,
    table,
)
from aicmo.packaging.outline import (
    Bar,
    BarChart,
    Block,
    Bullets,
    Chapter,
    Paragraph,
    Section,
)
from aicmo.packaging.wording import count, listing
from aicmo.plans.items import EmailContent, PostContent

if TYPE_CHECKING:
    from decimal import Decimal

    from aicmo.plans.items import Item
    from aicmo.plans.strategy import Budget, Kpi, Target

Question = tuple[str, str | None, str | None]


def measurement(material: Material) -> Chapter | None:
    kpis = material.document.kpis
    sections = present(
        (
            _kpi_table("Primary measures", "primary", material),
            _kpi_table("Secondary measures", "secondary", material),
            _objective_targets(material),
        )
    )
    if not sections:
        return None
    if not kpis:
        return Chapter(
            "measurement", "Measurement", "The objectives' targets are measured.", sections
        )
    first = next((one for one in kpis if one.tier == "primary"), kpis[0])
    goal = material.say.measure(first.target, first.unit, first.target_max)
    measures = count(len(kpis), "measure")
    verb = "show" if len(kpis) > 1 else "shows"
    conclusion = f"{measures} {verb} whether the plan works, first of all {first.name}: {goal}."
    return Chapter("measurement", "Measurement", conclusion, sections)


def _kpi_table(heading: str, tier: str, material: Material) -> Section | None:
    kpis = [one for one in material.document.kpis if one.tier == tier]
    rows = [
        (
            one.name,
            _level(one.baseline, one, material),
            material.say.measure(one.target, one.unit, one.target_max),
            f"{one.better} is better",
            one.source or NO_SOURCE,
        )
        for one in kpis
    ]
    without = sum(one.baseline is None for one in kpis)
    caption = f"{count(len(kpis), f'{tier} measure')} and what each should reach"
    if without:
        caption += f"; {without} without a baseline yet"
    columns = ("Measure", "Today", "Target", "Direction", "Read from")
    return section(heading, table(caption, columns, rows, numeric=("Today", "Target")))


def _level(baseline: Decimal | None, measured: Kpi | Target, material: Material) -> str:
    if baseline is None:
        return NO_BASELINE
    return material.say.measure(baseline, _bare(measured.unit))


def _bare(unit: str) -> str:
    # A baseline isn't `45 by day 90` nor `30% or more`: those words belong to the target.
    for words in (" or more", " or less", " or better"):
        unit = unit.removesuffix(words)
    return "" if unit.startswith("by ") or unit in ("or more", "or less", "or better") else unit


def _objective_targets(material: Material) -> Section | None:
    say = material.say
    rows: list[tuple[str, str, str | None, str | None]] = []
    for objective in material.document.objectives:
        for one in objective.targets:
            target, change = one.target, one.change
            rows.append(
                (
                    one.metric,
                    _level(one.baseline, one, material),
                    None if target is None else say.measure(target, one.unit, one.target_max),
                    None if change is None else say.change(change, one.unit),
                )
            )
    caption = f"{count(len(rows), 'target')} set by the objectives"
    columns = ("Target for", "Today", "To reach", "Change")
    numbers = ("Today", "To reach", "Change")
    return section("What the objectives ask for", table(caption, columns, rows, numeric=numbers))


def budget(material: Material) -> Chapter | None:
    plan = material.document.budget
    if plan is None:
        return None
    say = material.say
    total = say.money(plan.total, plan.currency)
    largest = max(plan.lines, key=lambda line: line.amount)
    share = say.share(largest.amount, plan.total)
    amount = say.money(largest.amount, plan.currency)
    most = f"{largest.name} takes {amount}" + (f", {share} of it" if share else "")
    bars = tuple(
        Bar(line.name, float(line.amount), say.money(line.amount, plan.currency))
        for line in plan.lines
    )
    return Chapter(
        key="budget",
        title="Budget",
        conclusion=f"{total} {_over(plan)}: {most}.",
        sections=present(
            (
                section(
                    "Where the money goes",
                    BarChart(f"{most}: budget by line", bars, plan.currency),
                    _budget_table(plan, material),
                    Paragraph(arithmetic(plan, material)),
                ),
            )
        ),
    )


def _budget_table(plan: Budget, material: Material) -> Block | None:
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
    spent = sum((line.amount for line in plan.lines), start=plan.total * 0)
    lines = "line" if len(plan.lines) == 1 else "lines"
    total = (
        f"Sum of the {lines}",
        say.money(spent, plan.currency),
        say.share(spent, plan.total),
        "",
    )
    return table(
        f"{count(len(plan.lines), 'budget line')} {_over(plan)}",
        ("Line", "Amount", "Share of the total", "Note"),
        rows,
        numeric=("Amount", "Share of the total"),
        total=total,
    )


def arithmetic(plan: Budget, material: Material) -> str:
    """Whether the lines add up to the total, and what is missing or over if they don't."""

    def money(amount: Decimal) -> str:
        return material.say.money(amount, plan.currency)

    spent = sum((line.amount for line in plan.lines), start=plan.total * 0)
    if spent == plan.total:
        return f"The lines add up to the total of {money(plan.total)}."
    both = f"The lines add up to {money(spent)}, the total is {money(plan.total)}"
    if spent < plan.total:
        return f"{both}: {money(plan.total - spent)} is not assigned to a line yet."
    return f"{both}: the lines are {money(spent - plan.total)} over it."


def _over(plan: Budget) -> str:
    return plan.period if plan.period.startswith("per ") else f"for {plan.period}"


def questions(material: Material) -> Chapter | None:
    risks = material.document.risks
    asked = open_questions(material)
    if not (risks or asked):
        return None
    rows = [(str(n), *question) for n, question in enumerate(asked, start=1)]
    number = count(len(asked), "question")
    verb = "is" if len(asked) == 1 else "are"
    answers = f"{number} {verb} still open"
    conclusion = f"{answers[:1].upper()}{answers[1:]}" if asked else "No question is open"
    if risks:
        conclusion += f"; {count(len(risks), 'risk')} to watch"
    return Chapter(
        key="questions",
        title="Risks and open questions" if risks else "Open questions",
        conclusion=f"{conclusion}.",
        sections=present(
            (
                section("Risks", Bullets(risks)) if risks else None,
                section(
                    "What we still need to know",
                    table(answers, ("No.", "Question", "Needed for", "Who answers"), rows),
                ),
            )
        ),
    )


def open_questions(material: Material) -> list[Question]:
    """The plan's own questions, then the gaps that are seen in it: (question, for, owner)."""
    document = material.document
    asked: list[Question] = [(q.question, q.needed_for, q.owner) for q in document.open_questions]
    asked += [
        (f"What is the source of “{fact.fact}”?", "Market facts", None)
        for fact in document.market.facts
        if fact.source is None
    ]
    if names := [one.name for one in document.kpis if one.baseline is None]:
        asked.append((f"Where do these stand today: {listing(names)}?", "Measurement", None))
    if names := [one.name for one in document.kpis if one.source is None]:
        asked.append((f"Where will these be read: {listing(names)}?", "Measurement", None))
    if document.budget is None:
        asked.append(("What is the budget, and how is it split?", "Budget", None))
    asked += [
        (f"When will the picture or film for “{item.title}” be ready?", "The content", None)
        for item in material.items()
        if isinstance(item.content, PostContent) and any(not m.file for m in item.content.media)
    ]
    return asked


def appendix(material: Material) -> Chapter:
    content, say = material.content, material.say
    imported = say.day(content.imported_at.astimezone(say.zone).date())
    waiting = [item for item in material.items() if not _approved(item, material)]
    approval = (
        f"{count(len(waiting), 'piece')} of {len(material.document.items)} "
        f"{'waits' if len(waiting) == 1 else 'wait'} for approval."
        if waiting
        else "Every piece is approved."
    )
    if not material.document.items:
        approval = "The plan has no piece of content yet."
    return Chapter(
        key="appendix",
        title="Appendix",
        conclusion=f"This document follows version {content.plan_version} of the plan, of {imported}.",
        sections=present(
            (
                section(
                    "About this document",
                    Bullets(
                        (
                            f"Plan version {content.plan_version}, imported on {imported}.",
                            f"All times are in {say.zone_name()}.",
                            approval,
                        )
                    ),
                ),
                _sources(material),
                _links(material),
            )
        ),
    )


def _approved(item: Item, material: Material) -> bool:
    status = material.status(item)
    return status is not None and status.approved


def _sources(material: Material) -> Section | None:
    document = material.document
    rows = [(one.fact, one.source) for one in document.market.facts if one.source]
    rows += [(one.name, one.source) for one in document.kpis if one.source]
    caption = f"{count(len(rows), 'figure')} and where each comes from"
    return section("Sources", table(caption, ("Figure", "Source"), rows))


def _links(material: Material) -> Section | None:
    rows: list[tuple[str, str]] = []
    if website := material.document.brand.website:
        rows.append(("Website", website))
    for item in material.items():
        if isinstance(item.content, EmailContent) and item.content.cta:
            rows.append((item.title, item.content.cta.url))
        elif isinstance(item.content, PostContent) and item.content.link:
            rows.append((item.title, item.content.link))
    caption = f"{count(len(rows), 'address', 'addresses')} the content leads to"
    return section("Links", table(caption, ("From", "Address"), rows))
