"""Plain data as a `ProjectDocument`, or all that is wrong with it.

When the models refuse something, the rest is checked all the same with stand-ins for what they
refused, so that one reading reports everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, cast

from pydantic import ValidationError

from aicmo.errors import FixDocument
from aicmo.plans.checking import check
from aicmo.plans.cross_posts import Spread, spread
from aicmo.plans.document import ProjectDocument
from aicmo.plans.findings import translate
from aicmo.problems import Problem

_STAND_INS: Mapping[str, dict[str, Any]] = {
    "items": {
        "id": "unread-{}",
        "channel": "linkedin",
        "title": "unread",
        "send_at": "2000-01-01T00:00Z",
        "content": {"kind": "post", "text": "unread"},
    },
    "contacts": {"id": "unread-{}", "consent": "unknown"},
    "audiences": {"id": "unread-{}", "name": "unread", "everyone": True},
}
_PART = re.compile(rf"(?:{'|'.join(_STAND_INS)})\[\d+\]")
_ROUNDS = 3
_UNREAD: Mapping[str, Any] = {
    "schema_version": 1,
    "id": "unread",
    "name": "unread",
    "timezone": "UTC",
    "language": "en",
    "starts_on": "0001-01-01",
    "ends_on": "9999-12-31",
    "brand": {
        "name": "unread",
        "industry": "unread",
        "offer": "unread",
        "location": "unread",
        "colours": {"primary": "#000000", "accent": "#000000"},
    },
    "objectives": [{"statement": "unread"}],
    "market": {"primary": "unread"},
    "strategy": {"summary": "unread", "pillars": [{"name": "unread", "idea": "unread"}]},
}
"""Stand-ins for the required fields of a document."""
_TIED: Mapping[str, tuple[set[str], set[str]]] = {
    "items": ({"channel", "content", "audience"}, {"channel", "content"}),
    "contacts": ({"consent", "consent_source"}, {"consent"}),
    "audiences": ({"everyone", "segments", "contacts"}, {"everyone"}),
}
"""Fields that a part's own rules tie together: when one of the first is refused, the second go."""


def validate(data: Any, source: str) -> tuple[ProjectDocument, tuple[Problem, ...]]:
    """The document in `data`, and the warnings about it.

    Raises:
        FixDocument: with every problem, warnings included.
    """
    if not isinstance(data, dict):
        raise FixDocument(
            source, [Problem(source, "is not an object with the fields of a project")]
        )
    found = spread(cast("dict[str, Any]", data))
    try:
        document = ProjectDocument.model_validate(found.data)
    except ValidationError as error:
        problems = _find_all(found.data, error)
        raise FixDocument(source, _as_written(found, problems)) from None
    return document, refuse_errors(source, _as_written(found, check(document)))


def _as_written(found: Spread, problems: list[Problem]) -> list[Problem]:
    """What is wrong with the document as it is written; what several networks share is said once."""
    told = [found.as_written(problem) for problem in problems] if found.origins else problems
    return list(dict.fromkeys([*found.problems, *told]))


def refuse_errors(source: str, problems: list[Problem]) -> tuple[Problem, ...]:
    """The warnings, when there is nothing else.

    Raises:
        FixDocument: one of `problems` is an error.
    """
    if any(problem.severity == "error" for problem in problems):
        raise FixDocument(source, problems)
    return tuple(problems)


def stand_in(kind: str, part: Any, refused: set[str], at: int) -> dict[str, Any]:
    """A part of `kind` (items, contacts, audiences) that the models accept, to check the rest of it.

    Args:
        kind: name of the list that holds it.
        part: what was given.
        refused: its fields that the models refuse; empty if they refuse the part as a whole.
        at: its place in the list.
    """
    tied, replaced = _TIED[kind]
    if not refused or refused & tied:
        refused = refused | replaced
    given = cast("dict[str, Any]", part) if isinstance(part, dict) else {}
    unread = {**_STAND_INS[kind], "id": _STAND_INS[kind]["id"].format(at)}
    return {**unread, **{name: value for name, value in given.items() if name not in refused}}


def places_of(error: ValidationError) -> list[tuple[int | str, ...]]:
    """Where each finding is, as pydantic writes it."""
    findings = error.errors(include_url=False, include_context=False, include_input=False)
    return [finding["loc"] for finding in findings]


def _find_all(data: dict[str, Any], error: ValidationError) -> list[Problem]:
    problems = translate(error, ProjectDocument)
    data = _with_stand_ins(data, error)
    unread: set[str] = set()
    for _ in range(_ROUNDS):
        try:
            document = ProjectDocument.model_validate(data)
        except ValidationError as again:
            # the rules of a whole part are looked at once all of its fields are sound
            found = translate(again, ProjectDocument)
            problems += _new([one for one in found if _PART.fullmatch(one.place)], problems)
            names = {str(place[0]) if place else "ends_on" for place in places_of(again)}
            unread |= names & _UNREAD.keys()
            data = {**_with_stand_ins(data, again), **{name: _UNREAD[name] for name in unread}}
        else:
            rest = [one for one in check(document) if not _stems_from(one, unread)]
            return problems + _new(rest, problems)
    return problems


def _new(found: list[Problem], known: list[Problem]) -> list[Problem]:
    places = {problem.place for problem in known}
    return [problem for problem in found if problem.place not in places]


def _stems_from(problem: Problem, unread: set[str]) -> bool:
    """Whether a stand-in for one of the `unread` parts gave rise to it."""
    name = problem.place.partition(".")[0]
    return name in unread or ("strategy" in unread and problem.place.endswith(".pillar"))


def _with_stand_ins(data: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """`data` without what `error` refuses."""
    refused: dict[tuple[str, int], set[str]] = {}
    for place in places_of(error):
        match place:
            case (str(kind), int(at), *inner) if kind in _STAND_INS:
                refused.setdefault((kind, at), set()).update(str(name) for name in inner[:1])
            case (str(name), *_):
                path = takewhile(lambda part: isinstance(part, str), place)
                keys = cast("tuple[str, ...]", tuple(path)) if name in _UNREAD else (name,)
                data = _without(data, keys)
            case _:
                pass
    data = {**data, **{kind: list(data[kind]) for kind, _ in refused}}
    for (kind, at), names in refused.items():
        data[kind][at] = stand_in(kind, data[kind][at], names, at)
    return data


def _without(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    key, *inner = path
    if not inner:
        return {name: part for name, part in data.items() if name != key}
    if not isinstance(data.get(key), dict):
        return data
    return {**data, key: _without(data[key], tuple(inner))}
