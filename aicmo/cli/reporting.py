"""`aicmo report` and `aicmo audit`: what happened."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from aicmo.cli.accounts_tables import NETWORK_NAMES
from aicmo.cli.app import FAILED
from aicmo.cli.books import show_books
from aicmo.cli.console import STATE_STYLES, count, grid, plain, print_json, print_whole, to_stdout
from aicmo.cli.ledger import now, open_ledger
from aicmo.cli.options import Json, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from aicmo.audit import Verification
    from aicmo.execution.published import Published
    from aicmo.execution.report import Books
    from aicmo.models import AuditEvent


def report(project: Project, *, as_json: Json = False) -> None:
    """Show what became of every delivery; the books must balance."""
    from aicmo.execution.project import load_plan
    from aicmo.execution.published import published
    from aicmo.execution.report import read_books

    database, at = open_ledger(), now()
    with database.read() as session:
        load_plan(session, project)
        books = read_books(session, project, now=at)
        posts = published(session, project)
    if as_json:
        tallies = [asdict(tally) for tally in books.tallies]
        print_json({
            "project_id": project, **books.as_dict(), "items": tallies,
            "published": [asdict(post) for post in posts],
        })  # fmt: skip
    else:
        show_books(to_stdout(), database, project, at=at)
        _say_what_came_back(books)
        _list_published(posts)
        point_to_doubts(project, books)
        point_to_tasks(project, books)
        point_to_questions(project, books)
    if _needs_attention(books):
        raise typer.Exit(FAILED)


def _say_what_came_back(books: Books) -> None:
    if books.came_back:
        told = ", ".join(f"{number:,} {kind}" for kind, number in books.came_back.items())
        to_stdout().print(plain(f"Came back: {told}."))


def _list_published(posts: Sequence[Published]) -> None:
    if not posts:
        return
    table = grid(["Published", "Network", "Delivery", "Where it can be seen"], right=(2,))
    for post in posts:
        notes = [post.reason] if post.reason else []
        notes += [f"recall {post.recall}"] if post.recall else []
        where = plain(post.permalink or "address not known", "" if post.is_live else "dim strike")
        part = f", part {post.part}" if post.part > 1 else ""
        said = where.append(f"\n({', '.join(notes)})" if notes else "", "not strike dim")
        table.add_row(
            plain(f"{post.item}{part}"), NETWORK_NAMES[post.channel], str(post.delivery_id), said
        )  # fmt: skip
    to_stdout().print()
    print_whole(to_stdout(), table)
    to_stdout().print()


def point_to_doubts(project: str, books: Books) -> None:
    if number := books.count("unknown"):
        told = f"{count(number, 'delivery')} in doubt"
        line = f"{told}: `aicmo doubts {project}` shows the evidence and the choices."
        to_stdout().print(plain(line, STATE_STYLES["unknown"]))


def point_to_tasks(project: str, books: Books) -> None:
    """Says where to find what a person has to post."""
    from aicmo.execution.guards import OPERATOR_TASK

    if number := books.reasons("held").get(OPERATOR_TASK, 0):
        told = f"{count(number, 'post')} for a person to publish"
        line = f"{told}: `aicmo tasks {project}` has what they need."
        to_stdout().print(plain(line, STATE_STYLES["held"]), soft_wrap=True)


def point_to_questions(project: str, books: Books) -> None:
    """Says where to find what isn't changed in the CRM before a person has answered."""
    from aicmo.execution.crm_preview import ASKS

    if number := sum(each for why, each in books.reasons("held").items() if ASKS in why):
        told = f"{count(number, 'change')} in the CRM {'waits' if number == 1 else 'wait'}"
        line = f"{told} for an answer: `aicmo crm ask {project}` lists the questions."
        to_stdout().print(plain(line, STATE_STYLES["held"]), soft_wrap=True)


def _needs_attention(books: Books) -> bool:
    return bool(books.count("failed") or books.count("unknown") or not books.balanced)


