"""The strategy: approach, message, pillars, concepts and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, cards, details, in_short, present, section
from aicmo.packaging.outline import Bullets, Card, Chapter, Paragraph, Section

if TYPE_CHECKING:
    from decimal import Decimal

    from aicmo.plans.strategy import Offer, Topic


def strategy(material: Material) -> Chapter:
    plan, say = material.document.strategy, material.say
    offers = material.document.offers
    return Chapter(
        key="strategy",
        title=say.text("Strategy"),
        conclusion=_pillars_in_short(material),
        sections=present(
            (
                section(say.text("The approach"), Paragraph(plan.summary, lead=True)),
                _message(material),
                _pillars(material),
                _concepts(material),
                section(say.text("Offers"), cards(_offer(one, material) for one in offers)),
                *(_topic(one) for one in material.document.topics),
            )
        ),
    )


def _pillars_in_short(material: Material) -> str:
    say, pillars = material.say, material.document.strategy.pillars
    return in_short(
        say.plural(
            "{number} pillar carries the plan: {names}.",
            "{number} pillars carry the plan: {names}.",
            len(pillars),
            names=say.listing([one.name.rstrip(".") for one in pillars]),
        ),
        say.plural(
            "{number} pillar carries the plan.", "{number} pillars carry the plan.", len(pillars)
        ),
    )


def _message(material: Material) -> Section | None:
    message = material.document.strategy.message
    if message is None:
        return None
    return section(
        material.say.text("What we say"),
        Paragraph(message.core, lead=True),
        Bullets(message.proof) if message.proof else None,
    )


def _pillars(material: Material) -> Section | None:
    say = material.say
    pillars = enumerate(material.document.strategy.pillars, start=1)
    return section(
        say.text("Pillars"),
        cards(
            Card(
                one.name,
                "\n\n".join(text for text in (one.idea, one.detail) if text),
                label=say.text("Pillar {number}", number=say.number(number)),
            )
            for number, one in pillars
        ),
    )


def _concepts(material: Material) -> Section | None:
    say = material.say
    return section(
        say.text("Concepts"),
        cards(
            Card(
                one.name,
                one.content,
                details((say.text("Cadence"), one.cadence), (say.text("Drives"), one.drives)),
            )
            for one in material.document.strategy.concepts
        ),
    )


def _topic(topic: Topic) -> Section | None:
    return section(
        topic.title,
        Paragraph(topic.text) if topic.text else None,
        Bullets(topic.points) if topic.points else None,
    )


def _offer(offer: Offer, material: Material) -> Card:
    say = material.say
    return Card(
        title=offer.name,
        text=offer.detail or "",
        details=details(
            (say.text("Price"), _price(offer, offer.price, material)),
            (say.text("Regular price"), _price(offer, offer.regular_price, material)),
            (say.text("Limit"), offer.limit),
        ),
    )


def _price(offer: Offer, amount: Decimal | None, material: Material) -> str | None:
    if amount is None or offer.currency is None:
        return None
    money = material.say.money(amount, offer.currency)
    return (
        material.say.text("{price} per {unit}", price=money, unit=offer.per) if offer.per else money
    )
