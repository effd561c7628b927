"""What changed between two versions of a project document, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What happened to one item; `fields` are the changed ones, for example `content.subject`."""

    item: str
    title: str
    change: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Changes of items, and the names of the other parts that changed."""

    items: tuple[ItemChange, ...]
    parts: tuple[str, ...]


def compare(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Difference:
    """Compares two documents in their JSON form; `before` is None for a first import."""
    old = _items(before or {})
    new = _items(after)
    changes = [
        change
        for key in [*new, *(key for key in old if key not in new)]
        if (change := _item_change(key, old.get(key), new.get(key)))
    ]
    parts = () if before is None else _changed_parts(before, after)
    return Difference(tuple(changes), parts)


def _items(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in document.get("items", ())}


def _item_change(
    key: str, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> ItemChange | None:
    if new is None:
        return ItemChange(key, (old or {}).get("title", ""), "withdrawn")
    if old is None:
        return ItemChange(key, new["title"], "added")
    fields = tuple(_changed_fields(old, new))
    return ItemChange(key, new["title"], "changed", fields) if fields else None


def _changed_fields(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    changed: list[str] = []
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            inner = (cast("dict[str, Any]", was), cast("dict[str, Any]", now))
            changed += _changed_fields(*inner, f"{prefix}{name}.")
        elif was != now:
            changed.append(f"{prefix}{name}")
    return changed


def _changed_parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    names = [name for name in after if name not in ("items", "contacts")]
    return tuple(name for name in names if before.get(name) != after.get(name))
