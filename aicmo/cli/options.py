"""Options that several commands share, and what they are read into."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from aicmo.channels import Channel, parse_channel

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Project = Annotated[str, typer.Argument(help="The project's id, as `aicmo projects` lists it.")]
Items = Annotated[
    list[str] | None, typer.Argument(help="Ids of items; without any, all of the plan.")
]
By = Annotated[str | None, typer.Option("--by", help="Who decides; default the system's user.")]
Channels = Annotated[
    str | None, typer.Option("--channels", help="Only these, separated by commas.")
]


def read_channels(value: str | None, *, option: str = "--channels") -> tuple[str, ...] | None:
    """The channels of a comma-separated list; None without one.

    Raises:
        typer.BadParameter: it names an unknown channel, or none.
    """
    if value is None:
        return None
    names = [name for name in value.split(",") if name.strip()]
    found = [_known(name, option) for name in names]
    if not found:
        raise typer.BadParameter("names no channel", param_hint=option)
    return tuple(dict.fromkeys(found))


def _known(name: str, option: str) -> str:
    channel = parse_channel(name)
    if channel is None:
        known = ", ".join(Channel)
        raise typer.BadParameter(
            f"{name.strip()[:40]!r} is not a channel; there are {known}", param_hint=option
        )
    return channel.value


def person(by: str | None) -> str:
    """Who decides: `by`, or the name the system knows the user under."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
