"""`aicmo email feedback`: reads what came back, and suppresses whom it proves to be about."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aicmo.cli.console import count, grid, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from aicmo.execution.feedback import CameBack, FeedbackRead, LeftInPlace

_SHOWN = 10


def feedback(by: By = None, *, as_json: Json = False) -> None:
    """Read bounces and complaints from the mailbox of AICMO_FEEDBACK_URL; sends nothing."""
    from aicmo.execution.feedback import read_feedback
    from aicmo.gateways.mailboxes import feedback_address, open_mailbox
    from aicmo.settings import get_settings

    settings, database = get_settings(), open_ledger()
    with open_mailbox(feedback_address(settings)) as mailbox:
        told = read_feedback(
            database, mailbox, by=person(by), journal_address=settings.journal_address
        )
    if as_json:
        print_json(_as_json(told))
    else:
        _show(to_stdout(), told)


def _show(console: Console, told: FeedbackRead) -> None:
    console.print(plain(f"Read {count(told.messages, 'message')}."))
    for kind in dict.fromkeys(each.kind for each in told.came_back):
        of_kind = [each for each in told.came_back if each.kind is kind]
        console.print(plain(f"\n{count(len(of_kind), 'email')} {kind}:", "bold"))
        console.print(_table(of_kind))
    if told.known:
        console.print(plain(f"{count(told.known, 'report')} known from before."))
    if told.settled:
        line = f"{count(told.settled, 'delivery')} in doubt went out, as this shows: now sent."
        console.print(plain(line))
    if told.left:
        _show_left(console, told.left)


def _table(came_back: Sequence[CameBack]) -> Any:
    table = grid(["Project", "Item", "To", "Status", "Suppressed", "In their words"])
    for each in came_back:
        table.add_row(
            plain(each.project_id), plain(each.item), plain(each.recipient), each.status,
            each.suppressed, plain(each.detail),
        )  # fmt: skip
    return table


def _show_left(console: Console, left: Sequence[LeftInPlace]) -> None:
    line = f"\n{count(len(left), 'message')} not ours, left in the mailbox as before:"
    console.print(plain(line, "bold"))
    table = grid(["Message", "Why"])
    for each in left[:_SHOWN]:
        table.add_row(plain(each.name), each.reason)
    console.print(table)
    if len(left) > _SHOWN:
        console.print(plain(f"and {len(left) - _SHOWN:,} more"))


def _as_json(told: FeedbackRead) -> dict[str, Any]:
    return {
        "messages": told.messages, "known": told.known, "settled": told.settled,
        "came_back": [asdict(each) for each in told.came_back],
        "left": [asdict(each) for each in told.left],
    }  # fmt: skip
