"""`aicmo reconcile`: closes the doubts that can be closed without a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, grid, plain, print_json, to_stdout
from aicmo.cli.doubt_tables import without_doubts
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from aicmo.database import Database
    from aicmo.execution.reconciling import Left, Reconciled
    from aicmo.gateways.contract import OpenGateway


def reconcile(project: Project, by: By = None, *, as_json: Json = False) -> None:
    """Ask the providers about doubts, and close what they can prove; sends nothing."""
    from aicmo.execution import reconciling
    from aicmo.execution.doubts import with_a_run
    from aicmo.settings import get_execution_config

    database = open_ledger()
    told = reconciling.reconcile(
        database,
        project,
        get_execution_config(),
        lambda channel: _open_gateway(database, project, channel),
        by=person(by),
    )
    with database.read() as session:
        held, until = with_a_run(session, project)
    if as_json:
        print_json(_as_json(project, told))
    else:
        _show(to_stdout(), project, told, without_doubts(project, held, until))
    if told.still_in_doubt:
        raise typer.Exit(FAILED)


def _open_gateway(database: Database, project: str, channel: str) -> OpenGateway:
    """As configured; a channel that isn't is told in short, since others may be asked."""
    from aicmo.errors import FixConfiguration
    from aicmo.execution.accounts import open_gateway_of

    try:
        return open_gateway_of(database, project, channel)
    except FixConfiguration:
        short = f"nobody was asked: the settings of {channel} are missing or wrong"
        raise FixConfiguration(short) from None


def _show(console: Console, project: str, told: Reconciled, without: str) -> None:
    for line in _lines(told):
        console.print(plain(line))
    if not told.left:
        console.print(plain(without))
        return
    console.print(
        plain(f"{count(told.still_in_doubt, 'delivery')} still in doubt:", "bold magenta")
    )
    table = grid(["Channel", "Doubts", "Why", "What now"], right=(1,))
    for each in told.left:
        table.add_row(each.channel, f"{each.count:,}", plain(each.reason), plain(_what_now(each)))
    console.print(table)
    if any(each.onward == "person" for each in told.left):
        line = f"\nNext: `aicmo doubts {project}` shows the evidence, and how to decide."
        console.print(plain(line))


def _lines(told: Reconciled) -> Iterator[str]:
    if told.recorded:
        yield f"{count(told.recorded, 'delivery')} newly recorded as in doubt."
    if told.asked:
        yield f"Asked about {count(told.asked, 'delivery')}."
    if told.present:
        yield f"{told.present:,} there: now sent."
    if told.absent:
        yield f"{told.absent:,} not there: waiting again."
    if told.exhausted:
        yield f"{told.exhausted:,} not there after the last attempt: now failed."


def _what_now(left: Left) -> str:
    if left.onward == "person":
        return "decide it"
    if left.onward == "run":
        return "run again"
    later = f" from {left.again_at:%Y-%m-%d %H:%M} UTC" if left.again_at else ""
    return f"reconcile again{later}"


def _as_json(project: str, told: Reconciled) -> dict[str, Any]:
    left = [
        {
            "channel": each.channel, "reason": each.reason, "onward": each.onward.value,
            "count": each.count,
            "again_at": each.again_at.isoformat() if each.again_at else None,
        }
        for each in told.left
    ]  # fmt: skip
    return {
        "project_id": project, "recorded": told.recorded, "asked": told.asked,
        "present": told.present, "absent": told.absent, "exhausted": told.exhausted,
        "still_in_doubt": told.still_in_doubt, "left": left,
    }  # fmt: skip
