"""A property's value as text, the same for what we want and for what a CRM answers.

number: `12.5`, without exponent or trailing zeros. date: `2026-03-02`. datetime: ISO 8601 in UTC, to the
millisecond, which is what CRMs keep. boolean: `true`, `false`. choices: sorted, with `;` between them.
'' is an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from aicmo.errors import FixInput
from aicmo.plans.addresses import normalise_address
from aicmo.plans.crm import FieldType

_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_NUMBER = re.compile(
    r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})(e[+-]?\d{1,2})?", re.IGNORECASE | re.ASCII
)
"""Bounded, so that `1e999999999` isn't written out in full."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9 ()./-]{3,40}( ?(x|ext\.?) ?[0-9]{1,8})?", re.IGNORECASE)


def canonical(kind: FieldType, text: str) -> str:
    """`text` in the form in which values are compared and kept.

    Raises:
        FixInput: it is no such value; the text says what is expected, without repeating it.
    """
    text = text.strip()
    return _READ[kind](text) if text else ""


def value_of(own: Mapping[str, Any], name: str) -> str:
    """A contact's value of one of our fields, as it was written; '' where it has none.

    own: the fields of a project document's contact.
    """
    attributes: Mapping[str, str] = own.get("attributes") or {}
    match name:
        case "segments":
            return ";".join(own.get("segments") or ())
        case "email" | "timezone" | "name" | "first_name" | "language":
            return str(own.get(name) or "")
        case "last_name":
            return attributes.get(name) or _last_name(own)
        case _:
            return attributes.get(name, "")


def _last_name(own: Mapping[str, Any]) -> str:
    """What follows the first name in the name."""
    name, first = str(own.get("name") or ""), str(own.get("first_name") or "")
    return name[len(first) :].strip() if first and name.startswith(f"{first} ") else ""


def _email(text: str) -> str:
    try:
        return normalise_address(text)
    except FixInput:
        raise FixInput("is no email address") from None  # its own words repeat the address


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise FixInput("is no number like 1250.5")
    plain = f"{Decimal(text):f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("", "-0", "-") else plain


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "").isoformat()
    except ValueError:
        raise FixInput("is no date like 2026-03-02") from None


def _datetime(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            utc = moment.astimezone(UTC)
            return utc.replace(microsecond=utc.microsecond // 1000 * 1000).isoformat()
    except (ValueError, OverflowError):  # in UTC, the first hours of the year 1 are before it
        pass
    raise FixInput("is no time with an offset, like 2026-03-02T07:30:00+01:00")


def _boolean(text: str) -> str:
    if text.lower() in _TRUE:
        return "true"
    if text.lower() in _FALSE:
        return "false"
    raise FixInput("is neither true nor false")


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text) or not any(each.isdigit() for each in text):
        raise FixInput("is no telephone number")
    return text


def _choices(text: str) -> str:
    return ";".join(sorted({each.strip() for each in text.split(";") if each.strip()}))


_READ: Mapping[FieldType, Callable[[str], str]] = {
    "text": str,
    "email": _email,
    "phone": _phone,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "boolean": _boolean,
    "choice": str,
    "choices": _choices,
}
