"""The chapters that explain: at a glance, situation and audience, strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import (
    NO_BASELINE,
    NO_SOURCE,
    Material,
    cards,
    details,
    present,
    section,
    table,
)
from aicmo.packaging.outline import Bullets, Card, Chapter, Figure, Figures, Paragraph, Section
from aicmo.packaging.wording import channels, count, listing, sentence

if TYPE_CHECKING:
    from decimal import Decimal

    from aicmo.plans.strategy import Offer, Target, Topic

_LONGEST_CONCLUSION = 180
_MOST_QUESTIONS = 3


def glance(material: Material) -> Chapter:
    document, say = material.document, material.say
    aim = _aim(material)
    statements = [_with_horizon(one.statement, one.horizon_days) for one in document.objectives]
    targets = [_target_figure(t, material) for one in document.objectives for t in one.targets]
    idea = document.strategy.big_idea
    return Chapter(
        key="glance",
        title="At a glance",
        conclusion=aim,
        sections=present(
            (
                section(
                    "The objective" if len(statements) == 1 else "The objectives",
                    *(Paragraph(one, lead=True) for one in statements if one != aim),
                    Figures(tuple(targets)) if targets else None,
                ),
                section("The big idea", Paragraph(idea, lead=True)) if idea else None,
                section("The approach in short", Paragraph(document.strategy.summary)),
                section(
                    "What is planned",
                    Paragraph(f"The plan runs {say.days(document.starts_on, document.ends_on)}."),
                    Figures(tuple(_planned(material))),
                ),
                _needed(material),
            )
        ),
    )


def _needed(material: Material) -> Section | None:
    asked = [one.question for one in material.document.open_questions]
    if not asked:
        return None
    more = len(asked) - _MOST_QUESTIONS
    rest = f"{count(more, 'more question')} in the chapter on open questions."
    return section(
        "What we need to know",
        Bullets(tuple(asked[:_MOST_QUESTIONS])),
        Paragraph(rest[:1].upper() + rest[1:]) if more > 0 else None,
    )


def _aim(material: Material) -> str:
    first = material.document.objectives[0]
    aim = _with_horizon(first.statement, first.horizon_days)
    if "\n" not in aim and len(aim) <= _LONGEST_CONCLUSION:
        return aim
    document = material.document
    number = count(len(document.objectives), "objective")
    return (
        f"{document.brand.name} works towards {number} until {material.say.day(document.ends_on)}."
    )


def _with_horizon(statement: str, days: int | None) -> str:
    bare = statement.rstrip().rstrip(".")
    if days is None or f"{days} day" in bare or f"{days}-day" in bare:
        return sentence(statement)
    return f"{bare}, within {count(days, 'day')}."


def _target_figure(target: Target, material: Material) -> Figure:
    start, say = _baseline(target, material), material.say
    if target.target is None:
        change = "" if target.change is None else say.change(target.change, target.unit)
        return Figure(value=change, label=target.metric, note=start)
    amount, unit = say.amount_and_unit(target.target, target.unit, target.target_max)
    first, _, rest = unit.partition(" ")
    # `Active members, 200 members by day 90` would name them twice.
    unit = rest if first.lower() in target.metric.lower().split() else unit
    return Figure(
        value=amount, label=f"{target.metric}, {unit}" if unit else target.metric, note=start
    )


def _baseline(target: Target, material: Material) -> str:
    if target.baseline is None:
        return NO_BASELINE
    return f"from {material.say.measure(target.baseline, target.unit)}"


def _planned(material: Material) -> list[Figure]:
    document, say = material.document, material.say
    figures: list[Figure] = []
    if document.items:
        used = {item.channel for item in document.items}
        pieces = "Planned piece" if len(document.items) == 1 else "Planned pieces"
        figures.append(
            Figure(say.number(len(document.items)), pieces, f"on {count(len(used), 'channel')}")
        )
    if document.budget:
        budget = document.budget
        figures.append(Figure(say.money(budget.total, budget.currency), "Budget", budget.period))
    if document.kpis:
        measures = "Measure of success" if len(document.kpis) == 1 else "Measures of success"
        figures.append(Figure(say.number(len(document.kpis)), measures))
    if not figures:
        figures.append(Figure(say.number(len(document.strategy.pillars)), "Pillars"))
    return figures


def situation(material: Material) -> Chapter:
    document = material.document
    market = document.market
    return Chapter(
        key="situation",
        title="Situation and audience",
        conclusion=_audience_in_short(market.primary, len(document.personas)),
        sections=present(
            (
                _brand(material),
                section(
                    "Who the plan is for",
                    Paragraph(market.primary, lead=True),
                    Paragraph(f"Also: {market.secondary}") if market.secondary else None,
                ),
                section("What they need", Bullets(market.needs)) if market.needs else None,
                section("What holds them back", Bullets(market.barriers))
                if market.barriers
                else None,
                _facts(material),
                section(
                    "Personas",
                    cards(
                        Card(
                            title=one.name,
                            label=one.role,
                            details=details(
                                ("Wants", one.wants),
                                ("Objection", one.objection),
                                ("Reached on", channels(one.channels)),
                            ),
                        )
                        for one in document.personas
                    ),
                ),
                _segments(material),
            )
        ),
    )


def _audience_in_short(primary: str, personas: int) -> str:
    if "\n" in primary or len(primary) > _LONGEST_CONCLUSION:
        return f"The plan has one primary audience, drawn as {count(personas, 'persona')}."
    return f"The primary audience: {sentence(primary[:1].lower() + primary[1:])}"


def _brand(material: Material) -> Section | None:
    brand = material.document.brand
    return section(
        "The brand",
        Paragraph(brand.position) if brand.position else None,
        cards(
            [
                Card(
                    title=brand.name,
                    label=brand.industry,
                    text=brand.offer,
                    details=details(("Where", brand.location), ("Voice", listing(brand.voice))),
                )
            ]
        ),
    )


def _facts(material: Material) -> Section | None:
    facts, say = material.document.market.facts, material.say
    rows = [
        (
            one.fact,
            None if one.value is None else say.measure(one.value, one.unit or "").strip(),
            one.source or NO_SOURCE,
        )
        for one in facts
    ]
    unsourced = sum(one.source is None for one in facts)
    caption = f"{count(len(facts), 'market fact')}; " + (
        f"{unsourced} still to be sourced" if unsourced else "each with its source"
    )
    return section(
        "What we know of the market",
        table(caption, ("Fact", "Figure", "Source"), rows, numeric=("Figure",)),
    )


def _segments(material: Material) -> Section | None:
    segments = material.document.segments
    rows = [(one.name, one.rule, one.aim) for one in segments]
    caption = f"{count(len(segments), 'segment')} of contacts, each addressed in its own way"
    return section("Segments", table(caption, ("Segment", "Who belongs to it", "Aim"), rows))


def strategy(material: Material) -> Chapter:
    document = material.document
    plan = document.strategy
    names = sentence(listing([one.name for one in plan.pillars]))
    pillars = count(len(plan.pillars), "pillar")
    return Chapter(
        key="strategy",
        title="Strategy",
        conclusion=f"{pillars[:1].upper()}{pillars[1:]} carry the plan: {names}"
        if len(plan.pillars) > 1
        else f"One pillar carries the plan: {names}",
        sections=present(
            (
                section("The approach", Paragraph(plan.summary, lead=True)),
                _message(material),
                _pillars(material),
                _concepts(material),
                section("Offers", cards(_offer(one, material) for one in document.offers)),
                *(_topic(one) for one in document.topics),
            )
        ),
    )


def _pillars(material: Material) -> Section | None:
    pillars = enumerate(material.document.strategy.pillars, start=1)
    return section(
        "Pillars",
        cards(
            Card(one.name, _joined(one.idea, one.detail), label=f"Pillar {number}")
            for number, one in pillars
        ),
    )


def _concepts(material: Material) -> Section | None:
    return section(
        "Concepts",
        cards(
            Card(one.name, one.content, details(("Cadence", one.cadence), ("Drives", one.drives)))
            for one in material.document.strategy.concepts
        ),
    )


def _topic(topic: Topic) -> Section | None:
    return section(
        topic.title,
        Paragraph(topic.text) if topic.text else None,
        Bullets(topic.points) if topic.points else None,
    )


def _joined(*texts: str | None) -> str:
    return "\n\n".join(text for text in texts if text)


def _message(material: Material) -> Section | None:
    plan = material.document.strategy
    if plan.message is None:
        return None
    return section(
        "What we say",
        Paragraph(plan.message.core, lead=True),
        Bullets(plan.message.proof) if plan.message.proof else None,
    )


def _offer(offer: Offer, material: Material) -> Card:
    return Card(
        title=offer.name,
        text=offer.detail or "",
        details=details(
            ("Price", _price(offer, offer.price, material)),
            ("Regular price", _price(offer, offer.regular_price, material)),
            ("Limit", offer.limit),
        ),
    )


def _price(offer: Offer, amount: Decimal | None, material: Material) -> str | None:
    if amount is None or offer.currency is None:
        return None
    money = material.say.money(amount, offer.currency)
    return f"{money} per {offer.per}" if offer.per else money
