"""What a person reads: tables and lines, plain and of a fixed width when nobody looks on."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 120
_UNLIMITED = 10_000
STATE_STYLES = {
    "sent": "green",
    "previewed": "green",
    "ready": "green",
    "failed": "bold red",
    "unknown": "bold magenta",
    "skipped": "yellow",
    "held": "yellow",
    "cancelled": "dim",
    "expired": "yellow",
    "waiting": "cyan",
}


def survive_bad_encodings() -> None:
    """A terminal that can't show a character gets `?` instead of a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def to_stdout() -> Console:
    return _console(sys.stdout)


def to_stderr() -> Console:
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    console = Console(file=stream, highlight=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(
        file=stream, highlight=False, emoji=False, width=PLAIN_WIDTH, color_system=None
    )  # fmt: skip


def plain(text: object, style: str = "") -> Text:
    """`text` as it is: neither Rich's markup nor a terminal's control sequences work in it."""
    shown = "".join(
        char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf") else " "
        for char in str(text)
    )
    return Text(shown, style)


def state_text(state: str, text: str) -> Text:
    return plain(text, STATE_STYLES.get(state, ""))


def print_json(value: dict[str, Any]) -> None:
    """The one JSON object of a command, on stdout; ASCII, so that no terminal garbles it."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
    sys.stdout.flush()


def grid(columns: Sequence[str], *, right: Iterable[int] = (), title: str | None = None) -> Table:
    """An empty table; `right` are the numbers of right-aligned columns."""
    table = Table(
        box=box.SIMPLE_HEAD, header_style="bold", title=title, title_justify="left",
        title_style="bold", padding=(0, 1, 0, 0),
        pad_edge=False, show_edge=False,
    )  # fmt: skip
    numbers = set(right)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number in numbers else "left", overflow="fold")
    return table


def print_whole(console: Console, table: Table) -> None:
    """Prints a table in its whole width: an address in it can be copied, also where lines wrap."""
    unlimited = console.options.update(max_width=_UNLIMITED)
    console.width = max(console.width, console.measure(table, options=unlimited).maximum)
    console.print(table)


def local_time(instant: datetime, timezone: str) -> str:
    """`Tue 3 Mar 2026 07:30 CST`, by the clocks of `timezone`."""
    local = instant.astimezone(ZoneInfo(timezone))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M %Z}"


def size(number: int) -> str:
    """Bytes in the unit that a person would use: `812 B`, `64 kB`, `1.4 MB`."""
    if number < 1000:  # noqa: PLR2004
        return f"{number} B"
    if number < 1_000_000:  # noqa: PLR2004
        return f"{number / 1000:.0f} kB"
    return f"{number / 1_000_000:.1f} MB"


def count(number: int, noun: str) -> str:
    """`1 item`, `2 days`, `3 deliveries`."""
    if number == 1:
        return f"1 {noun}"
    consonant_y = noun.endswith("y") and noun[-2] not in "aeiou"
    plural = f"{noun[:-1]}ies" if consonant_y else f"{noun}s"
    return f"{number:,} {plural}"
