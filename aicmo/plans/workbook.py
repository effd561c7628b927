"""XLSX workbooks; the only file that imports openpyxl."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils import get_column_letter

from aicmo.errors import FixDocument, FixInput
from aicmo.plans.reading import read_bytes
from aicmo.plans.sheets import LAST_ROW, Cell, Sheet, Unusable, as_text, from_text, kept, unreadable

_MAX_FILE_BYTES = 20 * 1024 * 1024
_MAX_UNPACKED_BYTES = 64 * 1024 * 1024
_MAX_ENTRIES = 1000
_MAX_CELLS = 2_000_000  # with the empty ones to the left of others


def read_workbook(path: Path, name: str) -> Sheet:
    """The sheet called `name`, else the first. Formulas are not computed but marked unusable.

    Raises:
        FixDocument: it isn't a workbook, or unpacks to more than 64 MB or 1000 entries.
    """
    raw = read_bytes(path, _MAX_FILE_BYTES)
    _refuse_bomb(raw, path.name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what openpyxl doesn't support, a calendar doesn't need
            return _read(raw, path.name, name)
    except FixDocument:
        raise
    except Exception as error:  # noqa: BLE001  (openpyxl raises anything on a damaged workbook)
        raise unreadable(path.name, f"is not a sound workbook ({type(error).__name__})") from None


def _refuse_bomb(raw: bytes, source: str) -> None:
    try:
        entries = zipfile.ZipFile(io.BytesIO(raw)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise unreadable(source, "is not an XLSX workbook") from None
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MAX_ENTRIES or unpacked > _MAX_UNPACKED_BYTES:
        raise unreadable(source, "unpacks to more than a calendar can hold; nothing was opened")


def _read(raw: bytes, source: str, name: str) -> Sheet:
    workbook: Any = load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
    sheet = workbook[name] if name in workbook.sheetnames else workbook.worksheets[0]
    sheet.reset_dimensions()  # the file's own statement of its size can't be trusted
    label = f"{source}, sheet {sheet.title}"
    rows = (
        kept(number, [_read_cell(cell) for cell in row], label)
        for number, row in enumerate(_padded_rows(sheet, label), start=1)
        if row or number > LAST_ROW
    )
    return Sheet(label, tuple(row for row in rows if row))


def _padded_rows(sheet: Any, label: str) -> Iterator[Sequence[Any]]:
    # openpyxl fills every gap before a row or a cell: a small file may stand for any number of them.
    cells = 0
    for row in sheet.iter_rows(max_row=LAST_ROW + 1):
        cells += len(row)
        if cells > _MAX_CELLS:
            raise unreadable(label, "is wider than a calendar can be; delete the columns not used")
        yield row


def _read_cell(cell: Any) -> Cell:
    value = cell.value
    if cell.data_type == "f":
        return Unusable("is a formula; write its value")
    if cell.data_type == "e":
        return Unusable(f"holds the error {value}")
    if isinstance(value, datetime):
        return _read_date(value, str(cell.number_format))
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else from_text(str(value).strip())


def _read_date(value: datetime, number_format: str) -> str:
    if is_datetime(number_format) == "date":
        return value.date().isoformat()
    return value.isoformat(timespec="seconds" if value.second else "minutes")


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[str]]]) -> None:
    """Writes each sheet with its first row as heading.

    Raises:
        FixInput: the file can't be written.
    """
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets.items():
        _write_sheet(workbook.create_sheet(name), rows)
    try:
        workbook.save(path)
    except OSError as error:
        raise FixInput(f"{path} can't be written: {error.strerror}") from None


def _write_sheet(sheet: Any, rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        sheet.append([as_text(cell) for cell in row])
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for at, cells in enumerate(zip(*rows, strict=True), start=1):
        sheet.cell(1, at).font = Font(bold=True)
        width = max(len(line) for cell in cells for line in cell.split("\n"))
        sheet.column_dimensions[get_column_letter(at)].width = min(60, width + 4)
    sheet.freeze_panes = "A2"
