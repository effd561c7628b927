"""What pydantic found, in plain words and with its place in the document."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aicmo.plans.contacts import AttributeName
from aicmo.plans.fields import Colour, Currency, Identifier, Language
from aicmo.problems import Problem

_TAGS = frozenset({"email", "post", "crm"})
_WORDS = {
    "missing": "is missing",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "string_unicode": "holds characters that can't be written in UTF-8",
    "literal_error": "is not {expected}",
    "enum": "is not {expected}",
    "union_tag_invalid": "is not {expected_tags}",
    "value_error": "{error}",
    "date_parsing": "is not a date like 2026-03-02",
    "date_from_datetime_parsing": "is not a date like 2026-03-02",
    "decimal_type": "is not a number",
    "decimal_parsing": "is not a number",
    "decimal_max_digits": "has more than {max_digits} digits",
    "decimal_max_places": "has more than {decimal_places} decimal places",
    "decimal_whole_digits": "has more than {whole_digits} digits before the point",
    "finite_number": "is not a number",
    "int_type": "is not a whole number",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "greater_than": "is not more than {gt}",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "too_short": "is empty; at least {min_length} is needed",
    "tuple_type": "is not a list",
    "dict_type": "is not an object with fields",
    "model_type": "is not an object with fields",
    "model_attributes_type": "is not an object with fields",
}


def _pattern(annotated: Any) -> str:
    return next(part.pattern for part in get_args(annotated) if hasattr(part, "pattern"))


_PATTERNS = {
    _pattern(Identifier): "is not made of letters, digits, - and _ (at most 64, no space)",
    _pattern(Colour): "is not a colour like #1f3d36",
    _pattern(Currency): "is not a currency code like USD",
    _pattern(Language): "is not a language code like en or pt-BR",
    _pattern(AttributeName): "is not a name of lower-case letters, digits and _",
}


def translate(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """A problem for each finding of `error`, which came from validating `model`."""
    findings = error.errors(include_url=False)
    places = {finding["loc"] for finding in findings}
    return [
        Problem(place_of(finding["loc"]), _say(finding, model))
        for finding in findings
        if not _only_follows(finding, places)
    ]


def _only_follows(finding: ErrorDetails, places: set[tuple[int | str, ...]]) -> bool:
    """Whether another finding is the cause: a part without channel, a list of refused parts."""
    kind, loc = finding["type"], finding["loc"]
    if kind == "union_tag_not_found":
        return (*loc[:-1], "channel") in places
    return kind == "too_short" and any(place[: len(loc)] == loc != place for place in places)


def place_of(loc: tuple[int | str, ...]) -> str:
    """`("items", 3, "content", "email", "subject")` as `items[3].content.subject`."""
    place = ""
    for part in _fields_of(loc):
        if isinstance(part, int):
            place += f"[{part}]"
        else:
            place += f".{shown(part)}" if place else shown(part)
    return place or "the document"


def shown(name: str) -> str:
    """A name from the document, fit for a terminal: one line, without control characters."""
    limit = 60
    name = name if name.isprintable() else ascii(name)[1:-1]
    return name if len(name) <= limit else f"{name[:limit]}…"


def _fields_of(loc: tuple[int | str, ...]) -> Iterator[int | str]:
    """`loc` without what isn't in the document: names of union members, marks of keys."""
    for at, part in enumerate(loc):
        is_tag = at > 0 and loc[at - 1] == "content" and part in _TAGS
        if not is_tag and part != "[key]":
            yield part


def _say(finding: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "extra_forbidden":
        return _say_unknown_field(finding["loc"], model)
    if kind == "string_type":
        return _say_not_text(finding["input"])
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], "is not written as it should be")
    if kind == "union_tag_not_found":
        return "has no kind: email, post or crm"
    if kind in _WORDS:
        return _WORDS[kind].format_map(context)
    return finding["msg"][:1].lower() + finding["msg"][1:]


def _say_not_text(value: Any) -> str:
    if value is None:
        return "is empty"
    if isinstance(value, list | dict):
        return "is not text"
    return f"is not text; put it in quotes: {str(value)[:40]!r}"


def _say_unknown_field(loc: tuple[int | str, ...], model: type[BaseModel]) -> str:
    *parents, name = loc
    owner = _model_at(tuple(parents), model)
    known = list(owner.model_fields) if owner else []
    where = place_of(tuple(parents))
    near = get_close_matches(str(name), known, n=1, cutoff=0.6)
    return f"is not a field of {where}" + (f"; did you mean {near[0]}?" if near else "")


def _model_at(loc: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel] | None:
    found: type[BaseModel] | None = model
    for at, part in enumerate(loc):
        if (
            isinstance(part, int)
            or found is None
            or (at and part in _TAGS and loc[at - 1] == "content")
        ):
            continue
        if part not in found.model_fields:
            return None
        models = list(_models_in(found.model_fields[part].annotation))
        tag = loc[at + 1] if part == "content" and at + 1 < len(loc) else None
        found = next((one for one in models if tag in (None, _kind_of(one))), None)
    return found


def _kind_of(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("kind")
    return field.default if field else None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, UnionType, tuple, dict):
        for part in get_args(annotation):
            yield from _models_in(part)
