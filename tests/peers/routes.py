"""The requests that a scripted provider knows, and how their shape is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.peers.http_exchange import Request


@dataclass(frozen=True)
class Route:
    """A kind of request: `handler` is the peer's method, `path` has `{names}` for parts that vary.

    acts: it has the effect that counts, such as publishing.
    """

    method: str
    path: str
    handler: str
    acts: bool = False
    is_open: bool = False
    """Works without a log-in."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path)))

    def match(self, request: Request) -> dict[str, str] | None:
        """The varying parts of its path; None if it is another kind."""
        found = self.pattern.fullmatch(urlsplit(request.path).path)
        if found is None or request.method != self.method:
            return None
        return {name: unquote(value) for name, value in found.groupdict().items()}


@dataclass(frozen=True)
class Call:
    """A request as its handler sees it; `names` are the varying parts of its path."""

    request: Request
    names: Mapping[str, str]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.request.path).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        self.require_type("application/x-www-form-urlencoded")
        return dict(parse_qsl(self.request.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> dict[str, Any]:
        self.require_type("application/json")
        return json.loads(self.request.body)

    def require_type(self, media_type: str) -> None:
        given = self.request.headers.get("content-type", "")
        require(given.partition(";")[0] == media_type, f"content type {given!r}")

    def require_header(self, name: str, value: str) -> None:
        given = self.request.headers.get(name.lower(), "")
        require(given == value, f"{name}: {given!r} instead of {value!r}")


@dataclass(frozen=True)
class Reply:
    """content: the JSON of the body; None is an empty body."""

    status: int = 200
    content: dict[str, Any] | list[Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Misshapen(Exception):
    """The request isn't as the network documents it; the text says where."""


def require(is_so: bool, otherwise: str) -> None:  # noqa: FBT001
    if not is_so:
        raise Misshapen(otherwise)


def require_fields(
    fields: Mapping[str, Any], required: Sequence[str], optional: Sequence[str] = ()
) -> None:
    """All the required ones, and none that the provider doesn't know."""
    missing, unknown = set(required) - set(fields), set(fields) - {*required, *optional}
    require(not missing, f"missing {sorted(missing)}")
    require(not unknown, f"unknown {sorted(unknown)}")
