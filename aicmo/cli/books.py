"""The books of a project as a person reads them: one row sum, then item by item."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from aicmo.cli.console import grid, plain, state_text
from aicmo.cli.planning import states_text

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console
    from rich.text import Text

    from aicmo.database import Database
    from aicmo.execution.report import Books


def show_books(console: Console, database: Database, project_id: str, *, at: datetime) -> Books:
    """Prints and returns the books of a project as at `at`."""
    from aicmo.execution.report import read_books

    with database.read() as session:
        books = read_books(session, project_id, now=at)
    table = grid(["Item", "Channel", "Title", "Deliveries"])
    for key in dict.fromkeys(tally.item for tally in books.tallies):
        of_item = [tally for tally in books.tallies if tally.item == key]
        counts = Counter({(each.state, each.reason): each.count for each in of_item})
        first = of_item[0]
        table.add_row(plain(key), first.channel, plain(first.title), states_text(counts))
    console.print(table)
    console.print()
    console.print(row_sum(books))
    return books


def row_sum(books: Books) -> Text:
    """`planned 24 = 8 sent + 1 failed + …`, and whether that is so."""
    from aicmo.execution.report import BOOKS

    line = plain(f"Planned {books.planned:,} = ", "bold")
    shown = [state for state in BOOKS if books.count(state)]
    for number, state in enumerate(shown):
        line.append(" + " if number else "")
        line.append_text(state_text(state, f"{books.count(state):,} {state}"))
    if not shown:
        line.append("0")
    if books.balanced:
        return line.append("   The books balance.", "green")
    return line.append("   THE BOOKS DON'T BALANCE.", "bold red")
