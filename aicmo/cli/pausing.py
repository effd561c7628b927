"""`aicmo pause` and `aicmo unpause`: the stop switches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.console import grid, plain, print_json, to_stdout
from aicmo.cli.ledger import now, open_ledger
from aicmo.cli.options import By, Json, person, read_channels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aicmo.database import Database
    from aicmo.models import Pause

_Project = Annotated[str, typer.Argument(help="One project; without it, every project.")]
_Channel = Annotated[str | None, typer.Option(help="Only this channel.")]


def pause(
    project: _Project = "",
    channel: _Channel = None,
    reason: Annotated[str, typer.Option(help="Kept with the switch.")] = "",
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Stop sending at once: everything, a project, a channel."""
    from aicmo.execution import pauses

    database, only = open_ledger(), _one(channel)
    changed = pauses.pause(
        database, project_id=project, channel=only, by=person(by), now=now(), reason=reason
    )
    said = f"{'Paused' if changed else 'Already paused'}: {_scope(project, only)}."
    _answer(database, said, changed=changed, as_json=as_json)


def unpause(
    project: _Project = "",
    channel: _Channel = None,
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Release exactly one switch; broader ones stay."""
    from aicmo.execution import pauses

    database, only = open_ledger(), _one(channel)
    changed = pauses.unpause(database, project_id=project, channel=only, by=person(by))
    said = f"{'Released' if changed else 'No such switch was set'}: {_scope(project, only)}."
    _answer(database, said, changed=changed, as_json=as_json)


def _one(channel: str | None) -> str:
    found = read_channels(channel, option="--channel")
    if found and len(found) > 1:
        raise typer.BadParameter("names more than one channel", param_hint="--channel")
    return found[0] if found else ""


def _scope(project: str, channel: str) -> str:
    return f"{project or 'every project'}, {channel or 'every channel'}"


def _answer(database: Database, said: str, *, changed: bool, as_json: bool) -> None:
    from aicmo.execution.pauses import current

    with database.read() as session:
        switches = current(session)
    if as_json:
        print_json({"changed": changed, "switches": [_as_json(each) for each in switches]})
        return
    to_stdout().print(plain(said))
    _show(switches)


def _show(switches: Sequence[Pause]) -> None:
    if not switches:
        to_stdout().print("Nothing is paused.")
        return
    table = grid(["Paused project", "Channel", "By", "Since (UTC)", "Reason"])
    for each in switches:
        table.add_row(
            plain(each.project_id or "every one"), each.channel or "every one",
            plain(each.paused_by), f"{each.paused_at:%Y-%m-%d %H:%M}", plain(each.reason),
        )  # fmt: skip
    to_stdout().print(table)


def _as_json(each: Pause) -> dict[str, Any]:
    return {
        "project_id": each.project_id, "channel": each.channel, "by": each.paused_by,
        "at": each.paused_at.isoformat(), "reason": each.reason,
    }  # fmt: skip
