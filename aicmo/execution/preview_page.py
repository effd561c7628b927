"""A preview as one page to open, with samples of the exact emails beside it.

The page is self-contained: no script, no request, pictures inlined, and each email's HTML shut in a
sandboxed frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from aicmo.crm.providers import PROVIDERS
from aicmo.execution.copy_checks import Sample
from aicmo.execution.crm_difference_page import shown_groups
from aicmo.execution.crm_difference_words import read_when
from aicmo.execution.post_card import NETWORK_NAMES
from aicmo.execution.post_card_media import ContentOf
from aicmo.execution.post_card_page import local_time, shown_posts
from aicmo.execution.preview import ItemPreview, Preview
from aicmo.execution.project import ProjectPlan
from aicmo.execution.sending_words import in_words
from aicmo.gateways.email_shown import Link, read_html
from aicmo.plans.items import CrmContent
from aicmo.plans.items import Item as PlannedItem

_CHANNEL_NAMES = {"email": "Email", "crm": "CRM", **NETWORK_NAMES}
_SEVERITIES = ("error", "warning", "hint")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A sample with what the page says of it."""

    sample: Sample
    number: int
    file: str
    links: list[Link]
    has_pictures: bool


def write_preview(preview: Preview, plan: ProjectPlan, folder: Path, content_of: ContentOf) -> Path:
    """Writes `index.html` and an `.eml` file for each sample; files of an earlier preview go.

    The samples name people, so `folder` is for its owner alone.

    Args:
        preview: what was found.
        plan: the plan that it is of.
        folder: made if it isn't there.
        content_of: reads a picture that a post carries.

    Returns:
        The path of `index.html`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for former in [*folder.glob("*.eml"), *folder.glob("index.html")]:
        former.unlink()
    cards = [_card(item, plan, samples) for item, samples in _with_samples(preview)]
    for card in cards:
        for shown in card["samples"]:
            (folder / shown.file).write_bytes(shown.sample.email.payload)
    page = folder / "index.html"
    page.write_text(_render(preview, plan, cards, content_of), encoding="utf-8")
    return page


def _with_samples(preview: Preview) -> Iterator[tuple[ItemPreview, list[_Shown]]]:
    number = 0
    for item in preview.items:
        samples: list[_Shown] = []
        for sample in item.samples:
            number += 1
            page = read_html(sample.email.html)
            file = f"{number:03d}-{item.item.key}.eml"
            samples.append(_Shown(sample, number, file, page.links, bool(page.pictures)))
        yield item, samples


def _card(item: ItemPreview, plan: ProjectPlan, samples: list[_Shown]) -> dict[str, Any]:
    planned = next(each for each in plan.document.items if each.id == item.item.key)
    return {
        "preview": item,
        "item": item.item,
        "channel": _CHANNEL_NAMES.get(item.item.channel, item.item.channel),
        "when": local_time(item.item.send_at, item.item.timezone),
        "audience": _audience(planned, plan),
        "crm": _crm_lines(planned.content) if isinstance(planned.content, CrmContent) else [],
        "provider": PROVIDERS[plan.document.crm.provider].title if plan.document.crm else "",
        "groups": shown_groups(item.crm, plan.timezone) if item.crm else [],
        "read": read_when(item.crm) if item.crm else "",
        "samples": samples,
        "counts": {each: len(item.found(each)) for each in _SEVERITIES if item.found(each)},
        "left_out": _by_reason(item),
        "findings_more": item.findings_count - len(item.findings),
    }


def _by_reason(item: ItemPreview) -> list[tuple[str, int, list[str]]]:
    """Reason, how many people, and the ids of the first of them."""
    people: dict[str, list[str]] = {}
    for person in item.left_out:
        people.setdefault(person.reason, []).append(person.contact)
    return [(reason, count, people.get(reason, [])) for reason, count in item.skipped.most_common()]


def _audience(planned: PlannedItem, plan: ProjectPlan) -> str:
    names = {each.id: each.name for each in plan.document.audiences}
    return names.get(planned.audience or "", "")


_ACTIONS = {
    "upsert_contact": "add contacts, or bring them up to date",
    "set_properties": "set properties of contacts",
    "set_stage": "move contacts to a stage",
    "add_tag": "give contacts a tag",
    "add_to_list": "add contacts to a list",
    "log_activity": "note an activity with contacts",
}


def _crm_lines(content: CrmContent) -> list[tuple[str, str]]:
    lines = [("Action", _ACTIONS[content.action])]
    named = (
        ("Stage", content.stage),
        ("Tag", content.tag),
        ("List", content.list_name),
        ("Note", content.note),
        ("Notes", content.of),
        ("Back, because", content.back_because),
    )
    lines += [(name, value) for name, value in named if value]
    return lines + list(content.properties.items())


def _sections(
    preview: Preview, cards: list[dict[str, Any]], content_of: ContentOf
) -> Iterator[dict[str, Any]]:
    """What stands under one heading: an item, or the items of one post on several networks."""
    by_key = {card["item"].key: card for card in cards}
    for group in preview.headings:
        first = group[0].item
        posts = shown_posts([each.cards for each in group], content_of)
        yield {
            "key": first.part_of or first.key,
            "cards": [by_key[each.item.key] for each in group],
            "first": by_key[first.key],
            "posts": posts,
            "marked": any(post.is_marked for post in posts),
            "differ": any(post.differs for post in posts),
        }


def _render(
    preview: Preview, plan: ProjectPlan, cards: list[dict[str, Any]], content_of: ContentOf
) -> str:
    environment = Environment(
        loader=PackageLoader("aicmo.execution"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    emails = [card for card in cards if card["item"].channel == "email"]
    return environment.get_template("preview.html.j2").render(
        plan=plan,
        cards=cards,
        sections=list(_sections(preview, cards, content_of)),
        rules=in_words(plan.document.sending, plan.timezone) if emails else [],
        refused=[card["item"].key for card in cards if "error" in card["counts"]],
        would_go=sum(item.would_go for item in preview.items),
        by_hand=sum(item.would_send for item in preview.items if item.by_hand),
        held=sum(item.would_send - item.would_go for item in preview.items if not item.by_hand),
        left_out=sum((item.skipped for item in preview.items), Counter[str]()),
        counts={each: sum(card["counts"].get(each, 0) for card in cards) for each in _SEVERITIES},
        has_emails=bool(emails),
        has_checks=any(item.checks for item in preview.items),
        bytes_total=sum(item.bytes_total for item in preview.items),
    )
