"""What changed between two packages, in words for whoever made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aicmo.plans.difference import ItemChange, compare

Json = Mapping[str, Any]
_LONGEST_VALUE = 80
_TOLD_APART = ("brand", "budget", "kpis")
"""Parts of the document whose changes are told one by one."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A package as it was built: its manifest.json and its data/project.json, read.

    findings: of the quality gate; None where they aren't known.
    """

    manifest: Json
    project: Json
    findings: Sequence[Json] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """about: what kind of thing changed (`Plan`, `Files`, …); text: a line without a full stop."""

    about: str
    text: str


def compare_packages(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Every change, in the order in which it should be read; the same two give the same lines."""
    parts = (
        ("Status", _status),
        ("Plan", _plan),
        ("Numbers", _numbers),
        ("Approvals", _approvals),
        ("Results", _results),
        ("Quality", _quality),
        ("Brand", _brand),
        ("Files", _files),
        ("Made with", _tools),
    )
    return tuple(Change(about, text) for about, tell in parts for text in tell(before, after))


def _status(before: Snapshot, after: Snapshot) -> Iterator[str]:
    names = (("status", "status"), ("plan_version", "plan version"), ("client", "client"))
    for key, name in names:
        yield from _moved(name, before.manifest.get(key), after.manifest.get(key))


def _plan(before: Snapshot, after: Snapshot) -> Iterator[str]:
    old, new = before.project["document"], after.project["document"]
    found = compare(old, new)
    for change in found.items:
        named = f"{change.title} ({change.item})"
        if change.change == "changed":
            was, now = _item(old, change.item), _item(new, change.item)
            yield f"{named} changed: {'; '.join(_fields(change, was, now))}"
        else:
            yield f"{named} {change.change}"
    gone = [name for name in old if name not in new]
    for part in (*found.parts, *gone):
        if part not in _TOLD_APART:
            yield f"{part.replace('_', ' ')} changed"


def _item(document: Json, key: str) -> Json:
    return next(item for item in document["items"] if item["id"] == key)


def _fields(change: ItemChange, was: Json, now: Json) -> Iterator[str]:
    for field in change.fields:
        told = list(_moved(field, _at(was, field), _at(now, field)))
        yield told[0] if told else f"{field} changed"


def _at(item: Json, field: str) -> Any:
    value: Any = item
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (JSON of any depth)
    return value  # pyright: ignore[reportUnknownVariableType]


def _numbers(before: Snapshot, after: Snapshot) -> Iterator[str]:
    old, new = before.project["document"], after.project["document"]
    yield from _named("KPI", _by_name(old.get("kpis", ())), _by_name(new.get("kpis", ())))
    nothing: Json = {}
    was: Json = old.get("budget", nothing)
    now: Json = new.get("budget", nothing)
    for field in ("total", "currency", "period"):
        yield from _moved(f"budget {field}", _plain(was.get(field)), _plain(now.get(field)))
    lines = (_by_name(was.get("lines", ())), _by_name(now.get("lines", ())))
    yield from _named("budget line", *lines)


def _by_name(parts: Iterable[Json]) -> dict[str, Json]:
    return {part["name"]: part for part in parts}


