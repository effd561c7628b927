"""`aicmo execute`: sends what is due and approved, if every key is turned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.app import FAILED, MISUSED
from aicmo.cli.books import show_books
from aicmo.cli.console import count, plain, print_json, to_stderr, to_stdout
from aicmo.cli.ledger import approvals, now, open_ledger
from aicmo.cli.options import Channels, Json, Project, person, read_channels
from aicmo.cli.pausing import show_stopping
from aicmo.cli.progress import progress
from aicmo.cli.reporting import (
    point_to_doubts,
    point_to_questions,
    point_to_tasks,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from aicmo.cli.running import Ran
    from aicmo.database import Database
    from aicmo.execution.runs import ExecutionRequest, OpenRun
    from aicmo.settings import ExecutionConfig


def execute(
    project: Project,
    *,
    enable: Annotated[bool, typer.Option("--enable", help="This run may act.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Send; without it, only compose.")] = False,
    channels: Channels = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most this many deliveries per channel.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send what is due. Needs EXECUTION_ENABLED=true, --enable, --live and approval."""
    from aicmo.execution import runs
    from aicmo.settings import get_execution_config

    request = runs.ExecutionRequest(
        project, enabled=enable, dry_run=not live, channels=read_channels(channels), limit=limit,
        started_by=person(None),
    )  # fmt: skip
    database, config = open_ledger(), get_execution_config()
    run = runs.open_run(database, request, config)
    ran = _run(run)
    keys = find_keys(database, request, config)
    if as_json:
        print_json(_as_json(ran, keys))
    else:
        _show(database, ran, keys)
        if ran.report.mode == "live" and not request.channels and _may_use_channels(keys):
            _show_closed(ran, config)
    raise typer.Exit(_exit_status(ran, keys, live=live))


@dataclass(frozen=True, slots=True)
class Key:
    """One of the keys that must be turned before anything is sent."""

    name: str
    turned: bool
    note: str = ""


def find_keys(database: Database, request: ExecutionRequest, config: ExecutionConfig) -> list[Key]:
    """Every key of a live run, turned or not."""
    from aicmo.execution.project import load_items

    with database.read() as session:
        items = load_items(session, request.project_id)
        given = approvals(session, request.project_id)
    asked = request.channels or tuple(config.channels_enabled)
    open_channels = [name for name in asked if name in config.channels_enabled]
    mine = [item for item in items if item.channel in open_channels]
    if not request.channels and not mine:
        asked = (*asked, *_in_order({item.channel for item in items}))
    approved = sum(1 for item in mine if given[item.key].given)
    return [
        Key("EXECUTION_ENABLED=true", config.execution_enabled, "in the environment or .env"),
        Key("--enable", request.enabled),
        Key("--live", not request.dry_run),
        _channel_key(asked, config),
        Key(
            "approval", bool(approved),
            f"{approved} of {count(len(mine), 'item')} on {_listed(open_channels)} approved",
        ),
    ]  # fmt: skip


def _channel_key(asked: Sequence[str], config: ExecutionConfig) -> Key:
    closed = [name for name in asked if name not in config.channels_enabled]
    wanted = [*config.channels_enabled, *closed]
    turned = bool(asked) and not closed
    note = "in the environment or .env" if closed else ""
    return Key(f"EXECUTION_CHANNELS={','.join(wanted) or 'email'}", turned, note)


def _in_order(channels: Collection[str]) -> list[str]:
    """Those of the channels that something can be sent on."""
    from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY

    return [name for name in CHANNELS_WITH_GATEWAY if name in channels]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "no channel"


def _run(run: OpenRun) -> Ran:
    from aicmo.cli.running import run_channels
    from aicmo.execution.accounts import open_gateway_of
    from aicmo.execution.gate import Mode

    live = run.overall_mode is Mode.LIVE
    total = _count_due(run) if live else None
    with progress("Sending" if live else "Composing", total=total) as advance:
        return run_channels(
            run, lambda name: open_gateway_of(run.database, run.plan.project_id, name), advance
        )


def _count_due(run: OpenRun) -> int:
    from aicmo.channels import Channel
    from aicmo.execution.gate import Mode
    from aicmo.execution.progress import count_due

    live = [channel.value for channel in Channel if run.mode(channel) is Mode.LIVE]
    with run.database.read() as session:
        return count_due(
            session, run.plan.project_id, live, now=run.clock(), limit=run.request.limit
        )


