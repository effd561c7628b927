"""A property's value as text, the same for what we want and for what a CRM answers.

number: `12.5`, without exponent or trailing zeros. date: `2026-03-02`. datetime: ISO 8601 in UTC.
boolean: `true`, `false`. choices: sorted, with `;` between them. '' is an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from aicmo.errors import FixInput
from aicmo.plans.addresses import normalise_address
from aicmo.plans.crm import FieldType

_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_PHONE = re.compile(r"\+?[0-9 ()./-]{3,40}( ?(x|ext\.?) ?[0-9]{1,8})?", re.IGNORECASE)


def canonical(kind: FieldType, text: str) -> str:
    """`text` in the form in which values are compared and kept.

    Raises:
        FixInput: it is no such value; the text says what is expected, without repeating it.
    """
    text = text.strip()
    return _READ[kind](text) if text else ""


def is_same(kind: FieldType, one: str, other: str) -> bool:
    """Whether two values mean the same; one that can't be read is compared as it is."""
    try:
        return canonical(kind, one) == canonical(kind, other)
    except FixInput:
        return one == other


def _number(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise FixInput("is no number") from None
    if not value.is_finite() or len(text) > 40:  # noqa: PLR2004
        raise FixInput("is no number")
    plain = f"{value:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("", "-0", "-") else plain


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise FixInput("is no date like 2026-03-02") from None


def _datetime(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FixInput("is no time with an offset, like 2026-03-02T07:30:00+01:00")
    return moment.astimezone(UTC).isoformat()


def _boolean(text: str) -> str:
    if text.lower() in _TRUE:
        return "true"
    if text.lower() in _FALSE:
        return "false"
    raise FixInput("is neither true nor false")


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise FixInput("is no telephone number")
    return text


def _choices(text: str) -> str:
    return ";".join(sorted({each.strip() for each in text.split(";") if each.strip()}))


_READ: Mapping[FieldType, Callable[[str], str]] = {
    "text": str,
    "email": normalise_address,
    "phone": _phone,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "boolean": _boolean,
    "choice": str,
    "choices": _choices,
}
