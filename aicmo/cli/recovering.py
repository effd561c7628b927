"""`aicmo recover`: what a restore from a backup holds, and letting it go."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.console import count, grid, local_time, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Items, Json, person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table

    from aicmo.database import Database
    from aicmo.execution.restoring import HeldItem, Status

_LOOK_UP = """\
The database doesn't know what went out after its backup was made. Look each item up where it would \
have gone out: in the provider's own list of what was sent, or the mail relay's log."""
_COMMANDS = """\
  It went out, even to some, and nothing of it may go out again:
    aicmo cancel PROJECT ITEM
  It didn't go out:
    aicmo recover PROJECT ITEM --release --reason TEXT"""
_OPT_OUTS = """\
Opt-outs given after the backup are forgotten as well: import the current contacts first."""


def recover(
    project: Annotated[str, typer.Argument(help="One project; without it, every project.")] = "",
    items: Items = None,
    reason: Annotated[str, typer.Option(help="Kept in the audit log.")] = "",
    by: By = None,
    *,
    release: Annotated[
        bool, typer.Option("--release", help="Let what is held go out: it hasn't gone out before.")
    ] = False,
    disarm: Annotated[
        bool, typer.Option("--disarm", help="Hold everything due by now: a backup was restored.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a restore from a backup holds, and release it once you know it hasn't gone out."""
    if release and disarm:
        raise typer.BadParameter("say one of --release and --disarm")
    database = open_ledger()
    if disarm:
        _disarm(database, project, person(by), reason, as_json=as_json)
    elif release:
        _release(database, project, items, person(by), reason, as_json=as_json)
    else:
        _answer(database, project, items, as_json=as_json)


def _disarm(database: Database, project: str, by: str, reason: str, *, as_json: bool) -> None:
    from aicmo.execution import restoring

    if project:
        raise typer.BadParameter(
            "A restore concerns every project: --disarm takes none", param_hint="PROJECT"
        )
    at = restoring.disarm(database, by=by, reason=reason)
    _answer(
        database,
        "",
        None,
        f"Disarmed by hand at {_utc(at)}: what was due by then waits for a release.",
        as_json=as_json,
    )


def _release(
    database: Database,
    project: str,
    items: Sequence[str] | None,
    by: str,
    reason: str,
    *,
    as_json: bool,
) -> None:
    from aicmo.execution import restoring

    if not project:
        raise typer.BadParameter("--release needs a project", param_hint="PROJECT")
    done = restoring.release(database, project, items or None, by=by, reason=reason)
    if as_json:
        _answer(database, project, None, as_json=True, released=done)
        return
    keys = [each.item for each in done]
    if done:
        number = count(sum(each.deliveries for each in done), "delivery")
        to_stdout().print(plain(f"Released: {number} of {', '.join(keys)}."))
    else:
        to_stdout().print("Nothing was released.")
    for key in items or ():
        if key not in keys:
            to_stdout().print(plain(f"Not held by a restore: {key}.", "yellow"))
    _answer(database, project, None, as_json=False)


def _answer(
    database: Database,
    project: str,
    items: Sequence[str] | None,
    heading: str = "",
    *,
    as_json: bool,
    released: Sequence[HeldItem] = (),
) -> None:
    from aicmo.execution.restoring import status
    from aicmo.execution.selection import named_items

    with database.read() as session:
        if project:
            named_items(session, project, items or None)
        found = status(session, project or None)
    held = [each for each in found.held if not items or each.item in items]
    if as_json:
        print_json({
            "disarmed_at": found.disarmed_at and found.disarmed_at.isoformat(),
            "held": [_as_json(each) for each in held],
            "released": [_as_json(each) for each in released],
        })  # fmt: skip
        return
    _show(to_stdout(), found, held, heading)


def _show(console: Console, found: Status, held: Sequence[HeldItem], heading: str) -> None:
    if found.disarmed_at is None:
        console.print("This database was never restored, as far as is known; nothing is held.")
        console.print("If you have restored it: `aicmo recover --disarm --reason TEXT`.")
        return
    at = _utc(found.disarmed_at)
    if not held:
        if heading:
            console.print(heading)
        more = "" if heading else " any more"
        console.print(f"Nothing is held{more} of what was due by {at}.")
        return
    said = heading or f"Held since a restore from a backup was found (or told by hand) at {at}:"
    console.print(plain(said, "yellow"))
    console.print(_table(held))
    console.print()
    console.print(_LOOK_UP)
    console.print(_COMMANDS, soft_wrap=True)
    console.print(_OPT_OUTS)


def _table(held: Sequence[HeldItem]) -> Table:
    table = grid(["Project and item", "Channel", "Title", "When", "Deliveries"], right=(4,))
    for each in held:
        table.add_row(
            plain(f"{each.project_id} {each.item}"), each.channel, plain(each.title),
            plain(local_time(each.send_at, each.timezone)), f"{each.deliveries:,}",
        )  # fmt: skip
    return table


def _utc(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def _as_json(each: HeldItem) -> dict[str, Any]:
    return asdict(each) | {"send_at": each.send_at.isoformat()}
