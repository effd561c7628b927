"""The text of a JSON or YAML document as plain dictionaries, lists and values.

Both formats mean the same: dates and times stay text, numbers with a point are exact, a field given
twice in one object is refused. YAML is read from its events, by the core schema of YAML 1.2 (`no`
is a word, `010` isn't octal), without tags, anchors or aliases, and without recursion.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn, cast

import yaml

from aicmo.errors import FixDocument
from aicmo.plans.findings import shown
from aicmo.problems import Problem

_MAX_DEPTH = 40
_MAX_DIGITS = 100
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)", flags=re.ASCII)
_LOST_TAG = re.compile(r"[ \t]+(#\w+)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+", flags=re.ASCII)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class _Twice:
    """A value whose key was given before in the same object."""


class _Broken(Exception):
    """Says where and why the text can't be read."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(f"line {line}, column {column}", message)


def parse_json(text: str, source: str) -> Any:
    """The document in `text`; numbers with a point or an exponent are `Decimal`.

    Raises:
        FixDocument: with line and column of a syntax error, or each field that is given twice.
    """
    try:
        data = json.loads(
            text,
            object_pairs_hook=_mapping,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_not_json,
        )
    except json.JSONDecodeError as error:
        _refuse(source, f"line {error.lineno}, column {error.colno}", f"is not JSON: {error.msg}")
    except RecursionError:
        _refuse(source, source, "is nested too deeply")
    except ValueError as error:
        _refuse(source, source, str(error))
    return _without_doubles(data, source)


def parse_yaml(text: str, source: str) -> Any:
    """The single YAML document in `text`.

    Raises:
        FixDocument: with line and column of a syntax error, an alias, an anchor or a tag, a hashtag
            that YAML takes for a comment, or each field that is given twice.
    """
    try:
        data = _Builder(text).build(_events(text))
    except _Broken as error:
        _refuse(source, *cast("tuple[str, str]", error.args))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else source
        _refuse(source, place, f"is not YAML: {error.problem or error.context}")
    except yaml.YAMLError as error:
        _refuse(source, source, f"is not YAML: {str(error).splitlines()[0]}")
    except ValueError as error:
        _refuse(source, source, str(error))
    return _without_doubles(data, source)


def _events(text: str) -> Iterator[Any]:
    loader: Any = yaml.CSafeLoader(text)
    while loader.check_event():
        yield loader.get_event()


def _refuse(source: str, place: str, message: str) -> NoReturn:
    raise FixDocument(source, [Problem(place, message)])


def _number(text: str) -> int | Decimal:
    if len(text) > _MAX_DIGITS:
        msg = f"holds a number of {len(text)} digits"
        raise ValueError(msg)
    return int(text) if _INTEGER.fullmatch(text) else Decimal(text)


def _not_json(name: str) -> NoReturn:
    msg = f"is not JSON: {name} is not a number"
    raise ValueError(msg)


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    names = "".join(result)
    if not names.isascii() and _HALF_CHARACTER.search(names):
        msg = "holds a name of a field with half a character (a lone surrogate)"
        raise ValueError(msg)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                result[key] = _Twice()
            seen.add(key)
    return result


def _without_doubles(data: Any, source: str) -> Any:
    doubles = [Problem(place, "is given twice") for place in _doubles(data)]
    if doubles:
        raise FixDocument(source, doubles)
    return data


def _doubles(data: Any) -> Iterator[str]:
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, _Twice):
            yield place
        elif isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            prefix = f"{place}." if place else ""
            waiting += [(f"{prefix}{shown(key)}", part) for key, part in fields.items()]
        elif isinstance(value, list):
            parts = cast("list[Any]", value)
            waiting += [(f"{place}[{at}]", part) for at, part in enumerate(parts)]


class _Builder:
    """Builds values from YAML events; `open` holds the collections that haven't ended."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.documents: list[Any] = []
        self.open: list[tuple[bool, list[Any]]] = []

    def build(self, events: Iterator[Any]) -> Any:
        for event in events:
            self._take(event)
        return self.documents[0] if self.documents else None

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_extras(event)
            self._refuse_lost_tag(event)
            self._add(_scalar(event, is_key=self._wants_key()))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            is_mapping, parts = self.open.pop()
            self._add(_mapping(_pairs(parts)) if is_mapping else parts)
        elif isinstance(event, yaml.AliasEvent):
            raise _at(event, "aliases (*name) are not read; write the text out")
        elif isinstance(event, yaml.DocumentStartEvent) and self.documents:
            raise _at(event, "holds more than one document")

    def _begin(self, event: Any) -> None:
        self._refuse_extras(event)
        if self._wants_key():
            raise _at(event, "the name of a field must be text")
        if len(self.open) >= _MAX_DEPTH:
            raise _at(event, "is nested too deeply")
        self.open.append((isinstance(event, yaml.MappingStartEvent), []))

    def _wants_key(self) -> bool:
        return bool(self.open) and self.open[-1][0] and len(self.open[-1][1]) % 2 == 0

    def _refuse_extras(self, event: Any) -> None:
        if event.anchor is not None:
            raise _at(event, "anchors (&name) are not read; write the text out")
        if event.tag not in (None, "!"):
            raise _at(event, "tags (!name) are not read")

    def _refuse_lost_tag(self, event: Any) -> None:
        """To YAML, `Come by. #Austin` is a text and a comment: the tag would be lost in silence."""
        if not event.style and (lost := _LOST_TAG.match(self._text, event.end_mark.index)):
            message = f"{lost[1][:40]} begins a comment here, so it isn't read; put quotes around the text"
            raise _at(event, message)

    def _add(self, value: Any) -> None:
        (self.open[-1][1] if self.open else self.documents).append(value)


def _at(event: Any, message: str) -> _Broken:
    return _Broken(event.start_mark.line + 1, event.start_mark.column + 1, message)


def _scalar(event: Any, *, is_key: bool) -> Any:
    text: str = event.value
    if is_key:
        return sys.intern(text)
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if _INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text) else text


def _pairs(parts: list[Any]) -> list[tuple[str, Any]]:
    return list(zip(parts[::2], parts[1::2], strict=True))
