"""When a value of ours and one of theirs are the same; how each is written, `aicmo.plans.crm_values` says."""

from __future__ import annotations

import re
import unicodedata

from aicmo.errors import FixInput
from aicmo.plans.crm import FieldType
from aicmo.plans.crm_values import canonical

__all__ = ["canonical", "is_same"]

_NOT_DIALLED = re.compile(r"[ ()./-]")


def is_same(kind: FieldType, one: str, other: str) -> bool:
    """Whether two values mean the same; one that can't be read is compared as it is.

    A telephone number is the same in any notation: CRMs write them their own way.
    """
    return _meaning(kind, one) == _meaning(kind, other)


def _meaning(kind: FieldType, text: str) -> str:
    try:
        text = canonical(kind, text)
    except FixInput:
        return text
    if kind == "phone":
        return _NOT_DIALLED.sub("", text).lower()
    return unicodedata.normalize("NFC", text)
