"""The appendix: sources, links, and what this document was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import Material, present, section, table
from aicmo.packaging.outline import Bullets, Chapter, Section
from aicmo.plans.items import EmailContent, PostContent

if TYPE_CHECKING:
    from datetime import date


def import_day(material: Material) -> date:
    """The day of the plan's version, by the client's calendar."""
    return material.content.imported_at.astimezone(material.say.zone).date()


def appendix(material: Material) -> Chapter:
    say, version = material.say, material.content.plan_version
    day = say.day(import_day(material))
    return Chapter(
        key="appendix",
        title=say.text("Appendix"),
        conclusion=say.text(
            "This document follows version {number} of the plan, of {day}.", number=version, day=day
        ),
        sections=present((_sources(material), _links(material), _about(material))),
    )


def _about(material: Material) -> Section | None:
    say, version = material.say, material.content.plan_version
    day = say.day(import_day(material))
    return section(
        say.text("About this document"),
        Bullets(
            (
                say.text("Plan version {number}, imported on {day}.", number=version, day=day),
                say.text("All times are in {zone}.", zone=say.zone_name()),
                _approval(material),
            )
        ),
    )


def _approval(material: Material) -> str:
    say, items = material.say, material.document.items
    if not items:
        return say.text("The plan has no piece of content yet.")
    if waiting := len(material.unapproved()):
        return say.plural(
            "{number} of {all} pieces waits for approval.",
            "{number} of {all} pieces wait for approval.",
            waiting,
            all=say.number(len(items)),
        )
    return say.text("Every piece is approved.")


def _sources(material: Material) -> Section | None:
    document, say = material.document, material.say
    rows = [(one.fact, one.source) for one in document.market.facts if one.source]
    rows += [(one.name, one.source) for one in document.kpis if one.source]
    caption = say.plural(
        "{number} figure and where it comes from",
        "{number} figures and where each comes from",
        len(rows),
    )
    columns = (say.text("Figure"), say.text("Source"))
    return section(say.text("Sources"), table(caption, columns, rows))


def _links(material: Material) -> Section | None:
    say, rows = material.say, list[tuple[str, str]]()
    if website := material.document.brand.website:
        rows.append((say.text("Website"), website))
    for item in material.items():
        if isinstance(item.content, EmailContent) and item.content.cta:
            rows.append((item.title, item.content.cta.url))
        elif isinstance(item.content, PostContent) and item.content.link:
            rows.append((item.title, item.content.link))
    rows = list(dict.fromkeys(rows))  # one post on several networks is several items
    caption = say.plural(
        "{number} address the content leads to",
        "{number} addresses the content leads to",
        len(rows),
    )
    columns = (say.text("From"), say.text("Address"))
    return section(say.text("Links"), table(caption, columns, rows))
