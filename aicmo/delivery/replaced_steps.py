"""What a user's own step returned, checked before it is counted: it may be anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from aicmo.channels import Channel, parse_channel
from aicmo.errors import FixInput
from aicmo.execution.runs import ChannelResult


def read_items(given: Any) -> list[tuple[Any, Channel | None]]:
    """The items that an extraction returned, objects or dicts, each with its channel.

    Raises:
        FixInput: it is no list, or an item has no channel.
    """
    return [(item, _channel_of(item)) for item in _listed(given, "items")]


def read_result(given: Any) -> ChannelResult:
    """What an executor returned; an absent count is 0.

    Raises:
        FixInput: it is no mapping of counts and results.
    """
    mapping = _mapping(given, "no mapping of success, failed and results")
    results = [
        _mapping(each, "a result that is no mapping")
        for each in _listed(mapping.get("results", ()), "results")
    ]
    for each in results:
        _count(each, "count", 1)
    return ChannelResult(
        success=_count(mapping, "success", 0), failed=_count(mapping, "failed", 0), results=results
    )


def _channel_of(item: Any) -> Channel | None:
    found: Any = getattr(item, "channel", None)
    if isinstance(item, Mapping):
        found = cast("Mapping[str, Any]", item).get("channel")
    if not isinstance(found, str):
        raise FixInput("returned an item without a channel")
    return parse_channel(found)


def _listed(given: Any, what: str) -> list[Any]:
    kind = type(given).__name__
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise FixInput(f"returned {what} that are no list: {kind}")
    return list(cast("Iterable[Any]", given))


def _mapping(given: Any, otherwise: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise FixInput(f"returned {otherwise}: {type(given).__name__}")
    return dict(cast("Mapping[str, Any]", given))


def _count(mapping: Mapping[str, Any], name: str, absent: int) -> int:
    value = mapping.get(name, absent)
    if not isinstance(value, int) or value < 0:
        raise FixInput(f"returned a {name} that is no count: {value!r}")
    return value