def audit(
    project: Annotated[
        str | None, typer.Argument(help="A project's id; without it, everything there is.")
    ] = None,
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Recompute the hash chain.")] = False,
    kept: Annotated[
        str | None,
        typer.Option("--kept", help="With --verify: NUMBER:HASH of an event, kept elsewhere."),
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="How many events to show.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the audit log, or prove that nobody changed it."""
    number, link = _read_kept(kept, project if verify else None)
    with open_ledger().read() as session:
        chains = _chains(session, project)
        found = _verify(session, chains, number, link) if verify else []
        events = [] if verify else _events(session, chains, last)
    if as_json:
        print_json(_as_json(project, found, events, verified=verify))
    elif verify:
        _show_verifications(found)
    else:
        _show_events(events)
    if any(each.broken_at is not None for each in found):
        raise typer.Exit(FAILED)


def _chains(session: Session, project: str | None) -> list[str]:
    """The chains to look at: one project's, or all; '' is the installation's own."""
    from sqlalchemy import select

    from aicmo.errors import NoSuchProject
    from aicmo.models import AuditEvent, AuditHead, Project

    # A chain whose head and events were deleted must not vanish from the list with them.
    known = {*session.scalars(select(Project.id)),
             *session.scalars(select(AuditHead.project_id)),
             *session.scalars(select(AuditEvent.project_id).distinct())}  # fmt: skip
    if project is None:
        return sorted(known)
    if project not in known:
        raise NoSuchProject(project)
    return [project]


def _read_kept(kept: str | None, project: str | None) -> tuple[int, str]:
    """Number and hash of an event; (0, "") without one."""
    if kept is None:
        return 0, ""
    if project is None:
        raise typer.BadParameter("goes with --verify and one project", param_hint="--kept")
    written = re.fullmatch(r"(\d{1,15}):([0-9A-Fa-f]{64})", kept.strip())
    if written is None:
        said = "is not the number and hash of an event, such as 41:9f86…"
        raise typer.BadParameter(said, param_hint="--kept")
    return int(written[1]), written[2]


def _verify(session: Session, chains: list[str], number: int, link: str) -> list[Verification]:
    from aicmo.audit import holds, verify

    found = [verify(session, chain) for chain in chains]
    return [
        replace(each, broken_at=number, problem="not the event that was kept")
        if number and each.broken_at is None and not holds(session, each.project_id, number, link)
        else each
        for each in found
    ]


def _events(session: Session, chains: list[str], last: int) -> list[AuditEvent]:
    from aicmo.audit import events

    found = [event for chain in chains for event in events(session, chain, newest=last)]
    return sorted(found, key=lambda event: event.at)[-last:]


def _show_events(events: list[AuditEvent]) -> None:
    if not events:
        to_stdout().print("Nothing has happened yet.")
        return
    table = grid(["No.", "At (UTC)", "Project", "Event", "By", "What"], right=(0,))
    for event in events:
        table.add_row(
            str(event.number), event.at[:19].replace("T", " "), plain(event.project_id),
            plain(event.event), plain(event.actor), plain(_said(event)),
        )  # fmt: skip
    to_stdout().print(table)


def _said(event: AuditEvent) -> str:
    data: dict[str, Any] = json.loads(event.data)
    if event.event == "delivery.moved":
        moved = count(len(data["deliveries"]), "delivery")
        reason = f" ({data['reason']})" if data["reason"] else ""
        return f"{moved} from {data['before']} to {data['after']}{reason}"
    return ", ".join(
        f"{name} {_shortened(value)}" for name, value in data.items() if value not in (None, "", [])
    )


def _shortened(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in cast("list[object]", value))[:80]
    text = str(value)
    return f"{text[:12]}…" if re.fullmatch("[0-9a-f]{64}", text) else text


def _show_verifications(found: list[Verification]) -> None:
    console = to_stdout()
    for each in found:
        chain = each.project_id or "(installation)"
        if each.broken_at is None:
            console.print(plain(f"{chain}: {count(each.events, 'event')}, unbroken", "green"))
            console.print(plain(f"  head {each.head}", "dim"))
        else:
            text = f"{chain}: broken at event {each.broken_at}: {each.problem}"
            console.print(plain(text, "bold red"))
    if not found:
        console.print("Nothing has happened yet, so there is nothing to verify.")


def _as_json(
    project: str | None, found: list[Verification], events: list[AuditEvent], *, verified: bool
) -> dict[str, Any]:
    if verified:
        whole = all(each.broken_at is None for each in found)
        return {
            "project_id": project,
            "unbroken": whole,
            "chains": [asdict(each) for each in found],
        }
    shown = [
        {
            "number": event.number, "at": event.at, "project_id": event.project_id,
            "event": event.event, "actor": event.actor, "data": json.loads(event.data),
        }
        for event in events
    ]  # fmt: skip
    return {"project_id": project, "events": shown}
