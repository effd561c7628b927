"""The chapter on what has happened so far."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, present, section, table
from aicmo.packaging.chapters_calendar import standing
from aicmo.packaging.client_words import in_client_words
from aicmo.packaging.outline import Block, Chapter, Figure, Figures
from aicmo.packaging.wording import CHANNEL_NAMES, count, listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aicmo.packaging.content import ItemStatus
    from aicmo.plans.items import Item


def execution(material: Material) -> Chapter | None:
    """What has happened to the items so far; None before anything has."""
    done = [item for item in material.items() if _happened(item, material)]
    if not done:
        return None
    outcomes = sum((Counter(_status(item, material).counts) for item in done), Counter[str]())
    total = count(sum(outcomes.values()), "delivery", "deliveries")
    words = listing([f"{number} {word}" for word, number in outcomes.items()])
    return Chapter(
        key="execution",
        title="Execution so far",
        conclusion=f"{total} so far: {words}.",
        sections=present(
            (
                section("The results", _result_figures(outcomes, material)),
                section("Piece by piece", _piece_table(done, material)),
                section("Why something did not go out", _reason_table(done, material)),
            )
        ),
    )


def _result_figures(outcomes: Counter[str], material: Material) -> Block:
    return Figures(
        tuple(
            Figure(material.say.number(number), word[:1].upper() + word[1:])
            for word, number in outcomes.items()
        )
    )


def _piece_table(done: Sequence[Item], material: Material) -> Block | None:
    say = material.say
    rows = [
        (
            item.title,
            CHANNEL_NAMES[item.channel],
            say.moment(say.sends_at(item)),
            standing(material.status(item)),
            "; ".join(f"{reason} ({n})" for reason, n in _reasons(item, material).items()),
        )
        for item in done
    ]
    return table(
        f"{count(len(done), 'piece')} of {len(material.document.items)} with results",
        ("Piece", "Channel", "Planned for", "Result", "Reasons"),
        rows,
        source=f"Times are in {say.zone_name()}.",
    )


def _reason_table(done: Sequence[Item], material: Material) -> Block | None:
    reasons = Counter[str]()
    for item in done:
        reasons.update(_reasons(item, material))
    rows = [(reason, material.say.number(n)) for reason, n in reasons.items()]
    columns = ("Reason", "Deliveries")
    return table(_explained(len(reasons)), columns, rows, numeric=("Deliveries",))


def _status(item: Item, material: Material) -> ItemStatus:
    return material.content.items[item.id]


def _reasons(item: Item, material: Material) -> Counter[str]:
    return in_client_words(_status(item, material).reasons)


def _explained(reasons: int) -> str:
    verb = "explains" if reasons == 1 else "explain"
    return f"{count(reasons, 'reason')} {verb} what did not go out"


def _happened(item: Item, material: Material) -> bool:
    status = material.status(item)
    return status is not None and any(status.counts.values())
