"""`aicmo pause` and `aicmo unpause`: the stop switches."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import MISUSED
from aicmo.cli.console import count, grid, plain, print_json, to_stdout
from aicmo.cli.ledger import PausedAccount, now, open_ledger, paused_accounts
from aicmo.cli.options import By, Json, person, read_channels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rich.console import Console

    from aicmo.database import Database
    from aicmo.execution.pauses import Stop
    from aicmo.models import Pause

_Project = Annotated[str, typer.Argument(help="One project; without it, every project.")]
_Channel = Annotated[str | None, typer.Option(help="Only this channel.")]


def pause(
    project: _Project = "",
    channel: _Channel = None,
    reason: Annotated[str, typer.Option(help="Kept with the switch.")] = "",
    by: By = None,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for what is in flight; 0 doesn't wait.")
    ] = 10,
    *,
    list_: Annotated[bool, typer.Option("--list", help="Only list what is paused.")] = False,
    as_json: Json = False,
) -> None:
    """Stop sending at once: everything, a project, a channel."""
    from aicmo.execution import pauses

    only = _one(channel)
    if list_:
        _answer(open_ledger(), [], changed=False, as_json=as_json)
        return
    with _saying_that_runs_go_on():
        database = open_ledger()
        changed = pauses.pause(
            database, project_id=project, channel=only, by=person(by), now=now(), reason=reason
        )
    stop = pauses.wait_until_stopped(database, project, only, at_most=wait)
    said = f"{'Paused' if changed else 'Already paused'}: {_scope(project, only)}."
    _answer(database, [said, _stopped(stop)], changed=changed, as_json=as_json, stop=stop)


@contextmanager
def _saying_that_runs_go_on() -> Generator[None]:
    from sqlalchemy.exc import DBAPIError

    from aicmo.errors import FixConfiguration, TryLater
    from aicmo.redaction import describe

    said = "NOT PAUSED, runs go on"
    try:
        yield
    except DBAPIError as error:
        step = (
            "Run it again; until it succeeds, only ending the runs themselves (Ctrl-C) stops them."
        )
        raise TryLater(
            f"{said}: the database doesn't work: {describe(error)}", next_step=step
        ) from error
    except FixConfiguration as error:
        raise FixConfiguration(f"{said}: {error}", next_step=error.next_step) from error


def _stopped(stop: Stop) -> str:
    ends_by = stop.in_flight.ends_by
    if ends_by is None:
        return f"Stopped: nothing in flight {stop.seconds or 0:.1f} s after the pause."
    open_ = count(stop.in_flight.requests, "request")
    return (
        f"At most {open_} still open: the last one ends by {ends_by:%H:%M:%S} UTC; no other begins."
    )


def unpause(
    project: _Project = "",
    channel: _Channel = None,
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Release exactly one switch, and the accounts under it that a refusal paused."""
    from aicmo.execution import pauses

    database, only = open_ledger(), _one(channel)
    with database.read() as session:
        accounts = paused_accounts(session, project, only)
        was_set = any(
            (each.project_id, each.channel) == (project, only) for each in pauses.current(session)
        )
    changed = pauses.unpause(database, project_id=project, channel=only, by=person(by))
    said = f"{'Released' if was_set else 'No such switch was set'}: {_scope(project, only)}."
    said = [said, *(f"Released: {each}." for each in accounts)]
    _answer(database, said, changed=changed, as_json=as_json, released=accounts)
    if not changed:
        raise typer.Exit(MISUSED)


def _one(channel: str | None) -> str:
    found = read_channels(channel, option="--channel")
    if found and len(found) > 1:
        raise typer.BadParameter("names more than one channel", param_hint="--channel")
    return found[0] if found else ""


def _scope(project: str, channel: str) -> str:
    return f"{project or 'every project'}, {channel or 'every channel'}"


def _answer(
    database: Database,
    said: Sequence[str],
    *,
    changed: bool,
    as_json: bool,
    released: Sequence[PausedAccount] = (),
    stop: Stop | None = None,
) -> None:
    from aicmo.execution.pauses import current

    with database.read() as session:
        switches, accounts = current(session), paused_accounts(session)
    if as_json:
        print_json({
            "changed": changed, "switches": [_as_json(each) for each in switches],
            "accounts_released": [asdict(each) for each in released],
            "accounts_paused": [asdict(each) for each in accounts],
            **(_stop_as_json(stop) if stop else {}),
        })  # fmt: skip
        return
    for line in said:
        to_stdout().print(plain(line), soft_wrap=True)
    _show(switches)
    show_paused_accounts(to_stdout(), accounts)
    if not switches and not accounts:
        to_stdout().print("Nothing is paused.")


def show_paused_accounts(console: Console, accounts: Iterable[PausedAccount]) -> None:
    """A line for each, with the command that releases it."""
    for each in accounts:
        command = _releasing(each.project_id, each.channel)
        text = f"Paused by a refusal: {each}. `{command}` releases it."
        console.print(plain(text, "yellow"), soft_wrap=True)


def show_stopping(
    console: Console, database: Database, project: str, channels: Collection[str]
) -> None:
    """A line for each switch that stops these channels of a project, with what releases it."""
    from aicmo.execution.pauses import current

    with database.read() as session:
        switches = current(session, project)
    for each in switches:
        if each.channel in ("", *channels):
            reason = f": {each.reason}" if each.reason else ""
            said = f"Stopped by a pause ({_scope(each.project_id, each.channel)}{reason})."
            text = f"{said} `{_releasing(each.project_id, each.channel)}` releases it."
            console.print(plain(text, "yellow"), soft_wrap=True)


def _releasing(project: str, channel: str) -> str:
    return " ".join(
        [
            "aicmo unpause",
            *([project] if project else []),
            *(["--channel", channel] if channel else []),
        ]
    )


def _show(switches: Sequence[Pause]) -> None:
    if not switches:
        return
    table = grid(["Paused project", "Channel", "By", "Since (UTC)", "Reason"])
    for each in switches:
        table.add_row(
            plain(each.project_id or "every one"), each.channel or "every one",
            plain(each.paused_by), f"{each.paused_at:%Y-%m-%d %H:%M}", plain(each.reason),
        )  # fmt: skip
    to_stdout().print(table)


def _stop_as_json(stop: Stop) -> dict[str, Any]:
    return {
        "stopped_after_seconds": stop.seconds, "requests_open": stop.in_flight.requests,
        "requests_end_by": stop.in_flight.ends_by,
    }  # fmt: skip


def _as_json(each: Pause) -> dict[str, Any]:
    return {
        "project_id": each.project_id, "channel": each.channel, "by": each.paused_by,
        "at": each.paused_at.isoformat(), "reason": each.reason,
    }  # fmt: skip
