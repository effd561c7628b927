"""The content itself: every item's whole text, a section for each month."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, cards, details, present, section
from aicmo.packaging.client_words import has_results, results, standing
from aicmo.packaging.outline import Card, Chapter
from aicmo.packaging.wording import CHANNEL_NAMES, plain_text
from aicmo.plans.items import CrmContent, EmailContent, PostContent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aicmo.packaging.wording import Wording
    from aicmo.plans.items import Item, Media

_Details = list[tuple[str, str | None]]


def pieces(material: Material) -> Chapter | None:
    items, say = material.items(), material.say
    if not items:
        return None
    months = groupby(items, key=lambda item: say.month(material.day_of(item)))
    return Chapter(
        key="content",
        title=say.text("The content"),
        conclusion=say.plural(
            "{number} piece is ready to read, {days}.",
            "{number} pieces are ready to read, {days}.",
            len(items),
            days=material.days_of(items),
        ),
        sections=present(
            section(month, cards(_piece(item, material) for item in of_month))
            for month, of_month in months
        ),
    )


def _piece(item: Item, material: Material) -> Card:
    say, status = material.say, material.status(item)
    text, extra = _written(item.content, say)
    until = say.moment(say.read(item.send_until, item)) if item.send_until else None
    return Card(
        title=item.title,
        label=f"{_format(item, say)} · {say.moment(say.sends_at(item))}",
        text=text,
        details=details(
            *extra,
            (say.text("For"), material.audience_of(item)),
            (say.text("Pillar"), item.pillar),
            (say.text("Theme"), item.theme),
            (say.text("Not after"), until),
            (say.text("Status"), standing(status, say)),
            (say.text("Result"), results(status, say) if has_results(status) else None),
        ),
    )


def _format(item: Item, say: Wording) -> str:
    name = CHANNEL_NAMES[item.channel]
    if not isinstance(item.content, PostContent) or item.content.format == "post":
        return name
    return {
        "reel": say.text("{channel} reel", channel=name),
        "story": say.text("{channel} story", channel=name),
        "carousel": say.text("{channel} carousel", channel=name),
        "article": say.text("{channel} article", channel=name),
    }[item.content.format]


def _written(
    content: EmailContent | PostContent | CrmContent, say: Wording
) -> tuple[str, _Details]:
    """The text of a piece, and what else belongs to it."""
    match content:
        case EmailContent():
            button = f"{content.cta.label} → {content.cta.url}" if content.cta else None
            return plain_text(content.body), [
                (say.text("Subject"), content.subject),
                (say.text("Preview line"), content.preheader),
                (say.text("Button"), button),
            ]
        case PostContent():
            media = [detail for one in content.media for detail in _media(one, say)]
            return content.text, [(say.text("Link"), content.link), *media]
        case CrmContent():
            properties = [(_property(name), value) for name, value in content.properties.items()]
            return crm_text(content, say), [*properties]


def _media(media: Media, say: Wording) -> Iterator[tuple[str, str | None]]:
    if media.source:
        shown = media.alt_text or media.brief or say.text("as supplied")
        yield say.text("Picture or film"), shown
        return
    yield (
        say.text("Picture or film, still to be made"),
        media.brief or say.text("no brief yet"),
    )
    yield say.text("What it shows"), media.alt_text


def _property(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def crm_text(content: CrmContent, say: Wording) -> str:
    """What is done in the CRM, as the text of its piece."""
    action = {
        "upsert_contact": say.text("Add the contacts to the CRM, or bring them up to date there."),
        "set_properties": say.text("Set these properties of the contacts."),
        "set_stage": say.text("Move the contacts to the stage “{stage}”.", stage=content.stage),
        "add_tag": say.text("Give the contacts the tag “{tag}”.", tag=content.tag),
        "add_to_list": say.text("Add the contacts to the list “{name}”.", name=content.list_name),
        "log_activity": say.text("Note an activity with the contacts."),
    }[content.action]
    return f"{action}\n\n{content.note}" if content.note else action
