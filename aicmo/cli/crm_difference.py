"""What would change in a client's CRM, in the terminal and as JSON: contact by contact, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from aicmo.cli.console import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from aicmo.execution.crm_difference import ContactChange, FieldChange, Standing
    from aicmo.execution.crm_preview import CrmPreview
    from aicmo.execution.preview import ItemPreview, Preview

_SHOWN = 12
_INDENT = 2
_LONGEST = 200
_STYLES = {
    "write": "green", "same": "dim", "keep": "dim", "ask": "yellow", "refuse": "bold red",
}  # fmt: skip
_HEADINGS = ("Field", "In the CRM now", "Ours", "Becomes")


def show_sums(console: Console, project: str, found: Preview) -> None:
    """One line for each item that changes the CRM: how many of what."""
    changes = [(each, each.crm) for each in found.items if each.crm]
    if changes:
        console.print()
    for item, crm in changes:
        line = plain(f"{item.item.key}: ", "bold").append_text(plain(_sum(crm), "not bold"))
        console.print(line, soft_wrap=not console.is_terminal)
    if any(_is_unread(crm) for _, crm in changes):
        console.print(plain(_read_step(project), "dim"), soft_wrap=True)
    if changes:
        named = changes[0][0].item.key
        step = f"`aicmo preview {project} {named}` shows it field by field."
        console.print(plain(step, "dim"), soft_wrap=True)


def show_differences(console: Console, project: str, found: Preview, timezone: str) -> None:
    """The contacts of each item that changes the CRM, the first of them field by field."""
    changes = [(each, each.crm) for each in found.items if each.crm]
    for item, crm in changes:
        _show_item(console, item, crm, timezone)
    if any(_is_unread(crm) for _, crm in changes):
        console.print(plain(f"\n{_read_step(project)}", "dim"), soft_wrap=True)
    if changes:
        console.print()


def _is_unread(crm: CrmPreview) -> bool:
    from aicmo.execution.crm_difference import Standing

    return bool(crm.counts[Standing.UNREAD])


def _read_step(project: str) -> str:
    return f"`aicmo preview {project} --read` reads what the CRM has now."


def _show_item(console: Console, item: ItemPreview, crm: CrmPreview, timezone: str) -> None:
    title = plain(f"\n{item.item.title}", "bold").append(f"  {item.item.key}", "not bold dim")
    console.print(title)
    console.print(plain(_sum(crm)), soft_wrap=not console.is_terminal)
    left = _SHOWN
    for standing, changes in _worth_showing(crm):
        shown, left = changes[:left], left - len(changes[:left])
        if shown and len(crm.counts) > 1:
            console.print(plain(f"\n{standing.counted(crm.counts[standing])}", "bold underline"))
        if shown:
            _show_contacts(console, shown, timezone)
    if (more := crm.counts.total() - _SHOWN + left) > 0:
        console.print(plain(f"\n{more:,} more on the page.", "dim"))


def _show_contacts(console: Console, changes: Sequence[ContactChange], timezone: str) -> None:
    if any(each.fields for each in changes):
        console.print(_table(console, [[plain(each, "dim") for each in _HEADINGS]]))
    for change in changes:
        _show_contact(console, change, timezone)


def _worth_showing(crm: CrmPreview) -> Iterator[tuple[Standing, list[ContactChange]]]:
    """Whoever changes, in the order of the standings; whom a check refuses stands there."""
    from aicmo.execution.crm_difference import Standing

    for standing in Standing:
        if standing not in (Standing.REFUSED, Standing.UNCHANGED):
            yield standing, crm.of(standing)


def _sum(crm: CrmPreview) -> str:
    from aicmo.execution.crm_difference import Standing
    from aicmo.execution.crm_difference_words import read_when

    counts = [each.counted(crm.counts[each]) for each in Standing if crm.counts[each]]
    read = [] if crm.oldest is None else [read_when(crm)]
    return "; ".join([", ".join(counts) or "nobody is left to change", *read])


def _show_contact(console: Console, change: ContactChange, timezone: str) -> None:
    from aicmo.execution.crm_difference_words import noted_when

    who = plain(change.name or change.contact, "bold")
    about = ", ".join(part for part in (change.contact, change.email, change.link) if part)
    who.append_text(plain(f"  {about}", "not bold dim"))
    console.print(who, soft_wrap=not console.is_terminal)
    indent = " " * _INDENT
    if change.why:
        style = "" if change.standing.goes else "yellow"
        console.print(plain(f"{indent}{change.why}", style))
    if change.noted:
        when = noted_when(change, timezone)
        console.print(plain(f"{indent}{change.noted}{f' ({when})' if when else ''}"))
    if change.fields:
        console.print(_table(console, [_row(each, timezone) for each in change.fields]))


def _table(console: Console, rows: list[list[Text]]) -> Table:
    """Columns of the same widths for every contact."""
    room = console.width - _INDENT - 2 * (len(_HEADINGS) - 1)
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(width=_INDENT - 2)
    for share in (0.2, 0.27, 0.27, 0.26):
        table.add_column(width=int(room * share), overflow="fold")
    for row in rows:
        table.add_row("", *row)
    return table


def _row(field: FieldChange, timezone: str) -> list[Text]:
    from aicmo.execution.crm_difference_words import last_change

    style = _STYLES[field.decision.value] if field.decision else "dim"
    name = plain(field.label or field.ours)
    if field.name != (field.label or field.ours):
        name.append_text(plain(f"\n{field.name}", "dim"))
    now = plain("not read", "dim") if field.theirs is None else plain(_cut(field.before) or "–")
    if changed := last_change(field, timezone):
        now.append_text(plain(f"\n{changed}", "dim"))
    return [name, now, plain(_cut(field.after)), plain(field.becomes, style)]


def _cut(text: str) -> str:
    """The page shows the whole of a long value."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def difference_json(crm: CrmPreview) -> dict[str, Any]:
    """The contacts of an item as `aicmo preview --json` prints them."""
    return {
        "counts": {standing.value: count for standing, count in crm.counts.items()},
        "read_at": crm.oldest,
        "stopped_by": dict(crm.stopped_by),
        "contacts": [_contact_json(each) for each in crm.contacts],
    }


def _contact_json(change: ContactChange) -> dict[str, Any]:
    activity = change.activity
    return {
        "delivery": change.delivery_id, "contact": change.contact,
        "standing": change.standing.value, "why": change.why, "read_at": change.read_at,
        "link": change.link, "listed": change.listed,
        "noted": activity.model_dump(mode="json") if activity else None,
        "fields": [_field_json(each) for each in change.fields],
    }  # fmt: skip


def _field_json(field: FieldChange) -> dict[str, Any]:
    return {
        "field": field.ours, "property": field.name, "label": field.label,
        "theirs": field.theirs, "ours": field.wanted,
        "decision": field.decision.value if field.decision else None, "becomes": field.becomes,
        "changed_at": field.changed_at, "changed_by": field.changed_by,
    }  # fmt: skip
