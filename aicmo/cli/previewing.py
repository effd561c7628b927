"""`aicmo preview`: a dry run of everything, as a page to open."""

from __future__ import annotations

import webbrowser
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.approving import chosen_items
from aicmo.cli.console import count, grid, local_time, plain, print_json, state_text, to_stdout
from aicmo.cli.crm_difference import difference_json, show_differences, show_sums
from aicmo.cli.crm_read import read_crm
from aicmo.cli.findings import checks_json, show_findings, summary
from aicmo.cli.ledger import now, open_ledger
from aicmo.cli.options import Channels, Items, Json, Project, person, read_channels
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console
    from rich.text import Text

    from aicmo.database import Database
    from aicmo.execution.preview import ItemPreview, Preview
    from aicmo.execution.project import ProjectPlan


def preview(
    project: Project,
    items: Items = None,
    channels: Channels = None,
    *,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    read: Annotated[
        bool, typer.Option("--read", help="Read the CRM before; else its last reading counts.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compose and check everything, and write it as a page; sends nothing, needs no permission.

    Posts that are named are shown as cards, changes in the CRM field by field.
    """
    from aicmo.settings import get_settings

    wanted = read_channels(channels)
    database = open_ledger()
    if read:
        read_crm(database, project, person(None))
    found, page = make_preview(
        database, project, wanted, get_settings().output_dir, at=now(), keys=items
    )
    if as_json:
        print_json(_as_json(project, found, page))
    else:
        if items:
            _show_posts(to_stdout(), database, found)
            _show_changes(to_stdout(), database, project, found)
        show_preview(to_stdout(), found, with_cards=bool(items))
        if not items:
            show_sums(to_stdout(), project, found)
        to_stdout().print(plain(f"\nOpen {page}"), soft_wrap=True)
    if open_:
        webbrowser.open(page.as_uri())
    if any(item.found("error") for item in found.items):
        raise typer.Exit(FAILED)


def make_preview(
    database: Database,
    project_id: str,
    channels: Sequence[str] | None,
    output_dir: Path,
    *,
    at: datetime,
    keys: Sequence[str] | None = None,
) -> tuple[Preview, Path]:
    """Previews a project as at `at`; returns what was found and the page's absolute path.

    keys: ids of items; None is for all of the plan.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: there is no such item.
    """
    from aicmo.execution.post_card_media import contents
    from aicmo.execution.preview import preview_items
    from aicmo.execution.preview_page import write_preview
    from aicmo.execution.project import load_plan

    with database.read() as session:
        plan = load_plan(session, project_id)
    chosen = chosen_items(database, project_id, keys, channels)
    emails = sum(item.planned for item in chosen if item.channel == "email")
    with progress("Composing", total=emails) as advance:
        found = preview_items(database, plan, chosen, at, on_progress=lambda _: advance())
    page = write_preview(found, plan, _folder(output_dir, plan), contents(database))
    return found, page.resolve()


def _folder(output_dir: Path, plan: ProjectPlan) -> Path:
    return output_dir / "previews" / plan.project_id


def _show_posts(console: Console, database: Database, found: Preview) -> None:
    from aicmo.cli.post_cards import show_posts
    from aicmo.execution.post_card_media import contents

    show_posts(console, found, contents(database))
    console.print()


def _show_changes(console: Console, database: Database, project: str, found: Preview) -> None:
    from aicmo.execution.project import load_plan

    with database.read() as session:
        timezone = load_plan(session, project).timezone
    show_differences(console, project, found, timezone)


def show_preview(console: Console, found: Preview, *, with_cards: bool) -> None:
    """Who would get what, who waits or is left out and why, and what the checks found.

    with_cards: the posts' cards stand above it, and say what was found.
    """
    table = grid(
        ["Item", "Title", "Would send", "Not yet, because", "Left out", "Checks"], right=(2,)
    )
    for item in found.items:
        table.add_row(
            plain(item.item.key), plain(item.item.title),
            state_text("ready", f"{item.would_go:,}"), _reasons(item.blocked_by, "waiting"),
            _reasons(item.skipped, "skipped"), plain(*summary(item.checks)),
        )  # fmt: skip
    console.print(table)
    console.print()
    told = [item for item in found.items if not (with_cards and item.cards)]
    for severity in ("error", "warning"):
        show_findings(
            console,
            ((item.item.key, each) for item in told for each in item.found(severity)),
        )
    if hints := sum(len(item.found("hint")) for item in told):
        console.print(plain(f"{count(hints, 'hint')} on the page.", "dim"))
    if keys := [item.item.key for item in found.items if item.found("error")]:
        said = (
            f"Can't be approved as {'it is' if len(keys) == 1 else 'they are'}: {', '.join(keys)}."
        )
        console.print(plain(said, "bold red"), soft_wrap=True)


def show_sum(console: Console, found: Preview) -> None:
    """The preview in one line."""
    going = sum(item.would_go for item in found.items)
    left_out = sum((item.skipped for item in found.items), Counter[str]())
    by_hand = sum(item.would_send for item in found.items if item.by_hand)
    waiting = sum(item.would_send for item in found.items) - going - by_hand
    line = state_text("ready", f"{count(going, 'delivery')} would go")
    for reason, number in left_out.most_common():
        line.append_text(state_text("skipped", f", {number:,} left out ({reason})"))
    if by_hand:
        line.append_text(state_text("held", f", {by_hand:,} for a person to post"))
    if waiting:
        line.append_text(state_text("held", f", {waiting:,} held: not connected"))
    console.print(line.append(".", "default"))


def _reasons(counts: Counter[str], state: str) -> Text:
    lines = [f"{number:,} {reason}" for reason, number in counts.most_common()]
    return state_text(state, "\n".join(lines))


def _as_json(project: str, found: Preview, page: Path) -> dict[str, Any]:
    return {
        "project_id": project,
        "page": str(page),
        "items": [_item(each) for each in found.items],
    }


def _item(each: ItemPreview) -> dict[str, Any]:
    from aicmo.cli.post_cards import card_json

    item = each.item
    return {
        "item": item.key, "part_of": item.part_of, "channel": item.channel, "title": item.title,
        "local_time": local_time(item.send_at, item.timezone), "would_go": each.would_go,
        "bytes": each.bytes_total, "done": dict(each.done), "blocked_by": dict(each.blocked_by),
        "skipped": dict(each.skipped),
        "left_out": [{"contact": left.contact, "reason": left.reason} for left in each.left_out],
        "findings_count": each.findings_count,
        "findings": [{"contact": left.contact, "reason": left.reason} for left in each.findings],
        "warnings": [finding.text for finding in each.found("warning")],
        "checks": checks_json(each.checks),
        "samples": [
            {"kind": sample.kind, "count": sample.count, "contact": sample.contact}
            for sample in each.samples
        ],
        "cards": [card_json(card) for card in each.cards],
        "crm": difference_json(each.crm) if each.crm else None,
    }  # fmt: skip
