"""`aicmo projects` and `aicmo plan`: what is planned."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aicmo.cli.console import grid, local_time, plain, print_json, state_text, to_stdout
from aicmo.cli.ledger import (
    ApprovalState,
    Outlook,
    approvals,
    list_projects,
    now,
    open_ledger,
    paused_accounts,
    read_outlook,
)
from aicmo.cli.options import Json, Project
from aicmo.cli.pausing import show_paused_accounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType

    from aicmo.execution.project import PlanItem, ProjectPlan


def projects(*, as_json: Json = False) -> None:
    """List the projects."""
    with open_ledger().read() as session:
        rows = list_projects(session)
    if as_json:
        print_json({"projects": [asdict(row) for row in rows]})
        return
    if not rows:
        to_stdout().print("There is no project yet. `aicmo import FILE` adds one.")
        return
    table = grid(["Project", "Name", "Plan", "Items", "Deliveries", "Time zone"], right=(3, 4))
    for row in rows:
        table.add_row(
            plain(row.project_id), plain(row.name), f"version {row.plan_version}",
            f"{row.items:,}", f"{row.deliveries:,}", row.timezone,
        )  # fmt: skip
    to_stdout().print(table)


def plan(project: Project, *, as_json: Json = False) -> None:
    """Show a plan: items by channel, when, to whom, approval, and what would happen now."""
    from aicmo.execution.pauses import current
    from aicmo.execution.project import load_items, load_plan

    with open_ledger().read() as session:
        found = load_plan(session, project)
        items = load_items(session, project)
        given, outlook = approvals(session, project), read_outlook(session, project, now())
        switches, accounts = current(session, project), paused_accounts(session, project)
    if as_json:
        shown = _plan_json(found, items, given, outlook, paused=bool(switches))
        print_json(shown | {"accounts_paused": [asdict(each) for each in accounts]})
        return
    show_plan(to_stdout(), found, items, given, outlook)
    for each in switches:
        scope = f"{each.project_id or 'every project'}, {each.channel or 'every channel'}"
        reason = f": {each.reason}" if each.reason else ""
        to_stdout().print(plain(f"Paused by {each.paused_by} ({scope}){reason}", "yellow"))
    show_paused_accounts(to_stdout(), accounts)


def show_plan(
    console: Console,
    found: ProjectPlan,
    items: Sequence[PlanItem],
    given: dict[str, ApprovalState],
    outlook: Outlook,
) -> None:
    """The items of a plan by channel, each with what a live run would make of it now."""
    console.print(
        plain(found.name, "bold").append(
            f"  {found.project_id}, plan version {found.version}, {found.timezone}", "not bold"
        )
    )
    table = grid(["Item", "When", "Title", "To", "Approval", "Now"], right=(3,))
    for channel in dict.fromkeys(item.channel for item in items):
        table.add_row(plain(channel, "bold cyan"))
        for item in (each for each in items if each.channel == channel):
            table.add_row(*_plan_row(item, given, outlook))
    console.print(table)


def _plan_row(
    item: PlanItem, given: dict[str, ApprovalState], outlook: Outlook
) -> list[RenderableType]:
    approval = given.get(item.key, ApprovalState())
    style = "green" if approval.given else "yellow"
    return [
        plain(f"  {item.key}"),
        plain(local_time(item.send_at, item.timezone)),
        plain(item.title),
        f"{item.planned:,}",
        plain(approval.text, style),
        states_text(outlook.get(item.key, Counter())),
    ]


def states_text(counts: Counter[tuple[str, str]]) -> RenderableType:
    """`8 sent, 1 skipped (unsubscribed)`, each in its colour."""
    line = plain("")
    for (state, reason), number in counts.most_common():
        if line:
            line.append("\n")
        line.append_text(state_text(state, f"{number:,} {state}"))
        if reason:
            line.append_text(plain(f" ({reason})", "dim"))
    return line


def _plan_json(
    found: ProjectPlan,
    items: Sequence[PlanItem],
    given: dict[str, ApprovalState],
    outlook: Outlook,
    *,
    paused: bool,
) -> dict[str, Any]:
    return {
        "project_id": found.project_id, "name": found.name, "timezone": found.timezone,
        "version": found.version, "paused": paused,
        "items": [_item_json(item, given.get(item.key, ApprovalState()), outlook) for item in items],
    }  # fmt: skip


def _item_json(item: PlanItem, approval: ApprovalState, outlook: Outlook) -> dict[str, Any]:
    states = outlook.get(item.key, Counter())
    return {
        "item": item.key, "channel": item.channel, "title": item.title,
        "send_at": item.send_at.isoformat(), "local_time": local_time(item.send_at, item.timezone),
        "timezone": item.timezone, "recipients": item.planned, "approval": approval.text,
        "approved_by": approval.by,
        "states": [
            {"state": state, "reason": reason, "count": number}
            for (state, reason), number in states.items()
        ],
    }  # fmt: skip
