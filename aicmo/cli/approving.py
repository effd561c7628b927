"""`aicmo approve` and `aicmo revoke`: a person's yes to items as they are now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, grid, local_time, plain, print_json, to_stderr, to_stdout
from aicmo.cli.findings import refused_json, show_findings
from aicmo.cli.ledger import approvals, now, open_ledger, read_outlook
from aicmo.cli.options import By, Channels, Items, Json, Project, person, read_channels
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rich.console import Console

    from aicmo.cli.ledger import ApprovalState
    from aicmo.database import Database
    from aicmo.execution.approvals import ItemApproval
    from aicmo.execution.project import PlanItem
    from aicmo.gateways.email_findings import Finding


def approve(
    project: Project,
    items: Items = None,
    by: By = None,
    channels: Channels = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Approve items as they are now, if they have no errors; a change of what goes out voids it."""
    from aicmo.execution.approvals import CopyRefused

    database, wanted = open_ledger(), read_channels(channels)
    chosen = chosen_items(database, project, items, wanted)
    console = to_stderr() if as_json else to_stdout()
    _show_chosen(console, database, project, chosen)
    _warn_of_late(console, database, project, chosen)
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Approve {count(len(chosen), 'item')} as shown?", abort=True, err=True)
    try:
        given, refused = _approve(database, project, chosen, person(by)), dict[str, Any]()
    except CopyRefused as error:
        given, refused = error.approved, error.refused
    if as_json:
        approved = [_as_json(each) for each in given]
        print_json({"project_id": project, "approved": approved, "refused": refused_json(refused)})
    else:
        _show_given(to_stdout(), project, given, person(by))
        _show_refused(to_stdout(), project, refused)
    if refused:
        raise typer.Exit(FAILED)


def _approve(
    database: Database, project: str, chosen: Sequence[PlanItem], approver: str
) -> Sequence[ItemApproval]:
    from aicmo.execution.approvals import approve as approve_checked

    shown = {item.key: item.fingerprint for item in chosen}
    emails = sum(item.planned for item in chosen if item.channel == "email")
    with progress("Checking", total=emails) as advance:
        return approve_checked(
            database, project, list(shown), approved_by=approver, now=now(), shown=shown,
            on_progress=lambda _: advance(),
        )  # fmt: skip


def _show_given(
    console: Console, project: str, given: Sequence[ItemApproval], approver: str
) -> None:
    if not given:
        return
    new = sum(1 for each in given if each.new)
    console.print(plain(f"Approved by {approver}: {_how_many(new, len(given) - new)}.", "green"))
    step = how_to_send(project, {each.channel for each in given})
    console.print(plain(f"Next: `{step}`."), soft_wrap=True)


def _show_refused(console: Console, project: str, refused: Mapping[str, Sequence[Finding]]) -> None:
    if not refused:
        return
    as_now = "It can't go out as it is:" if len(refused) == 1 else "They can't go out as they are:"
    said = f"Not approved: {', '.join(refused)}. {as_now}"
    console.print(plain(said, "bold red"), soft_wrap=True)
    show_findings(console, ((item, each) for item, errors in refused.items() for each in errors))
    step = f"Next: correct the document, import it again; `aicmo preview {project}` shows it."
    console.print(plain(step), soft_wrap=True)


def how_to_send(project: str, channels: Collection[str] = ()) -> str:
    """The command of a live run, with what the environment lacks for it.

    channels: those that it is about; one without an account is a person's.
    """
    from aicmo.execution.identity import has_account
    from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
    from aicmo.settings import get_execution_config

    config, command = get_execution_config(), f"aicmo execute {project} --enable --live"
    with open_ledger().read() as session:
        closed = [
            each
            for each in CHANNELS_WITH_GATEWAY
            if each in channels
            and each not in config.channels_enabled
            and has_account(session, project, each)
        ]
    if closed:
        command = f"EXECUTION_CHANNELS={','.join([*config.channels_enabled, *closed])} {command}"
    return command if config.execution_enabled else f"EXECUTION_ENABLED=true {command}"


