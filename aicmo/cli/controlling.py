"""`aicmo cancel` and `aicmo retry`: calling items off, and opening again what didn't go out."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.approving import how_to_send
from aicmo.cli.console import count, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Items, Json, Project, person
from aicmo.cli.planning import states_text

if TYPE_CHECKING:
    from aicmo.execution.cancelling import Cancelled
    from aicmo.execution.retrying import Retried

_Reason = Annotated[str, typer.Option(help="Kept in the audit log.")]


def cancel(
    project: Project,
    items: Items = None,
    reason: _Reason = "",
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Call items off: what hasn't gone out never will; what has stays as it is."""
    from aicmo.execution import cancelling

    done = cancelling.cancel(open_ledger(), project, items or None, by=person(by), reason=reason)
    if as_json:
        print_json({
            "project_id": project, "items": done.items, "cancelled": done.deliveries,
            "stays": [asdict(tally) for tally in done.stays],
        })  # fmt: skip
        return
    _show_cancelled(project, done)


def _show_cancelled(project: str, done: Cancelled) -> None:
    console = to_stdout()
    number = f"{count(done.deliveries, 'delivery')} of " if done.deliveries else ""
    said = f"Called off: {number}{', '.join(done.items) or 'nothing, the plan has no item'}."
    console.print(plain(said), soft_wrap=True)
    stays: Counter[tuple[str, str]] = Counter()
    for tally in done.stays:
        stays[tally.state, tally.reason] += tally.count
    if stays:
        console.print("What stays as it is:")
        console.print(states_text(stays))
    if under_way := sum(number for (_, why), number in stays.items() if why == "in progress"):
        line = f"In progress: {count(under_way, 'delivery')}, stopped before the request begins. "
        line += "At most the request under way still ends."
        console.print(plain(line), soft_wrap=True)
    again = f"`aicmo retry {project} {done.items[0] if done.items else 'ITEM'}`"
    console.print(plain(f"Next: {again} takes a cancellation back."), soft_wrap=True)


def retry(
    project: Project,
    items: Items = None,
    reason: _Reason = "",
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Open again what is proven not to have gone out: failures, and cancelled items by name."""
    from aicmo.execution import retrying

    done = retrying.retry(open_ledger(), project, items or None, by=person(by), reason=reason)
    if as_json:
        print_json({
            "project_id": project, "items": done.items, "reopened": done.deliveries,
            "stopped": done.stopped, "refused": done.refused,
        })  # fmt: skip
        return
    _show_retried(project, done)


def _show_retried(project: str, done: Retried) -> None:
    console = to_stdout()
    console.print(plain(f"Waits again: {count(done.deliveries, 'delivery')}."))
    for said, number in done.stopped.items():
        console.print(plain(f"  {number:,} of them don't go out: {said}", "yellow"), soft_wrap=True)
    for reason, number in done.refused.items():
        line = f"Left as it is: {count(number, 'delivery')}, {reason}."
        console.print(plain(line, "yellow"), soft_wrap=True)
    if done.deliveries:
        step = f"Next: `{how_to_send(project)}` tries them, under approval and every guard."
        console.print(plain(step), soft_wrap=True)
