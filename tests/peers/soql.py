"""SOQL as far as Salesforce's peer is asked in it; what isn't written as documented is no query."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, object]
_QUERY = re.compile(
    r"SELECT (?P<fields>[\w., ]+) FROM (?P<sobject>\w+)"
    r"(?: WHERE (?P<where>.+?))?(?: ORDER BY [\w, ]+)?",
    re.DOTALL,
)
_TEXT = re.compile(r"'((?:[^'\\\n\r]|\\[nrtbf\"'\\])*)'")
_FIELD = re.compile(r"(\w+) (=|IN) ?")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class NoQuery(ValueError):
    """MALFORMED_QUERY"""


@dataclass(frozen=True)
class Query:
    """meets: whether a record is asked for; texts are compared whatever their case, as SOQL does."""

    sobject: str
    fields: Sequence[str]
    meets: Callable[[Row], bool]
    named: Sequence[str]


def read_query(text: str) -> Query:
    found = _QUERY.fullmatch(text)
    if found is None:
        raise NoQuery(text)
    fields = [each.strip() for each in found["fields"].split(",")]
    tests, joined = _conditions(found["where"]) if found["where"] else ([], "AND")
    every = all if joined == "AND" else any

    def meets(row: Row) -> bool:
        return every(str(row.get(name) or "").casefold() in values for name, values in tests)

    return Query(found["sobject"], fields, meets, [*fields, *(name for name, _ in tests)])


def _conditions(text: str) -> tuple[list[tuple[str, set[str]]], str]:
    tests: list[tuple[str, set[str]]] = []
    joined: set[str] = set()
    place = 0
    while True:
        field = _FIELD.match(text, place)
        if field is None:
            raise NoQuery(text)
        values, place = _values(text, field.end(), several=field[2] == "IN")
        tests.append((field[1], {each.casefold() for each in values}))
        if place == len(text):
            break
        found = re.compile(r" (AND|OR) ").match(text, place)
        if found is None:
            raise NoQuery(text)
        joined.add(found[1])
        place = found.end()
    if len(joined) > 1:
        raise NoQuery(text)  # real SOQL wants brackets there
    return tests, next(iter(joined), "AND")


def _values(text: str, place: int, *, several: bool) -> tuple[list[str], int]:
    if not several:
        return _value(text, place)
    if text[place] != "(":
        raise NoQuery(text)
    values: list[str] = []
    while text[place] in "(,":
        some, place = _value(text, place + 1)
        values += some
    if text[place] != ")":
        raise NoQuery(text)
    return values, place + 1


def _value(text: str, place: int) -> tuple[list[str], int]:
    if plain := re.compile(r"true|false|null").match(text, place):
        return ["" if plain[0] == "null" else plain[0]], plain.end()
    quoted = _TEXT.match(text, place)
    if quoted is None:
        raise NoQuery(text)
    return [re.sub(r"\\(.)", lambda each: _ESCAPED.get(each[1], each[1]), quoted[1])], quoted.end()
