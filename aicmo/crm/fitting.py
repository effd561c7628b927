"""Whether what a project says of its CRM fits what the CRM says of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from aicmo.crm.providers import PROVIDERS, contact_id_of, delivery_id_of, opt_out_of
from aicmo.crm.schema import Property, Schema, some_of
from aicmo.plans.crm import CrmSetup, FieldType

_LONGEST_ID, _LONGEST_TOKEN = 129, 32
"""Characters of `<project>:<contact>`, each at most 64, and of a delivery's token."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """place: in the project document, `crm.fields[2].theirs`. fix: what a person does about it."""

    place: str
    text: str
    fix: str


@dataclass(frozen=True, slots=True)
class UniqueProperty:
    """A property that keeps our ids, so that a repeat changes the same record.

    place: where the project may name another one. longest: characters of our ids.
    """

    place: str
    name: str
    of_activities: bool
    longest: int


def check_mapping(setup: CrmSetup, schema: Schema, actions: Collection[str]) -> list[Misfit]:
    """What of the mapping doesn't fit; `actions` are those of the plan's items."""
    return [
        *_check_fields(setup, schema),
        *_check_required(setup, schema, actions),
        *_check_stages(setup, schema),
        *_check_tags(setup, schema),
        *_check_unique(setup, schema, actions),
        *_check_opt_out(setup, schema),
    ]


def unique_properties(setup: CrmSetup, actions: Collection[str]) -> list[UniqueProperty]:
    """Those that the plan needs; none of a CRM that can't have such properties."""
    contact_id, delivery_id = contact_id_of(setup), delivery_id_of(setup)
    logs = setup.log_emails or setup.log_posts_to is not None or "log_activity" in actions
    wanted: list[UniqueProperty] = []
    if contact_id:
        wanted.append(UniqueProperty("crm.contact_id", contact_id, False, _LONGEST_ID))
    if delivery_id and logs:
        wanted.append(UniqueProperty("crm.delivery_id", delivery_id, True, _LONGEST_TOKEN))
    return wanted


def property_of(unique: UniqueProperty, schema: Schema) -> Property | None:
    """The property as the CRM has it; None if it has none of that name."""
    return (schema.activities if unique.of_activities else schema.contacts).get(unique.name)


def _check_fields(setup: CrmSetup, schema: Schema) -> Iterator[Misfit]:
    for at, field in enumerate(setup.fields):
        place, known = f"crm.fields[{at}]", schema.contacts.get(field.theirs)
        if known is None:
            yield _absent(f"{place}.theirs", field.theirs, schema)
            continue
        if field.direction != "from_crm" and not known.writable:
            fix = "write `direction: from_crm`, or leave the field out"
            yield Misfit(f"{place}.direction", f"{field.theirs} can't be written in the CRM", fix)
        if not _takes(known.type, field.type):
            text = f"{field.theirs} is of type {known.type} in the CRM, not {field.type}"
            yield Misfit(f"{place}.type", text, f"write `type: {known.type}`")


def _absent(place: str, name: str, schema: Schema) -> Misfit:
    by_name = {each.lower(): each for each in schema.contacts}
    by_label = {each.label.lower(): each.name for each in schema.contacts.values()}
    known = {**by_label, **by_name}
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    fix = (
        f"write `{known[near[0]]}`, if that is meant"
        if near
        else "make it in the CRM, or name another one"
    )
    return Misfit(place, f"the CRM has no property {name}", fix)


def _takes(theirs: FieldType, ours: FieldType) -> bool:
    """A text takes every value, and several choices take one."""
    return theirs in ("text", ours) or (theirs, ours) == ("choices", "choice")


def _check_required(setup: CrmSetup, schema: Schema, actions: Collection[str]) -> Iterator[Misfit]:
    if "upsert_contact" not in actions:
        return
    sent = {each.theirs for each in setup.fields if each.direction != "from_crm"}
    needed = {name for name, each in schema.contacts.items() if each.required}
    for name in sorted({*needed, *PROVIDERS[setup.provider].required} - sent):
        yield Misfit("crm.fields", f"the CRM adds no contact without {name}", _to_map(name))


def _to_map(name: str) -> str:
    ours = {"lastname": "last_name", "firstname": "first_name"}.get(name.replace("_", "").lower())
    return f"map {ours or 'one of our fields'} to it"


def _check_stages(setup: CrmSetup, schema: Schema) -> Iterator[Misfit]:
    stages = setup.stages
    if stages is None:
        return
    known = schema.contacts.get(stages.property)
    if known is None:
        yield _absent("crm.stages.property", stages.property, schema)
        return
    if not known.writable:
        text = f"{stages.property} can't be written in the CRM"
        yield Misfit("crm.stages.property", text, "name a property that can")
    choices = [each.value for each in known.choices]
    if lacking := [each for each in stages.order if choices and each not in choices]:
        text = f"{stages.property} has no {', '.join(lacking)}"
        yield Misfit("crm.stages.order", text, f"the CRM has {some_of(choices)}")


def _check_tags(setup: CrmSetup, schema: Schema) -> Iterator[Misfit]:
    if setup.tags is None:
        return
    known = schema.contacts.get(setup.tags)
    if known is None:
        yield _absent("crm.tags", setup.tags, schema)
    elif known.type != "choices" or not known.writable:
        text = f"{setup.tags} doesn't take several choices from a program"
        yield Misfit("crm.tags", text, "name a property of several choices")


def _check_unique(setup: CrmSetup, schema: Schema, actions: Collection[str]) -> Iterator[Misfit]:
    for each in unique_properties(setup, actions):
        known = property_of(each, schema)
        whose = "activities" if each.of_activities else "contacts"
        if known is None:
            text = f"the CRM's {whose} have no property {each.name}, which makes repeats safe"
            yield Misfit(each.place, text, "`aicmo crm doctor PROJECT --create` makes it")
        elif not _keeps_ids(known, setup):
            text = f"{each.name} is no text that programs set and that is unique among {whose}"
            yield Misfit(each.place, text, f"name another one in {each.place}")
        elif known.longest is not None and known.longest < each.longest:
            text = f"{each.name} takes {known.longest} characters, and our ids have up to {each.longest}"
            yield Misfit(each.place, text, f"name another one in {each.place}")


def _keeps_ids(known: Property, setup: CrmSetup) -> bool:
    is_unique = known.unique or not PROVIDERS[setup.provider].ids_are_unique
    return is_unique and known.writable and known.type == "text"


def _check_opt_out(setup: CrmSetup, schema: Schema) -> Iterator[Misfit]:
    if setup.consent == "none":
        return
    name = opt_out_of(setup)
    known = schema.contacts.get(name)
    if not name:
        text = f"{PROVIDERS[setup.provider].title} has no property of its own for who left"
        yield Misfit("crm.opt_out", text, "name a yes-or-no property, or write `consent: none`")
    elif known is None:
        yield _absent("crm.opt_out", name, schema)
    elif known.type != "boolean":
        text = f"{name} is of type {known.type} in the CRM, not boolean"
        yield Misfit("crm.opt_out", text, "name a yes-or-no property")
    # A CRM's own may be read-only, as its gateway opts people out by other means.
    elif setup.opt_out and setup.consent != "read" and not known.writable:
        text = f"{name} can't be written in the CRM"
        yield Misfit("crm.opt_out", text, "name another one, or write `consent: read`")
