"""What a CRM says of itself and of the plan, as a person and a program read it."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aicmo.cli.console import count, grid, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.table import Table

    from aicmo.crm.fitting import Misfit, UniqueProperty
    from aicmo.execution.crm_schema import Examined
    from aicmo.plans.crm import CrmField

_DIRECTIONS = {"to_crm": "to CRM", "from_crm": "from CRM", "both": "both"}
_SHOWN = 12


def show_examined(
    console: Console, project: str, examined: Examined, made: Sequence[UniqueProperty]
) -> None:
    """Who is logged in, each field with its verdict, and what is wrong elsewhere."""
    _show_head(console, project, examined)
    console.print()
    console.print(_table(examined))
    _show_misfits(console, project, "What doesn't fit", examined.misfits)
    _show_misfits(console, project, "Values that the CRM doesn't take", examined.refused[:_SHOWN])
    if (more := len(examined.refused) - _SHOWN) > 0:
        console.print(plain(f"And {count(more, 'value')} more.", "dim"))
    if made:
        names = ", ".join(each.name for each in made)
        console.print(plain(f"\nMade in the CRM: {names}", "green"), soft_wrap=True)
    number = len(examined.misfits) + len(examined.refused) + len(examined.missing)
    said = count(number, "problem") if number else "No problem"
    style = "bold red" if number else "green"
    console.print(plain(f"\n{said}. No contact was changed.", style))
    if not number:
        step = f"Next: `aicmo preview {project} --read` shows what would change."
        console.print(plain(step, "dim"), soft_wrap=True)


def _show_head(console: Console, project: str, examined: Examined) -> None:
    live = examined.live
    name = f"{examined.title}  {live.name or live.handle or live.identity}"
    console.print(plain(name, "bold"), soft_wrap=True)
    for label, value in _facts(project, examined):
        line = f"  {label:<16}{value}"
        if console.is_terminal:
            line = textwrap.fill(line, console.width, subsequent_indent=" " * 18)
        console.print(plain(line), soft_wrap=True)
    for each in live.problems:
        console.print(plain(f"  Warning: {each.rstrip('.')}.", "yellow"), soft_wrap=True)


def _facts(project: str, examined: Examined) -> Iterator[tuple[str, str]]:
    live, schema = examined.live, examined.schema
    yield "logged in as", f"{live.identity}, the account of {project}"
    kind = "may read only" if examined.is_read_only else "the one that changes contacts"
    yield "log-in", kind
    yield "may do", ", ".join(live.scopes) or "the CRM doesn't say"
    if examined.missing:
        yield "lacks", ", ".join(examined.missing)
    if live.api_version:
        ends = f", until {live.api_ends_on:%Y-%m-%d}" if live.api_ends_on else ""
        yield "API version", f"{live.api_version}{ends}"
    if live.quota_used is not None:
        of = f" of {live.quota_total:,}" if live.quota_total is not None else ""
        yield "requests today", f"{live.quota_used:,}{of}"
    yield (
        "properties",
        f"{len(schema.contacts)} of contacts, {len(schema.activities)} of activities",
    )
    names = sorted(schema.lists.values())
    more = ", …" if len(names) > _SHOWN else ""
    yield "lists", (", ".join(names[:_SHOWN]) or "none known") + more


def _table(examined: Examined) -> Table:
    table = grid(["Ours", "Theirs", "Type", "Direction", "Conflict", ""])
    amiss = {_row_of(each) for each in examined.misfits}
    for place, cells in _rows(examined):
        verdict = plain("✗", "bold red") if place in amiss else plain("✓", "green")
        table.add_row(*(plain(cell) for cell in cells), verdict)
    return table


def _rows(examined: Examined) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Place in the document and cells of each row; what is no field stands in brackets."""
    setup = examined.setup
    for at, field in enumerate(setup.fields):
        rule = "theirs" if field.direction == "from_crm" else field.conflict
        way, kind = _DIRECTIONS[field.direction], _type(examined, field)
        yield f"crm.fields[{at}]", (field.ours, field.theirs, kind, way, rule)
    if setup.stages:
        yield "crm.stages", ("(stage)", setup.stages.property, "stage", "to CRM", "forward")
    if setup.tags:
        yield "crm.tags", ("(tags)", setup.tags, "choices", "to CRM", "added")
    for each in examined.unique:
        whose = "(activity id)" if each.of_activities else "(contact id)"
        yield each.place, (whose, each.name, "unique text", "to CRM", "ours")
    if setup.consent != "none":
        way = {"read": "from CRM", "write": "to CRM", "both": "both"}[setup.consent]
        yield "crm.opt_out", ("(opt-out)", examined.opt_out or "–", "boolean", way, "out wins")


def _type(examined: Examined, field: CrmField) -> str:
    known = examined.schema.contacts.get(field.theirs)
    if known is None or known.type == field.type:
        return field.type
    return f"{field.type} → {known.type}"


def _row_of(misfit: Misfit) -> str:
    """The place of the row that a misfit is of; '' if it is of none."""
    if misfit.place == "crm.fields":
        return ""
    parts = misfit.place.split(".")
    return ".".join(parts[:2])


def _show_misfits(console: Console, project: str, heading: str, found: Sequence[Misfit]) -> None:
    if not found:
        return
    console.print(plain(f"\n{heading}", "bold"))
    for each in found:
        line = plain("").append("✗ ", "bold red").append_text(plain(f"{each.place}: {each.text}."))
        console.print(line, soft_wrap=not console.is_terminal)
        fix = f"  Fix: {_fix(project, each)}."
        console.print(plain(fix, "dim"), soft_wrap=not console.is_terminal)


def _fix(project: str, misfit: Misfit) -> str:
    return misfit.fix.replace("PROJECT", project)


def as_json_object(
    project: str, examined: Examined, made: Sequence[UniqueProperty]
) -> dict[str, Any]:
    live, schema = examined.live, examined.schema
    return {
        "project_id": project, "provider": examined.setup.provider, "identity": live.identity,
        "name": live.name, "is_read_only": examined.is_read_only, "scopes": list(live.scopes),
        "missing_scopes": list(examined.missing), "api_version": live.api_version,
        "quota_used": live.quota_used, "quota_total": live.quota_total,
        "warnings": list(live.problems), "read_at": examined.read_at.isoformat(),
        "fields": [each.model_dump(mode="json") for each in examined.setup.fields],
        "properties": len(schema.contacts), "lists": sorted(schema.lists.values()),
        "unique": [
            {"name": each.name, "of_activities": each.of_activities,
             "is_there": each not in examined.to_make}
            for each in examined.unique
        ],
        "made": [each.name for each in made],
        "misfits": [
            asdict(each) | {"fix": _fix(project, each)} for each in examined.misfits
        ],
        "refused_values": [asdict(each) for each in examined.refused],
    }  # fmt: skip
