"""Parts of a provider's JSON, checked before anything is concluded from them."""

from __future__ import annotations

from typing import Any, cast


def an_object(value: object) -> dict[str, Any]:
    """The object; empty where there is none.

    Raises:
        TypeError: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError
    return cast("dict[str, Any]", value)


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list; empty where there is none.

    Raises:
        TypeError: it is something else, or something else is in it.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError
    return [an_object(each) for each in cast("list[object]", value)]


def texts(value: object) -> list[str]:
    """The texts of a list, without anything else; empty where there is none."""
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [each for each in found if isinstance(each, str)]
