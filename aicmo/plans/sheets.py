"""Tables of text in CSV files and XLSX workbooks, with the row numbers that a spreadsheet shows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aicmo.errors import FixDocument, FixInput
from aicmo.plans.reading import read_text
from aicmo.problems import Problem

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MAX_ROWS = 5000
LAST_ROW = 1_048_576  # that a spreadsheet can have; LibreOffice writes it even where it is empty
_MAX_CSV_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unusable:
    """A cell whose content can't be taken: a formula, an error value."""

    reason: str


Cell = str | Unusable


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that aren't empty; `label` is `calendar.xlsx, sheet Calendar` or `calendar.csv`."""

    label: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


def read_sheet(path: Path, name: str) -> Sheet:
    """The table in a CSV file, or in the sheet called `name` (else the first) of a workbook.

    Raises:
        FixDocument: it can't be read, is too large, or is of another kind.
    """
    match path.suffix.lower():
        case ".csv":
            return _read_csv(path)
        case ".xlsx":
            # on demand: openpyxl takes a while to import
            from aicmo.plans.workbook import read_workbook  # noqa: PLC0415

            return read_workbook(path, name)
        case _:
            raise unreadable(path.name, "is not one of .csv, .xlsx")


def write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Writes `rows` as CSV in UTF-8 with a byte order mark, by which Excel knows it.

    Raises:
        FixInput: the file can't be written.
    """
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([[as_text(cell) for cell in row] for row in rows])
    except OSError as error:
        raise FixInput(f"{path} can't be written: {error.strerror}") from None


def as_text(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def from_text(text: str) -> str:
    """The reverse of `as_text`."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA_STARTS) else text


def kept(number: int, cells: Sequence[Cell], label: str) -> tuple[int, tuple[Cell, ...]] | None:
    """The row without empty cells at its end; None if nothing is left.

    Raises:
        FixDocument: the table is longer than a calendar can be.
    """
    filled = [at for at, cell in enumerate(cells) if cell != ""]
    if number > (MAX_ROWS if filled else LAST_ROW):
        raise unreadable(label, f"has more than {MAX_ROWS} rows")
    if not filled:
        return None
    return number, tuple(cells[: filled[-1] + 1])


def unreadable(place: str, message: str) -> FixDocument:
    return FixDocument(place, [Problem(place, message)])


def _read_csv(path: Path) -> Sheet:
    text = read_text(path, _MAX_CSV_BYTES)
    heading = text.lstrip().partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [
            kept(number, [_csv_cell(cell) for cell in row], path.name)
            for number, row in enumerate(reader, start=1)
        ]
    except csv.Error as error:
        raise unreadable(f"{path.name}, line {reader.line_num}", f"is not CSV: {error}") from None
    return Sheet(path.name, tuple(row for row in rows if row))


def _csv_cell(text: str) -> Cell:
    text = text.strip()
    return Unusable("is a formula; write its value") if text.startswith("=") else from_text(text)