def _show(database: Database, ran: Ran, keys: Sequence[Key]) -> None:
    console, report = to_stdout(), ran.report
    for error in report.errors:
        to_stderr().print(plain(f"Error: {error}", "red"), soft_wrap=True)
    if report.mode == "live":
        console.print(plain(_said_live(ran), "bold"))
        if paused := _paused_channels(ran):
            show_stopping(console, database, report.project_id, paused)
        books = show_books(console, database, report.project_id, at=now())
        point_to_doubts(report.project_id, books)
        point_to_tasks(report.project_id, books)
        point_to_questions(report.project_id, books)
    elif report.mode == "preview":
        previewed = count(report.items_previewed, "delivery")
        console.print(plain(f"Dry run: {previewed} composed, nothing sent.", "bold"))
    else:
        console.print(plain("Nothing was done.", "bold"))
    _show_keys(keys, only_missing=report.mode == "live")


def _may_use_channels(keys: Sequence[Key]) -> bool:
    return all(key.turned for key in keys if key.name.startswith("EXECUTION_CHANNELS"))


def _show_closed(ran: Ran, config: ExecutionConfig) -> None:
    """Posts are easily taken for sent by whoever has only ever enabled email."""
    results = ran.report.execution_results
    closed = {str(each["channel"]) for each in results if _CLOSED in str(each.get("reason"))}
    if not (missing := _in_order(closed)):
        return
    to_stdout().print(
        plain(f"Planned on channels that aren't enabled: {_listed(missing)}.", "yellow")
    )
    wanted = ",".join([*config.channels_enabled, *missing])
    step = f"Next: set EXECUTION_CHANNELS={wanted} in the environment or .env, and run again."
    to_stdout().print(plain(step), soft_wrap=True)


_CLOSED = "is not enabled in this run"
_SETTLED = {"sent": "sent", "failed": "failed", "unknown": "unknown", "pending": "put back"}
"""The states that a run leaves a delivery in after handing it over, as a person reads them."""


def _said_live(ran: Ran) -> str:
    if not ran.settled and ran.report.errors:
        return "Nothing was sent."
    if not ran.settled:
        return f"Nothing was sent: {_why_nothing(ran)}."
    parts = [
        f"{ran.settled[state]:,} {word}"
        for state, word in _SETTLED.items()
        if state == "sent" or ran.settled[state]
    ]
    return f"Live: {', '.join(parts)} in this run."


def _why_nothing(ran: Ran) -> str:
    from aicmo.execution.report import TO_BE_TRIED_AGAIN
    from aicmo.gateways.contract import NOT_CHANGED

    if paused := _held_by_a_pause(ran):
        return f"{count(paused, 'delivery')} held by a pause"
    waiting = ran.report.reasons.get("waiting", {})
    if elsewhere := waiting.get("in progress", 0):
        are, were = ("is", "was") if elsewhere == 1 else ("are", "were")
        return (
            f"{count(elsewhere, 'delivery')} {are} with another run, or {were} left by one that "
            "stopped; run again in a quarter of an hour"
        )
    if left := _number(waiting, _CLOSED):
        return f"{count(left, 'delivery')} on channels that aren't enabled"
    if stopped := _number(ran.report.reasons.get("held", {}), NOT_CHANGED):
        return f"{count(stopped, 'change')} in the CRM held"
    if later := _number(waiting, TO_BE_TRIED_AGAIN):
        return f"{count(later, 'delivery')} to be tried again by a later run"
    return "no approved delivery is due that hasn't gone out"


def _number(reasons: Mapping[str, int], word: str) -> int:
    return sum(number for reason, number in reasons.items() if word in reason)


def _paused_channels(ran: Ran) -> set[str]:
    from aicmo.execution.guards import PAUSED

    results = ran.report.execution_results
    return {str(each["channel"]) for each in results if each.get("reason") == PAUSED}


def _held_by_a_pause(ran: Ran) -> int:
    from aicmo.execution.guards import PAUSED

    return ran.report.reasons.get("held", {}).get(PAUSED, 0)


def _show_keys(keys: Sequence[Key], *, only_missing: bool) -> None:
    missing = [key for key in keys if not key.turned]
    if not missing:
        return
    console = to_stdout()
    if not only_missing:
        console.print("To send, every key must be turned:")
    for key in missing if only_missing else keys:
        mark, style = ("turned ", "green") if key.turned else ("missing", "yellow")
        note = f"  ({key.note})" if key.note else ""
        console.print(plain(f"  {mark}  ", style).append(f"{key.name}{note}", "default"))


def _as_json(ran: Ran, keys: Sequence[Key]) -> dict[str, object]:
    return {
        **ran.report.as_dict(),
        "this_run": dict(ran.settled),
        "missing_keys": [key.name for key in keys if not key.turned],
        "keys": [{"name": key.name, "turned": key.turned, "note": key.note} for key in keys],
    }


def _exit_status(ran: Ran, keys: Sequence[Key], *, live: bool) -> int:
    # Asked to send and not sending is never a success.
    by_settings = all(key.turned for key in keys if key.name != "approval")
    if ran.misconfigured or (live and not by_settings):
        return MISUSED
    return FAILED if ran.report.needs_attention else 0
