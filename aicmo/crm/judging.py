"""Which of the values we want are sent, given the contact as the CRM has it: nothing of theirs is lost.

The preview explains with it from what was read last, and a gateway decides with it from what it read
just before it sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aicmo.crm.change import Change, WantedField, WantedStage
from aicmo.crm.record import Record
from aicmo.crm.values import canonical, is_same
from aicmo.plans.crm import FieldType


class Decision(StrEnum):
    """What becomes of one property."""

    WRITE = "write"
    """Ours is sent."""
    SAME = "same"
    """The CRM has it already."""
    KEEP = "keep"
    """Theirs stays, as the rule of the field says."""
    ASK = "ask"
    """A person has to say which of them counts; nothing of this change is sent before."""
    REFUSE = "refuse"
    """It would do harm, such as a step back; nothing of this change is sent."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One property: what is there, what we want, and what becomes of it.

    theirs: '' where the CRM has nothing, or the contact is to be added.
    ours: the value that would be sent. why: in words, of KEEP, ASK and REFUSE.
    changed_at, changed_by: of theirs, as far as the CRM tells.
    """

    name: str
    theirs: str
    ours: str
    decision: Decision
    why: str = ""
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A change against one contact; `differences` in the order of its fields."""

    differences: tuple[Difference, ...]

    @property
    def to_write(self) -> dict[str, str]:
        """By property, what is sent."""
        return {each.name: each.ours for each in self.differences if each.decision is _WRITE}

    @property
    def former(self) -> dict[str, str]:
        """By property, what is overwritten; '' of an empty one."""
        return {each.name: each.theirs for each in self.differences if each.decision is _WRITE}

    @property
    def objections(self) -> tuple[Difference, ...]:
        """Why nothing of it may be sent now."""
        stops = (Decision.ASK, Decision.REFUSE)
        return tuple(each for each in self.differences if each.decision in stops)


_WRITE = Decision.WRITE


def judge(change: Change, record: Record | None) -> Judged:
    """What of `change` is sent to the contact as the CRM has it; None: it is to be added."""
    return Judged(tuple(_differences(change, record or Record(""))))


def _differences(change: Change, record: Record) -> Iterator[Difference]:
    for wanted in change.fields:
        yield _field(change, wanted, record)
    if change.stage:
        yield _stage(change.stage, record)
    if change.tag:
        yield _tag(change, record)


def _field(change: Change, wanted: WantedField, record: Record) -> Difference:
    theirs = record.values.get(wanted.name, "")
    if is_same(wanted.type, theirs, wanted.value):
        return _said(wanted.name, theirs, wanted.value, record, Decision.SAME)
    decision, why = (_WRITE, "") if not theirs else _by_rule(change, wanted, theirs, record)
    return _said(wanted.name, theirs, wanted.value, record, decision, why)


def _by_rule(
    change: Change, wanted: WantedField, theirs: str, record: Record
) -> tuple[Decision, str]:
    match wanted.conflict:
        case "ours":
            return _WRITE, ""
        case "theirs":
            return Decision.KEEP, "theirs stays"
        case "newer":
            return _newer(wanted, record)
        case "ask":
            answer = change.answers.get(wanted.name)
            if answer is None or not is_same(wanted.type, answer.theirs, theirs):
                return Decision.ASK, "the CRM has another value"
            return (_WRITE, "") if answer.take == "ours" else (Decision.KEEP, "theirs, as answered")


def _newer(wanted: WantedField, record: Record) -> tuple[Decision, str]:
    theirs_at = record.when(wanted.name)
    if theirs_at is None or wanted.since is None:
        return Decision.KEEP, "theirs stays: which is newer isn't known"
    return (_WRITE, "") if wanted.since > theirs_at else (Decision.KEEP, "theirs is newer")


def _stage(wanted: WantedStage, record: Record) -> Difference:
    theirs = record.values.get(wanted.property, "")
    decision, why = _step(wanted, theirs)
    return _said(wanted.property, theirs, wanted.value, record, decision, why)


def _step(wanted: WantedStage, theirs: str) -> tuple[Decision, str]:
    if theirs == wanted.value:
        return Decision.SAME, ""
    if not theirs or wanted.back_because:
        return _WRITE, ""
    if theirs not in wanted.order:
        return Decision.REFUSE, "the stages of the project don't have the one it is at"
    if wanted.order.index(theirs) > wanted.order.index(wanted.value):
        return Decision.REFUSE, "it would move back: the item doesn't say why"
    return _WRITE, ""


def _tag(change: Change, record: Record) -> Difference:
    kind: FieldType = "choices"
    theirs = canonical(kind, record.values.get(change.tags_property, ""))
    ours = canonical(kind, f"{theirs};{change.tag}")
    decision = Decision.SAME if ours == theirs else _WRITE
    return _said(change.tags_property, theirs, ours, record, decision)


def _said(
    name: str, theirs: str, ours: str, record: Record, decision: Decision, why: str = ""
) -> Difference:
    return Difference(name, theirs, ours, decision, why, record.when(name), record.who(name))