def _named(noun: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    for name in [*new, *(name for name in old if name not in new)]:
        if name not in old:
            yield f"{noun} {name} added"
        elif name not in new:
            yield f"{noun} {name} removed"
        else:
            was, now = old[name], new[name]
            fields = dict.fromkeys((*now, *was))
            moves = [_moved(f, _plain(was.get(f)), _plain(now.get(f))) for f in fields]
            if told := [text for move in moves for text in move]:
                yield f"{noun} {name}: {'; '.join(told)}"


def _approvals(before: Snapshot, after: Snapshot) -> Iterator[str]:
    old, new = before.project["items"], after.project["items"]
    titles = _titles(before) | _titles(after)
    for key, status in new.items():
        was = old.get(key, {}).get("approved", False)
        if status["approved"] != was:
            said = "is approved" if status["approved"] else "is no longer approved"
            yield f"{titles.get(key, key)} ({key}) {said}"


def _results(before: Snapshot, after: Snapshot) -> Iterator[str]:
    titles = _titles(after)
    for key, status in after.project["items"].items():
        was: Counter[str] = Counter(before.project["items"].get(key, {}).get("counts", {}))
        now: Counter[str] = Counter(status["counts"])
        states = dict.fromkeys((*now, *was))
        moves = [f"{n} {was[n]} → {now[n]}" for n in states if was[n] != now[n] and n != "waiting"]
        if moves:
            yield f"{titles.get(key, key)} ({key}): {', '.join(moves)}"


def _titles(one: Snapshot) -> dict[str, str]:
    return {item["id"]: item["title"] for item in one.project["document"].get("items", ())}


def _quality(before: Snapshot, after: Snapshot) -> Iterator[str]:
    if before.findings is None or after.findings is None:
        return
    old, new = _findings(before.findings), _findings(after.findings)
    for key, said in new.items():
        if key not in old:
            yield f"new {said}"
    for key, said in old.items():
        if key not in new:
            yield f"gone: {said}"


def _findings(found: Sequence[Json]) -> dict[tuple[str, ...], str]:
    return {
        (each["rule"], each["place"], each["evidence"]):
        f"{each['severity']} at {each['place']}: {each['evidence']}"
        for each in found
    }  # fmt: skip


def _brand(before: Snapshot, after: Snapshot) -> Iterator[str]:
    was, now = before.project["document"]["brand"], after.project["document"]["brand"]
    for field in dict.fromkeys((*now, *was)):
        if was.get(field) != now.get(field):
            told = list(_moved(field, was.get(field), now.get(field)))
            yield told[0] if told else f"{field} changed"
    old, new = before.project.get("files", {}), after.project.get("files", {})
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            yield f"{path} {_happened(path in old, path in new)}"


def _files(before: Snapshot, after: Snapshot) -> Iterator[str]:
    old, new = _by_name(before.manifest["files"]), _by_name(after.manifest["files"])
    for name in dict.fromkeys((*new, *old)):
        if name.startswith("previews/"):
            continue
        was, now = old.get(name), new.get(name)
        if was is None or now is None:
            yield f"{name} {_happened(was is not None, now is not None)}"
        elif was["sha256"] != now["sha256"]:
            pages = [*_moved("pages", was["pages"], now["pages"])]
            bytes_ = [*_moved("bytes", was["size"], now["size"])]
            yield f"{name} changed" + "".join(f"; {told}" for told in (*pages, *bytes_))
    known = [_missing(entry) for entry in before.manifest["missing"]]
    for entry in after.manifest["missing"]:
        if _missing(entry) not in known:
            yield _missing(entry)


def _missing(entry: Json) -> str:
    return f"{entry['name']} is missing: {entry['reason']}"


def _tools(before: Snapshot, after: Snapshot) -> Iterator[str]:
    was, now = before.manifest["made_with"], after.manifest["made_with"]
    for name in sorted({*was, *now}):
        yield from _moved(name, was.get(name), now.get(name))


def _happened(was_there: bool, is_there: bool) -> str:  # noqa: FBT001  (always both, in this order)
    if was_there and is_there:
        return "changed"
    return "added" if is_there else "removed"


def _plain(number: Any) -> Any:
    """`8000` and `8000.00` are one amount."""
    try:
        return f"{Decimal(number).normalize():f}"
    except (ArithmeticError, TypeError, ValueError):
        return number


def _moved(name: str, was: Any, now: Any) -> Iterator[str]:
    """`target 40 → 45`; nothing if it is the same, or too long to be read on a line."""
    if was == now:
        return
    shown = ["none" if value in (None, "") else str(value) for value in (was, now)]
    composed = any(isinstance(value, dict | list) for value in (was, now))
    if not composed and all(len(each) <= _LONGEST_VALUE for each in shown):
        yield f"{name} {shown[0]} → {shown[1]}"
