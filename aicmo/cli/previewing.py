"""`aicmo preview`: a dry run of everything, as a page to open."""

from __future__ import annotations

import webbrowser
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, grid, local_time, plain, print_json, state_text, to_stdout
from aicmo.cli.ledger import now, open_ledger
from aicmo.cli.options import Channels, Json, Project, read_channels
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console
    from rich.text import Text

    from aicmo.database import Database
    from aicmo.execution.preview import ItemPreview, Preview
    from aicmo.execution.project import ProjectPlan

_LISTED = 5


def preview(
    project: Project,
    channels: Channels = None,
    *,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
) -> None:
    """Compose everything and write it as a page; sends nothing, needs no permission."""
    from aicmo.settings import get_settings

    wanted = read_channels(channels)
    found, page = make_preview(open_ledger(), project, wanted, get_settings().output_dir, at=now())
    if as_json:
        print_json(_as_json(project, found, page))
    else:
        show_preview(to_stdout(), found)
        to_stdout().print(plain(f"\nOpen {page}"), soft_wrap=True)
    if open_:
        webbrowser.open(page.as_uri())
    if any(item.findings_count for item in found.items):
        raise typer.Exit(FAILED)


def make_preview(
    database: Database,
    project_id: str,
    channels: Sequence[str] | None,
    output_dir: Path,
    *,
    at: datetime,
) -> tuple[Preview, Path]:
    """Previews a project as at `at`; returns what was found and the page's absolute path.

    Raises:
        NoSuchProject: there is no such project.
    """
    from aicmo.execution.preview import preview_items
    from aicmo.execution.preview_page import write_preview
    from aicmo.execution.project import load_items, load_plan

    with database.read() as session:
        plan = load_plan(session, project_id)
        items = load_items(session, project_id)
    chosen = [item for item in items if channels is None or item.channel in channels]
    emails = sum(item.planned for item in chosen if item.channel == "email")
    with progress("Composing", total=emails) as advance:
        found = preview_items(database, plan, chosen, at, on_progress=lambda _: advance())
    return found, write_preview(found, plan, _folder(output_dir, plan)).resolve()


def _folder(output_dir: Path, plan: ProjectPlan) -> Path:
    return output_dir / "previews" / plan.project_id


def show_preview(console: Console, found: Preview) -> None:
    """Who would get what, who is left out and why, and what can't be composed."""
    from aicmo.execution.preview_page import would_go

    table = grid(
        ["Item", "Channel", "Title", "Would go", "Left out", "Not yet, because"], right=(3,)
    )
    for item in found.items:
        table.add_row(
            plain(item.item.key), item.item.channel, plain(item.item.title),
            state_text("ready", f"{would_go(item):,}"), _reasons(item.skipped, "skipped"),
            _reasons(item.blocked_by, "waiting"),
        )  # fmt: skip
    console.print(table)
    for item in found.items:
        _show_people(console, item)


def show_sum(console: Console, found: Preview) -> None:
    """The preview in one line."""
    from aicmo.execution.preview_page import would_go

    going = sum(would_go(item) for item in found.items)
    left_out = sum((item.skipped for item in found.items), Counter[str]())
    waiting = sum(item.would_send for item in found.items) - going
    line = state_text("ready", f"{count(going, 'delivery')} would go")
    for reason, number in left_out.most_common():
        line.append_text(state_text("skipped", f", {number:,} left out ({reason})"))
    if waiting:
        line.append_text(state_text("held", f", {waiting:,} held for want of a gateway"))
    console.print(line.append(".", "default"))


def _reasons(counts: Counter[str], state: str) -> Text:
    lines = [f"{number:,} {reason}" for reason, number in counts.most_common()]
    return state_text(state, "\n".join(lines))


def _show_people(console: Console, item: ItemPreview) -> None:
    for left in item.left_out[:_LISTED]:
        console.print(plain(f"{item.item.key}: {left.contact} gets nothing ({left.reason})", "dim"))
    if (more := item.left_out_count - _LISTED) > 0:
        console.print(plain(f"{item.item.key}: and {more:,} more, listed on the page", "dim"))
    for finding in item.findings[:_LISTED]:
        text = f"{item.item.key}: {finding.contact} can't be written to: {finding.reason}"
        console.print(plain(text, "red"))
    if (more := item.findings_count - _LISTED) > 0:
        console.print(plain(f"{item.item.key}: and {count(more, 'finding')} more", "red"))
    for warning in item.warnings:
        console.print(plain(f"{item.item.key}: {warning}", "yellow"))


def _as_json(project: str, found: Preview, page: Path) -> dict[str, Any]:
    return {
        "project_id": project,
        "page": str(page),
        "items": [_item(each) for each in found.items],
    }


def _item(each: ItemPreview) -> dict[str, Any]:
    from aicmo.execution.preview_page import would_go

    item = each.item
    return {
        "item": item.key, "channel": item.channel, "title": item.title,
        "local_time": local_time(item.send_at, item.timezone), "would_go": would_go(each),
        "bytes": each.bytes_total, "done": dict(each.done), "blocked_by": dict(each.blocked_by),
        "skipped": dict(each.skipped),
        "left_out": [{"contact": left.contact, "reason": left.reason} for left in each.left_out],
        "findings_count": each.findings_count,
        "findings": [{"contact": left.contact, "reason": left.reason} for left in each.findings],
        "warnings": each.warnings,
    }  # fmt: skip
