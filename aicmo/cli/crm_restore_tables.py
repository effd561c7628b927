"""What a run changed in the CRM, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aicmo.cli.console import count, grid, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from aicmo.execution.crm_overwritten import SentChange
    from aicmo.execution.crm_putting_back import FieldBack
    from aicmo.execution.crm_restoring import Restoring

_SHOWN = 50
_LONGEST = 200
_STYLES = {"put back": "green", "is back": "dim", "stays": "yellow"}


def show_changes(console: Console, project: str, run: int, found: Restoring) -> None:
    """Field by field what would be put back; what can't be, and how to do it by hand."""
    from aicmo.execution.crm_overwritten import RESTORED

    if not found.changes:
        console.print(plain(f"No change of run {run} of {project} is confirmed in the CRM."))
        return
    overwritten = [each for each in found.changes if found.fields.get(each.delivery_id)]
    if overwritten:
        console.print(_table(overwritten, found))
        console.print(plain(f"\n{_counts(found)}"), soft_wrap=True)
    done = sum(each.wish.state == RESTORED for each in found.changes)
    if done:
        console.print(plain(f"{count(done, 'change')} of this run put back already.", "green"))
    _show_by_hand(console, found.changes)
    _show_next(console, project, run, overwritten)


def _table(changes: Sequence[SentChange], found: Restoring) -> Table:
    table = grid(["Contact", "Field", "Before", "Ours", "Now", "What becomes of it"])
    rows = [(change, field) for change in changes for field in found.fields[change.delivery_id]]
    last = 0
    for change, field in rows[:_SHOWN]:
        who = f"{change.contact}\n({change.item})" if change.delivery_id != last else ""
        last = change.delivery_id
        table.add_row(
            plain(who), plain(field.name), _value(field.former), _value(field.ours),
            _value(field.now), _fate(field),
        )  # fmt: skip
    if len(rows) > _SHOWN:
        table.add_row(plain(f"and {len(rows) - _SHOWN:,} more: --json lists them all"))
    return table


def _value(value: str | None) -> Any:
    if value is None:
        return plain("not read", "dim")
    shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    return plain(shown) if shown else plain("(empty)", "dim")


def _fate(field: FieldBack) -> Any:
    text = str(field.fate)
    if field.why:
        text = f"stays: {field.why}{_by_whom(field)}"
    return plain(text, _STYLES[field.fate])


def _by_whom(field: FieldBack) -> str:
    if field.now is None:
        return ""
    by = f" by {field.changed_by}" if field.changed_by else ""
    return f"{by} at {field.changed_at:%Y-%m-%d %H:%M} UTC" if field.changed_at else by


def _counts(found: Restoring) -> str:
    from aicmo.execution.crm_putting_back import Fate

    put_back, stay = found.count(Fate.PUT_BACK), found.count(Fate.STAYS)
    said = f"{count(put_back, 'field')} would be put back, {stay} stay."
    return said.replace(", 1 stay.", ", 1 stays.")


def _show_by_hand(console: Console, changes: Sequence[SentChange]) -> None:
    added = [each for each in changes if each.is_added]
    noted = [each for each in changes if each.noted]
    listed = [each for each in changes if each.listed]
    _show_group(console, added, "Contacts added by this run; none is deleted")
    _show_group(console, noted, "Entries on timelines; they stay, delete them there by hand")
    lists = ", ".join(sorted({each.listed for each in listed}))
    _show_group(console, listed, f"Memberships of {lists}; they stay, remove them there by hand")


def _show_group(console: Console, changes: Sequence[SentChange], said: str) -> None:
    if not changes:
        return
    console.print(plain(f"\n{said} ({len(changes):,}):", "bold"), soft_wrap=True)
    for each in changes[:_SHOWN]:
        console.print(plain(f"  {each.contact}  {each.link or each.record}"), soft_wrap=True)
    if len(changes) > _SHOWN:
        console.print(plain(f"  and {len(changes) - _SHOWN:,} more: --json lists them all"))


def _show_next(
    console: Console, project: str, run: int, overwritten: Sequence[SentChange]
) -> None:  # fmt: skip
    asked = [each for each in overwritten if each.is_open]
    if asked:
        line = f"\nAsked for by {asked[0].wish.asked_by}: {count(len(asked), 'change')}."
        console.print(plain(line, "yellow"), soft_wrap=True)
        step = f"`aicmo crm restore {project} {run} --approve --by NAME` puts it back."
        console.print(plain(f"Next: {step}"), soft_wrap=True)
    elif overwritten:
        step = f"`aicmo crm restore {project} {run} --ask --by NAME` asks for it."
        console.print(plain(f"\nNext: {step}"), soft_wrap=True)


def change_as_json(change: SentChange, fields: Sequence[FieldBack] = ()) -> dict[str, Any]:
    """A change of a run, with what would become of its fields."""
    wish = change.wish
    return {
        "delivery": change.delivery_id, "item": change.item, "contact": change.contact,
        "record": change.record, "url": change.link, "added": change.is_added,
        "noted": change.noted, "listed": change.listed, "state": wish.state,
        "asked_by": wish.asked_by, "approved_by": wish.approved_by, "detail": wish.detail,
        "fields": [_field_as_json(each) for each in fields],
    }  # fmt: skip


def _field_as_json(field: FieldBack) -> dict[str, Any]:
    at = field.changed_at
    return {
        "name": field.name, "former": field.former, "ours": field.ours, "now": field.now,
        "becomes": str(field.fate), "why": field.why, "changed_by": field.changed_by,
        "changed_at": at.isoformat() if at else None,
    }  # fmt: skip