def _how_many(new: int, before: int) -> str:
    if not before:
        return count(new, "item")
    return f"{count(new, 'item')}; {before} already approved as {'it is' if before == 1 else 'they are'}"


def chosen_items(
    database: Database,
    project: str,
    keys: Sequence[str] | None,
    channels: Sequence[str] | None,
) -> list[PlanItem]:
    """The items that a person names (None: all), or those on `channels`.

    The id of a post on several networks names its item on each of them.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: there is no such item.
    """
    from aicmo.errors import FixInput
    from aicmo.execution.project import load_items, load_plan

    with database.read() as session:
        load_plan(session, project)
        items = load_items(session, project)
    step = f"`aicmo plan {project}` lists its items."
    known = {name for item in items for name in (item.key, item.part_of)} - {""}
    if missing := [key for key in keys or () if key not in known]:
        raise FixInput(f"{project} has no item {', '.join(missing)}", next_step=step)
    chosen = [
        item
        for item in items
        if (not keys or {item.key, item.part_of} & set(keys))
        and (channels is None or item.channel in channels)
    ]
    if not chosen:
        raise FixInput(f"{project} has no such item", next_step=step)
    return chosen


def _show_chosen(
    console: Console, database: Database, project: str, chosen: Sequence[PlanItem]
) -> None:
    with database.read() as session:
        given = approvals(session, project)
    show_items(console, chosen, given)


def _warn_of_late(
    console: Console, database: Database, project: str, chosen: Sequence[PlanItem]
) -> None:
    """What a person may take for long gone, or planned for later, goes out at once."""
    from aicmo.execution.identity import has_account

    at = now()
    with database.read() as session:
        outlook = read_outlook(session, project, at)
        can_go = {
            each: has_account(session, project, each) for each in {item.channel for item in chosen}
        }
    for item in chosen:
        days = (at - item.send_at).days
        if (
            days >= 1
            and can_go[item.channel]
            and any(_waits_for_a_yes(*each) for each in outlook.get(item.key, ()))
        ):
            ago = count(days, "day")
            said = f"{item.key} was due {ago} ago: it goes out with the next live run."
            console.print(plain(said, "yellow"), soft_wrap=True)


_LIFTED_BY_A_YES = (
    "not approved", "changed since its approval", "late: approve it again to send it now", "paused",
)  # fmt: skip
"""What the guards say of a delivery that an approval, or the end of a pause after it, lets go."""


def _waits_for_a_yes(state: str, reason: str) -> bool:
    return state == "ready" or reason in _LIFTED_BY_A_YES


def show_items(
    console: Console, chosen: Sequence[PlanItem], given: dict[str, ApprovalState]
) -> None:
    """The items that are about to be approved."""
    table = grid(["Item", "Channel", "Title", "When", "To", "Approval so far"], right=(4,))
    for item in chosen:
        table.add_row(
            plain(item.key), item.channel, plain(item.title),
            plain(local_time(item.send_at, item.timezone)), f"{item.planned:,}",
            plain(given[item.key].text if item.key in given else "not approved"),
        )  # fmt: skip
    console.print(table)


def _as_json(given: ItemApproval) -> dict[str, object]:
    return {
        "item": given.item, "title": given.title, "channel": given.channel,
        "deliveries": given.deliveries, "new": given.new,
    }  # fmt: skip


def revoke(project: Project, items: Items = None, by: By = None, *, as_json: Json = False) -> None:
    """Take approvals back; what was sent stays sent."""
    from aicmo.execution import approvals as core

    keys = core.revoke(open_ledger(), project, items or None, by=person(by), now=now())
    if as_json:
        print_json({"project_id": project, "revoked": keys})
        return
    to_stdout().print(plain(f"No longer approved: {', '.join(keys) or 'nothing'}."))
