"""The chapter on what has happened so far, with its proof."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, present, section, table
from aicmo.packaging.client_words import (
    OUTCOMES,
    feedback_name,
    has_results,
    in_client_words,
    outcome_name,
    outcomes,
    results,
)
from aicmo.packaging.outline import Chapter, Figure, Figures, Paragraph, Section
from aicmo.packaging.wording import CHANNEL_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aicmo.packaging.content import ItemStatus
    from aicmo.plans.items import Item


def execution(material: Material) -> Chapter | None:
    """What has happened to the items so far; None before anything has."""
    if not any(has_results(material.status(item)) for item in material.items()):
        return None
    done = [item for item in material.items() if _counts([item], material)]
    counts, say = _counts(done, material), material.say
    return Chapter(
        key="execution",
        title=say.text("Execution so far"),
        conclusion=say.plural(
            "{number} delivery so far: {outcomes}.",
            "{number} deliveries so far: {outcomes}.",
            sum(counts.values()),
            outcomes=outcomes(counts, say),
        ),
        sections=present(
            (
                section(say.text("The results"), _figures(counts, material)),
                _piece_by_piece(done, material),
                _reasons(done, material),
                _feedback(done, material),
                _published(done, material),
                _proof(material),
            )
        ),
    )


def _counts(items: Iterable[Item], material: Material) -> Counter[str]:
    """Deliveries by result, without those that wait."""
    counts = Counter[str]()
    for item in items:
        counts.update(material.status(item).counts)
    return Counter({state: counts[state] for state in OUTCOMES if counts[state]})


def _figures(counts: Counter[str], material: Material) -> Figures:
    say = material.say
    return Figures(
        tuple(Figure(say.number(n), outcome_name(state, say)) for state, n in counts.items())
    )


def _piece_by_piece(done: Sequence[Item], material: Material) -> Section | None:
    say = material.say
    rows = [
        (
            item.title,
            CHANNEL_NAMES[item.channel],
            say.moment(say.sends_at(item)),
            _sent(material.status(item), material),
            results(material.status(item), say),
            _told(item, material),
        )
        for item in done
    ]
    caption = say.plural(
        "{done} of {number} piece with results",
        "{done} of {number} pieces with results",
        len(material.document.items),
        done=say.number(len(done)),
    )
    columns = (
        say.text("Piece"),
        say.text("Channel"),
        say.text("Planned for"),
        say.text("Sent"),
        say.text("Result"),
        say.text("Reasons"),
    )
    source = say.text("Times are in {zone}.", zone=say.zone_name())
    return section(say.text("Piece by piece"), table(caption, columns, rows, source=source))


def _sent(status: ItemStatus, material: Material) -> str | None:
    """When it went out: `first – last`."""
    if status.first_sent_at is None or status.last_sent_at is None:
        return None
    first, last = (
        material.say.moment(status.first_sent_at),
        material.say.moment(status.last_sent_at),
    )
    return first if first == last else f"{first} – {last}"


def _told(item: Item, material: Material) -> str:
    say = material.say
    reasons = in_client_words(material.status(item).reasons, say)
    return "; ".join(f"{reason} ({say.number(n)})" for reason, n in reasons.items())


def _reasons(done: Sequence[Item], material: Material) -> Section | None:
    say, reasons = material.say, Counter[str]()
    for item in done:
        reasons.update(in_client_words(material.status(item).reasons, say))
    caption = say.plural(
        "{number} reason explains what did not go out",
        "{number} reasons explain what did not go out",
        len(reasons),
    )
    return _tally(
        say.text("Why something did not go out"), caption, say.text("Reason"), reasons, material
    )


def _feedback(done: Sequence[Item], material: Material) -> Section | None:
    say, came_back = material.say, Counter[str]()
    for item in done:
        came_back.update(material.status(item).feedback)
    caption = say.plural(
        "{number} answer to what was sent",
        "{number} answers to what was sent",
        sum(came_back.values()),
    )
    named = Counter({feedback_name(kind, say): n for kind, n in came_back.items()})
    return _tally(say.text("What came back"), caption, say.text("Answer"), named, material)


def _tally(
    heading: str, caption: str, name: str, counts: Counter[str], material: Material
) -> Section | None:
    """What was counted, the most frequent first."""
    say = material.say
    rows = [(told, say.number(n)) for told, n in counts.most_common()]
    number = say.text("Deliveries")
    return section(heading, table(caption, (name, number), rows, numeric=(number,)))


def _published(done: Sequence[Item], material: Material) -> Section | None:
    say = material.say
    rows = [(item.title, link) for item in done for link in material.status(item).links]
    caption = say.plural(
        "{number} address where it can be seen",
        "{number} addresses where it can be seen",
        len(rows),
    )
    columns = (say.text("Piece"), say.text("Address"))
    return section(say.text("Where it can be seen"), table(caption, columns, rows))


def _proof(material: Material) -> Section | None:
    ledger, say = material.content.ledger, material.say
    if not ledger.audit_hash:
        return None
    digest = ledger.audit_hash
    grouped = " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))
    return section(
        say.text("Proof"),
        Paragraph(
            say.text(
                "Every delivery is recorded in a chain in which each entry contains the hash of "
                "the one before it. Its newest entry is number {number}, with the SHA-256 {digest}.",
                number=say.number(ledger.audit_number),
                digest=grouped,
            )
        ),
    )
