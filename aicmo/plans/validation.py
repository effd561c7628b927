"""Plain data as a `ProjectDocument`, or all that is wrong with it.

When the models refuse parts of a document, the rest is checked all the same, so that one reading
reports everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, cast

from pydantic import ValidationError

from aicmo.errors import FixDocument
from aicmo.plans.checking import Unread, check
from aicmo.plans.document import ProjectDocument
from aicmo.plans.findings import translate
from aicmo.problems import Problem

_LISTS = ("items", "contacts", "audiences")
_REQUIRED = {name for name, part in ProjectDocument.model_fields.items() if part.is_required()}
_INDEX = re.compile(rf"({'|'.join(_LISTS)})\[(\d+)\]")


def validate(data: Any, source: str) -> tuple[ProjectDocument, tuple[Problem, ...]]:
    """The document in `data`, and the warnings about it.

    Raises:
        FixDocument: with every problem, warnings included.
    """
    if not isinstance(data, dict):
        raise FixDocument(
            source, [Problem(source, "is not an object with the fields of a project")]
        )
    try:
        document = ProjectDocument.model_validate(data)
    except ValidationError as error:
        problems = translate(error, ProjectDocument)
        places = {problem.place for problem in problems}
        rest = _check_the_rest(cast("dict[str, Any]", data), error)
        problems += [problem for problem in rest if problem.place not in places]
        raise FixDocument(source, problems) from None
    return document, refuse_errors(source, check(document))


def refuse_errors(source: str, problems: list[Problem]) -> tuple[Problem, ...]:
    """The warnings, when there is nothing else.

    Raises:
        FixDocument: one of `problems` is an error.
    """
    if any(problem.severity == "error" for problem in problems):
        raise FixDocument(source, problems)
    return tuple(problems)


def _check_the_rest(data: dict[str, Any], error: ValidationError) -> list[Problem]:
    rest = _Rest(data)
    for finding in error.errors(include_url=False, include_context=False, include_input=False):
        rest.leave_out(finding["loc"])
    try:
        document = ProjectDocument.model_validate(rest.data())
    except ValidationError:
        return []
    return [rest.at_its_place(problem) for problem in check(document, rest.unread())]


class _Rest:
    """A document without the parts that have problems."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._left_out: dict[str, set[int]] = {name: set() for name in _LISTS}
        self._paths: set[tuple[str, ...]] = set()

    def leave_out(self, place: tuple[int | str, ...]) -> None:
        match place:
            case (str(name), int(at), *_) if name in self._left_out:
                self._left_out[name].add(at)
            case (str(name), *_) if name in _REQUIRED:
                path = takewhile(lambda part: isinstance(part, str), place)
                self._paths.add(cast("tuple[str, ...]", tuple(path)))
            case (str(name), *_):
                self._paths.add((name,))
            case _:
                pass

    def data(self) -> dict[str, Any]:
        data = self._data
        for name, left_out in self._left_out.items():
            if left_out:
                kept = [part for at, part in enumerate(data[name]) if at not in left_out]
                data = {**data, name: kept}
        for path in self._paths:
            data = _without(data, path)
        return data

    def unread(self) -> Unread:
        return Unread(
            audiences=frozenset(self._ids("audiences")), contacts=frozenset(self._ids("contacts"))
        )

    def _ids(self, name: str) -> Iterator[str]:
        for at in self._left_out[name]:
            part = self._data[name][at]
            if isinstance(part, dict):
                yield str(cast("dict[str, Any]", part).get("id"))

    def at_its_place(self, problem: Problem) -> Problem:
        place, message = (
            _INDEX.sub(self._original, text) for text in (problem.place, problem.message)
        )
        return Problem(place, message, problem.severity)

    def _original(self, match: re.Match[str]) -> str:
        name, at = match[1], int(match[2])
        left_out = self._left_out[name]
        kept = (index for index in range(len(self._data[name])) if index not in left_out)
        return f"{name}[{next(index for number, index in enumerate(kept) if number == at)}]"


def _without(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    key, *inner = path
    if not inner:
        return {name: part for name, part in data.items() if name != key}
    if not isinstance(data.get(key), dict):
        return data
    return {**data, key: _without(data[key], tuple(inner))}
