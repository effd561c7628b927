"""`aicmo tasks` and `aicmo done`: posts that a person publishes, and the record that they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.accounts_tables import NETWORK_NAMES
from aicmo.cli.console import count, grid, local_time, plain, print_json, state_text, to_stdout
from aicmo.cli.ledger import now, open_ledger
from aicmo.cli.options import By, Items, Json, Project, person

if TYPE_CHECKING:
    from aicmo.execution.operator_pack import Pack


def tasks(project: Project, items: Items = None, *, as_json: Json = False) -> None:
    """List the posts that wait for a person, each with a folder that has everything they need."""
    from aicmo.execution.operator_pack import write_packs
    from aicmo.execution.operator_tasks import operator_tasks
    from aicmo.execution.project import load_plan
    from aicmo.settings import get_settings

    with open_ledger().read() as session:
        found = operator_tasks(session, project, items or None, now=now())
        folder = get_settings().output_dir / "tasks" / project
        packs = write_packs(session, project, load_plan(session, project).document, found, folder)
    if as_json:
        print_json({"project_id": project, "tasks": [_as_json(pack) for pack in packs]})
    else:
        _show(project, packs)


def done(
    project: Project,
    item: Annotated[str, typer.Argument(help="The item that was posted.")],
    url: Annotated[str, typer.Option(help="Where the post can be seen.")],
    part: Annotated[int, typer.Option(min=1, help="Of a thread.")] = 1,
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Record that a person has posted it: it counts as sent, and nobody posts it again."""
    from dataclasses import asdict

    from aicmo.execution.operator_tasks import record_done

    found = record_done(open_ledger(), project, item, url, by=person(by), part=part)
    if as_json:
        print_json({"project_id": project, **asdict(found)})
        return
    console = to_stdout()
    said = "Recorded" if found.new else "Recorded before"
    where = f"{found.item} on {NETWORK_NAMES[found.channel]}, {found.url}"
    console.print(plain(f"{said}: {where}"), soft_wrap=True)
    if not found.was_approved:
        line = "Nobody had approved it as it is now; the audit log says so."
        console.print(plain(line, "bold yellow"), soft_wrap=True)


def _show(project: str, packs: list[Pack]) -> None:
    console = to_stdout()
    if not packs:
        console.print(plain(f"No post of {project} waits for a person."))
        return
    table = grid(["Due", "Item", "Title", "Network", "Parts", "Approved"], right=(4,))
    for pack in packs:
        task = pack.task
        due = plain(local_time(task.due_at, task.timezone), "yellow" if task.is_late else "")
        approved = state_text("sent", "yes") if task.is_approved else state_text("held", "no")
        table.add_row(
            due, plain(task.item), plain(task.title), plain(pack.network), str(len(pack.parts)),
            approved,
        )  # fmt: skip
    console.print(table)
    console.print()
    console.print(plain(f"{count(len(packs), 'post')} for a person to publish. Open:"))
    for pack in packs:
        console.print(plain(f"  {pack.page}"), soft_wrap=True)
    first = packs[0]
    console.print(plain(f"Then: `{first.command}`"), soft_wrap=True)


def _as_json(pack: Pack) -> dict[str, Any]:
    task = pack.task
    return {
        "item": task.item, "title": task.title, "channel": task.channel, "due_at": task.due_at,
        "local_time": pack.when, "approved": task.is_approved, "late": task.is_late,
        "page": str(pack.page), "command": pack.command, "steps": pack.steps,
        "parts": [
            {
                "part": part.number, "text": part.text, "link": part.link,
                "problems": part.problems,
                "files": [
                    {"file": str(pack.page.parent / file.name), "alt_text": file.alt_text}
                    for file in part.files
                ],
            }
            for part in pack.parts
        ],
    }  # fmt: skip
