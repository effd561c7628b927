"""A preview as one page to open, with samples of the exact emails beside it.

The page is self-contained: no script, no request, and each email's HTML shut in a sandboxed frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from aicmo.execution.preview import ItemPreview, Preview
from aicmo.execution.project import PlanItem, ProjectPlan
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.plans.items import CrmContent, PostContent
from aicmo.plans.items import Item as PlannedItem

_SHOWN_HEADERS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe")
_CHANNEL_NAMES = {
    "email": "Email",
    "linkedin": "LinkedIn",
    "instagram": "Instagram",
    "twitter": "X (Twitter)",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "crm": "CRM",
}


@dataclass(frozen=True, slots=True)
class _Sample:
    email: ComposedEmail
    file: str
    headers: list[tuple[str, str]]


def would_go(item: ItemPreview) -> int:
    """Deliveries of an item that a live run would send once nothing stops them any more."""
    return item.would_send if item.item.channel in CHANNELS_WITH_GATEWAY else 0


def write_preview(preview: Preview, plan: ProjectPlan, folder: Path) -> Path:
    """Writes `index.html` and an `.eml` file for each sample; files of an earlier preview go.

    The samples name people, so `folder` is for its owner alone.

    Returns:
        The path of `index.html`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for former in [*folder.glob("*.eml"), *folder.glob("index.html")]:
        former.unlink()
    cards = [_card(item, plan, samples) for item, samples in _with_samples(preview)]
    for card in cards:
        for sample in card["samples"]:
            (folder / sample.file).write_bytes(sample.email.payload)
    page = folder / "index.html"
    page.write_text(_render(preview, plan, cards), encoding="utf-8")
    return page


def _with_samples(preview: Preview) -> Iterator[tuple[ItemPreview, list[_Sample]]]:
    number = 0
    for item in preview.items:
        samples: list[_Sample] = []
        for email in item.samples:
            number += 1
            samples.append(_Sample(email, f"{number:03d}-{item.item.key}.eml", _headers(email)))
        yield item, samples


def _headers(email: ComposedEmail) -> list[tuple[str, str]]:
    return [(name, value) for name, value in email.headers if name in _SHOWN_HEADERS]


def _card(item: ItemPreview, plan: ProjectPlan, samples: list[_Sample]) -> dict[str, Any]:
    planned = next(each for each in plan.document.items if each.id == item.item.key)
    return {
        "preview": item,
        "would_go": would_go(item),
        "item": item.item,
        "channel": _CHANNEL_NAMES.get(item.item.channel, item.item.channel),
        "when": _local_time(item.item),
        "audience": _audience(planned, plan),
        "planned": planned,
        "post": planned.content if isinstance(planned.content, PostContent) else None,
        "crm": _crm_lines(planned.content) if isinstance(planned.content, CrmContent) else [],
        "samples": samples,
        "left_out_more": item.left_out_count - len(item.left_out),
        "findings_more": item.findings_count - len(item.findings),
    }


def _audience(planned: PlannedItem, plan: ProjectPlan) -> str:
    names = {each.id: each.name for each in plan.document.audiences}
    return names.get(planned.audience or "", "")


def _crm_lines(content: CrmContent) -> list[tuple[str, str]]:
    lines = [("Action", content.action.replace("_", " "))]
    named = (
        ("Stage", content.stage),
        ("Tag", content.tag),
        ("List", content.list_name),
        ("Note", content.note),
    )
    lines += [(name, value) for name, value in named if value]
    return lines + list(content.properties.items())


def _local_time(item: PlanItem) -> str:
    local = item.send_at.astimezone(ZoneInfo(item.timezone))
    return f"{local:%a} {local.day} {local:%B %Y, %H:%M %Z}"


def _render(preview: Preview, plan: ProjectPlan, cards: list[dict[str, Any]]) -> str:
    environment = Environment(
        loader=PackageLoader("aicmo.execution"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("preview.html.j2").render(
        plan=plan,
        cards=cards,
        would_go=sum(would_go(item) for item in preview.items),
        held=sum(item.would_send - would_go(item) for item in preview.items),
        left_out=sum((item.skipped for item in preview.items), Counter[str]()),
        findings=sum(item.findings_count for item in preview.items),
        bytes_total=sum(item.bytes_total for item in preview.items),
    )
