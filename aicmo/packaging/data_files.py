"""The plan as data: one CSV per kind of thing, and all of it as project.json.

A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from aicmo.packaging.chapter_parts import Material
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.project_data import iso, project_json
from aicmo.packaging.wording import Wording
from aicmo.plans.items import Item

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_data(content: ProjectContent, folder: Path) -> dict[str, str]:
    """Writes data/*.csv and data/project.json. Returns their titles by name."""
    (folder / "data").mkdir()
    material = Material(content, Wording.of(content.document))
    titles = {"data/project.json": material.say.text("The plan as data")}
    (folder / "data" / "project.json").write_text(project_json(content), encoding="utf-8")
    for name, (title, columns, rows) in _tables(material).items():
        if rows:
            write_csv(folder / "data" / f"{name}.csv", columns, rows)
            titles[f"data/{name}.csv"] = title
    return titles


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV (RFC 4180) in UTF-8 with a mark, by which Excel knows the encoding."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple | list):
        value = "; ".join(str(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  (of any kind)
    text = str(value)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


_Table = tuple[str, Sequence[str], list[list[Any]]]


def _tables(material: Material) -> Mapping[str, _Table]:
    document, say = material.document, material.say

    def table(title: str, columns: str, parts: Iterable[BaseModel]) -> _Table:
        names = columns.split()
        return title, names, [[getattr(part, name) for name in names] for part in parts]

    budget = document.budget
    return {
        "items": (say.text("Content calendar as data"), _ITEM_COLUMNS, _items(material)),
        "kpis": table(
            say.text("Measures as data"),
            "name baseline target target_max unit tier better source",
            document.kpis,
        ),
        "budget": table(
            say.text("Budget as data"), "name amount note", budget.lines if budget else ()
        ),
        "channels": table(
            say.text("Channels as data"), "channel role cadence kill_criterion", document.channels
        ),
        "personas": table(
            say.text("Personas as data"), "name role wants objection channels", document.personas
        ),
        "phases": table(
            say.text("Phases as data"), "name starts_on ends_on tactics", document.phases
        ),
        "facts": table(
            say.text("Market facts as data"), "fact value unit source", document.market.facts
        ),
        "open_questions": table(
            say.text("Open questions as data"),
            "question needed_for owner",
            document.open_questions,
        ),
    }


_ITEM_COLUMNS = (
    "id", "send_at_utc", "send_at_local", "timezone", "channel", "title", "pillar", "theme",
    "audience", "approved", "subject", "text", "link",
)  # fmt: skip


def _items(material: Material) -> list[list[Any]]:
    audiences = {one.id: one.name for one in material.document.audiences}
    return [_item(item, material, audiences) for item in material.items()]


def _item(item: Item, material: Material, audiences: Mapping[str, str]) -> list[Any]:
    local, status = material.say.sends_at(item), material.status(item)
    content: dict[str, Any] = item.content.model_dump()
    cta: dict[str, Any] = content.get("cta") or {}
    return [
        item.id, iso(local), f"{local:%Y-%m-%dT%H:%M}", material.document.timezone,
        item.channel.value, item.title, item.pillar, item.theme,
        audiences.get(item.audience or ""), "yes" if status and status.approved else "no",
        content.get("subject"), content.get("body") or content.get("text") or content.get("note"),
        content.get("link") or cta.get("url"),
    ]  # fmt: skip
