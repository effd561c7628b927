"""`aicmo import`, `projects` and `plan`: what is planned."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import MISUSED
from aicmo.cli.console import (
    count,
    grid,
    local_time,
    plain,
    print_json,
    state_text,
    to_stderr,
    to_stdout,
)
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
from aicmo.cli.options import Json, Project, person
from aicmo.cli.pausing import show_paused_accounts
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType

    from aicmo.errors import FixDocument
    from aicmo.execution.importing import Imported
    from aicmo.execution.project import PlanItem, ProjectPlan
    from aicmo.plans.reading import ReadDocument
    from aicmo.problems import Problem

_SIGNS = {"added": "+", "changed": "~", "withdrawn": "-"}
_SIGN_STYLES = {"added": "green", "changed": "yellow", "withdrawn": "red"}


def import_(
    file: Annotated[Path, typer.Argument(help="Project document: .json, .yaml or .yml.")],
    calendar: Annotated[
        Path | None, typer.Option(help="CSV or XLSX whose rows replace the document's items.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Make a project document the current plan: all of it, or nothing and every problem."""
    from aicmo.errors import FixDocument
    from aicmo.execution.importing import import_document
    from aicmo.settings import get_settings

    secret_key = get_settings().require_secret_key()
    _require_document(file)
    if calendar is not None:
        _require_file(calendar)
    try:
        with progress(f"Reading {file.name}"):
            read = _read(file, calendar)
    except FixDocument as error:
        _show_refusal(error, as_json=as_json)
        raise typer.Exit(MISUSED) from None
    with progress(f"Importing {read.source}"):
        imported = import_document(
            open_ledger(), read.document, source=read.source, actor=person(None),
            secret_key=secret_key, warnings=[str(warning) for warning in read.warnings],
        )  # fmt: skip
    if as_json:
        print_json(_imported_json(imported))
        return
    show_import(to_stdout(), imported)
    show_difference(to_stdout(), imported)
    show_problems(to_stdout(), read.warnings, "Warnings, kept with the plan", heading="Warning")
    to_stdout().print(plain(f"\nNext: `aicmo preview {imported.project_id}`."))


def _require_document(file: Path) -> None:
    from aicmo.errors import FixInput

    _require_file(file)
    if file.suffix.lower() in (".csv", ".xlsx"):
        raise FixInput(
            f"{file} is a calendar, not a project document",
            next_step=f"`aicmo import PROJECT.yaml --calendar {file}` puts its rows into a document.",
        )


def _require_file(file: Path) -> None:
    from aicmo.errors import FixInput

    # Why a folder can't be looked into is told by reading the file.
    with suppress(OSError):
        if not file.exists():
            raise FixInput(f"There is no file {file}", next_step=f"You are in {Path.cwd()}.")


def _read(file: Path, calendar: Path | None) -> ReadDocument:
    from aicmo.plans.reading import read_document
    from aicmo.plans.spreadsheet import with_calendar

    read = read_document(file)
    if calendar is None:
        return read
    filled = with_calendar(read.document, calendar)
    return replace(filled, source=f"{read.source} with {filled.source}")


def _show_refusal(error: FixDocument, *, as_json: bool) -> None:
    problems = _redacted(error.problems)
    errors = [each for each in problems if each.severity == "error"]
    warnings = [each for each in problems if each.severity != "error"]
    said = f"{error.source} has {count(len(errors), 'problem')}"
    if as_json:
        print_json({"error": said, "problems": _problems_json(problems)})
    console = to_stderr()
    show_problems(console, errors, f"{said}; nothing was imported")
    show_problems(console, warnings, "Warnings, which don't stand in the way", heading="Warning")
    console.print("\nNext:  correct them all and import the file again.")


def _redacted(problems: Sequence[Problem]) -> list[Problem]:
    from aicmo.redaction import redact

    # Once for all of them: each call reads the settings anew.
    texts = redact("\n".join(" ".join(each.message.split()) for each in problems)).split("\n")
    return [replace(each, message=text) for each, text in zip(problems, texts, strict=True)]


def show_problems(
    console: Console, problems: Iterable[Problem], title: str, *, heading: str = "Problem"
) -> None:
    """A table of places and messages; nothing without problems."""
    table = grid(["Place", heading])
    for problem in problems:
        style = "red" if problem.severity == "error" else "yellow"
        table.add_row(plain(problem.place, style), plain(problem.message))
    if table.row_count:
        console.print()
        console.print(plain(title, "bold"))
        console.print(table)


def _problems_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [
        {"place": each.place, "severity": each.severity, "message": each.message}
        for each in problems
    ]


def _imported_json(imported: Imported) -> dict[str, Any]:
    return asdict(imported)


def show_import(console: Console, imported: Imported) -> None:
    """The plan's version and size after an import, in two lines."""
    if imported.unchanged:
        text = (
            f"{imported.project_id}: version {imported.version} is this document; nothing changed."
        )
        console.print(plain(text))
        return
    found = f"{count(imported.items, 'item')}, {count(imported.deliveries, 'new delivery')}"
    console.print(
        plain(f"{imported.project_id}: plan version {imported.version}, ", "bold").append(found)
    )
    people = imported.contacts
    console.print(
        plain(
            f"Contacts: {people.added} added, {people.changed} changed, {people.removed} removed."
        )
    )


def show_difference(console: Console, imported: Imported) -> None:
    """What an import changed, item by item."""
    table = grid(["", "Item", "Title", "What changed"])
    for change in imported.difference.items:
        what = ", ".join(change.fields) if change.fields else change.change
        sign = plain(_SIGNS[change.change], _SIGN_STYLES[change.change])
        table.add_row(sign, plain(change.item), plain(change.title), plain(what))
    if table.row_count:
        console.print()
        console.print(table)
    if imported.difference.parts:
        console.print(plain("Also changed: " + ", ".join(imported.difference.parts)))


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
