"""A calendar in a spreadsheet: rows that become the items of a project document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aicmo.channels import SOCIAL, Channel, parse_channel
from aicmo.errors import FixDocument, FixInput
from aicmo.plans.assets import read_media
from aicmo.plans.checking import check
from aicmo.plans.columns import COLUMNS, EXAMPLE_ROWS, Column
from aicmo.plans.crm import CrmSetup
from aicmo.plans.crm_logs import logs_of
from aicmo.plans.cross_posts import item_id
from aicmo.plans.document import ProjectDocument
from aicmo.plans.findings import translate
from aicmo.plans.items import Item
from aicmo.plans.reading import ReadDocument
from aicmo.plans.sheets import Cell, Sheet, Unusable, read_sheet, unreadable, write_csv
from aicmo.plans.validation import places_of, refuse_errors, stand_in
from aicmo.problems import Problem

SHEET = "Calendar"
_BY_NAME = {column.name: column for column in COLUMNS}
_ITEM_PLACE = re.compile(r"items\[(\d+)\](?:\.([\w.\[\]]+))?")


def with_calendar(document: ProjectDocument, path: Path) -> ReadDocument:
    """`document` with the rows of a `.csv` or `.xlsx` calendar in place of its items.

    The media that its rows name lie beside the calendar; `files` are those alone.

    Raises:
        FixDocument: with every problem, by row and column as the spreadsheet shows them.
    """
    table = _Table(read_sheet(path, SHEET))
    changed = document.model_copy(update={"items": table.items(document.crm)})
    for problem in check(changed):
        table.add(problem)
    files: dict[str, bytes] = {}
    try:
        files = read_media(changed, path.parent, path.name)
    except FixDocument as error:
        for problem in error.problems:
            table.add(problem)
    return ReadDocument(changed, refuse_errors(path.name, table.problems), path.name, files)


def write_template(path: Path) -> None:
    """Writes a calendar to fill in: a heading row and an example for each channel.

    A workbook has a second sheet that explains the columns.

    Raises:
        FixInput: the file is neither `.csv` nor `.xlsx`, or can't be written.
    """
    rows = [[column.name for column in COLUMNS]]
    rows += [[row.get(column.name, "") for column in COLUMNS] for row in EXAMPLE_ROWS]
    if path.suffix.lower() == ".csv":
        write_csv(path, rows)
    elif path.suffix.lower() == ".xlsx":
        # on demand: openpyxl takes a while to import
        from aicmo.plans.workbook import write_workbook  # noqa: PLC0415

        write_workbook(path, {SHEET: rows, "Columns": explain_columns()})
    else:
        raise FixInput(f"{path.name} is not one of .csv, .xlsx")


def explain_columns() -> list[list[str]]:
    """A heading and a row for each column: its name, the channels it is for, what it holds."""
    heading = ["column", "for", "needed", "what it holds"]
    channels = {"email": "email", "post": "social", "crm": "crm"}
    return [heading] + [
        [
            column.name,
            ", ".join(channels[kind] for kind in column.kinds),
            "yes" if column.required else "",
            column.about,
        ]
        for column in COLUMNS
    ]


@dataclass(frozen=True, slots=True)
class _Row:
    """part_of: the id in a row that names several networks, which is read as a row for each."""

    number: int
    cells: dict[str, str]
    part_of: str = ""

    def per_network(self) -> list[_Row]:
        networks = [parse_channel(name) for name in self.cells.get("channel", "").split(",")]
        post_id = self.cells.get("id", "")
        if len(set(networks)) < 2 or not all(each in SOCIAL for each in networks):  # noqa: PLR2004
            return [self]
        return [
            _Row(
                self.number,
                {**self.cells, "channel": str(each), "id": item_id(post_id, str(each))},
                post_id,
            )
            for each in dict.fromkeys(networks)
        ]


class _Table:
    """The rows of a sheet by column name, and the problems found in them."""

    def __init__(self, sheet: Sheet) -> None:
        if not sheet.rows:
            raise unreadable(sheet.label, "is empty: its first row names the columns")
        self._label = sheet.label
        self.problems: list[Problem] = []
        self._settled: set[str] = set()
        (heading_row, headings), *rows = sheet.rows
        self._columns = self._read_headings(heading_row, headings)
        read = [self._read_row(number, cells) for number, cells in rows]
        self._rows = [each for row in read for each in row.per_network()]
        if not rows:
            self.problems.append(Problem(sheet.label, "has no row below its heading"))

    def items(self, crm: CrmSetup | None) -> tuple[Item, ...]:
        """An item for each row, and one for each that the CRM notes by itself.

        What the models refuse has stand-ins.
        """
        items = [self._item(at, row, self._item_data(row)) for at, row in enumerate(self._rows)]
        written = [each.model_dump(mode="json", exclude_none=True) for each in items]
        for at, log in list(logs_of({"crm": crm and crm.model_dump()}, written)):
            self._rows.append(self._rows[at])
            items.append(self._item(len(items), self._rows[at], log))
        return tuple(items)

    def _item(self, at: int, row: _Row, data: dict[str, Any]) -> Item:
        while True:
            try:
                return Item.model_validate(data)
            except ValidationError as error:
                for problem in translate(error, Item):
                    self._settle(row.number, _column_for(problem.place), problem.message)
                refused = {str(place[0]) for place in places_of(error) if place}
                # once the fields are sound, the item's own rules are looked at
                data = stand_in("items", data, refused, at)

    def add(self, problem: Problem) -> None:
        """Adds a finding about the items that `items` returned, at its row."""

        def in_sheet(match: re.Match[str]) -> str:
            return self._place(self._rows[int(match[1])].number, _column_for(match[2] or ""))

        place, message = (
            _ITEM_PLACE.sub(in_sheet, text) for text in (problem.place, problem.message)
        )
        told = Problem(place, message, problem.severity)
        if place not in self._settled and told not in self.problems:
            self.problems.append(told)

    def _place(self, number: int, column: str | None = None) -> str:
        return f"{self._label}, row {number}" + (f", column {column}" if column else "")

    def _settle(self, number: int, column: str | None, message: str) -> None:
        """Notes the one problem of a cell; what follows from it is not reported as well."""
        place = self._place(number, column)
        if place not in self._settled:
            self._settled.add(place)
            self.problems.append(Problem(place, message))

    def _read_headings(self, number: int, headings: tuple[Cell, ...]) -> list[str | None]:
        columns: list[str | None] = []
        for cell in headings:
            name = "_".join(str(cell).lower().split())
            if name in columns:
                self._settle(number, name, "is there twice")
            elif name and name not in _BY_NAME:
                self._settle(number, str(cell)[:40], _unknown_column(name))
            columns.append(name if name in _BY_NAME else None)
        for column in COLUMNS:
            if column.required and column.name not in columns:
                message = f"there is no column {column.name}"
                self.problems.append(Problem(self._place(number), message))
        return columns

    def _read_row(self, number: int, cells: tuple[Cell, ...]) -> _Row:
        values: dict[str, str] = {}
        for at, cell in enumerate(cells):
            column = self._columns[at] if at < len(self._columns) else None
            if isinstance(cell, Unusable):
                self._settle(number, column or str(at + 1), cell.reason)
            elif cell and at >= len(self._columns):
                self._settle(number, str(at + 1), "has no heading")
            elif cell and column:
                values[column] = cell
        absent = {column.name for column in COLUMNS if column.required} - set(self._columns)
        self._settled |= {self._place(number, name) for name in absent}
        return _Row(number, values)

    def _item_data(self, row: _Row) -> dict[str, Any]:
        channel = parse_channel(row.cells.get("channel", ""))
        data: dict[str, Any] = {"content": {}}
        if row.part_of:
            data["part_of"] = row.part_of
        for name, value in row.cells.items():
            column = _BY_NAME[name]
            if channel and _kind_of(channel) not in column.kinds:
                self._settle(row.number, name, f"is not used by an item for {channel}")
            elif name == "properties":
                data["content"]["properties"] = self._read_properties(row.number, value)
            else:
                _put(data, column.field, value)
        return data

    def _read_properties(self, number: int, text: str) -> dict[str, str]:
        properties: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in text.split(";"))):
            key, equals, value = (piece.strip() for piece in part.partition("="))
            if not (key and equals and value) or key in properties:
                self._settle(number, "properties", f"{part[:40]!r} is not one of a=b; c=d")
            properties[key] = value
        return properties


def _unknown_column(name: str) -> str:
    near = get_close_matches(name, _BY_NAME, n=1, cutoff=0.6)
    return "is not a column of a calendar" + (f"; did you mean {near[0]}?" if near else "")


def _kind_of(channel: Channel) -> str:
    return channel.value if channel in (Channel.EMAIL, Channel.CRM) else "post"


def _put(data: dict[str, Any], field: str, value: str) -> None:
    """Sets `content.cta.url` or `content.media[0].brief` in nested dictionaries."""
    *parents, name = field.split(".")
    for parent in parents:
        if parent.endswith("[0]"):
            data = data.setdefault(parent.removesuffix("[0]"), [{}])[0]
        else:
            data = data.setdefault(parent, {})
    data[name] = value


def _column_for(field: str) -> str | None:
    """The column that a place inside an item was read from, if it was one."""
    inside = (column for column in COLUMNS if _is_inside(field, column))
    return next((column.name for column in inside), None)


def _is_inside(field: str, column: Column) -> bool:
    return field == column.field or field.startswith((f"{column.field}.", f"{column.field}["))
