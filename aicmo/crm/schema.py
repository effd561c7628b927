"""What a CRM says of its own properties, as `aicmo crm doctor` read it; it is asked for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict

from aicmo.errors import FixInput
from aicmo.plans.crm import FieldType
from aicmo.plans.crm_values import canonical

_SHOWN = 8


class Choice(BaseModel):
    """A value that a property may have; `label` is what people see."""

    model_config = ConfigDict(frozen=True)
    value: str
    label: str = ""


class Property(BaseModel):
    """One property of the CRM's contacts or activities.

    writable: a program may set it. required: a contact can't be added without it.
    longest: characters that a text may have; None where the CRM doesn't say.
    choices: in their order; empty where any value may stand. unique: no two records share a value.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    label: str = ""
    type: FieldType
    writable: bool = True
    required: bool = False
    unique: bool = False
    longest: int | None = None
    choices: tuple[Choice, ...] = ()


class Schema(BaseModel):
    """contacts, activities: the properties of each by name; activities: as far as ours are kept there.

    lists: names of the lists (campaigns, segments) that contacts can be added to, by the CRM's id.
    """

    model_config = ConfigDict(frozen=True)
    contacts: dict[str, Property]
    activities: dict[str, Property] = {}
    lists: dict[str, str] = {}

    def to_json(self) -> str:
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls.model_validate_json(text)


def require_fitting(prop: Property, value: str) -> None:
    """`value`, in the words of `aicmo.crm.values`, is one that the property takes.

    Raises:
        FixInput: it isn't; the text says why, without repeating the value.
    """
    if not prop.writable:
        raise FixInput("can't be written in the CRM")
    canonical(prop.type, value)
    if prop.longest is not None and len(value) > prop.longest:
        raise FixInput(f"has {len(value)} characters, and the CRM takes {prop.longest}")
    known = [each.value for each in prop.choices]
    asked = set(value.split(";")) if prop.type == "choices" else {value}
    if known and value and not asked <= set(known):
        raise FixInput(f"is none of the CRM's values: {some_of(known)}")


def some_of(values: Sequence[str]) -> str:
    """The first few of `values`, with commas between them."""
    more = ", …" if len(values) > _SHOWN else ""
    return ", ".join(values[:_SHOWN]) + more
