"""What of a change BottleCRM can take, told before anything is armed: it drops what it doesn't know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aicmo.crm.record import Found, Record
from aicmo.errors import FixInput
from aicmo.gateways.bottlecrm_answers import TAKEN
from aicmo.gateways.bottlecrm_contacts import Names, Search
from aicmo.gateways.bottlecrm_fields import CUSTOM, TAGS
from aicmo.gateways.bottlecrm_timeline import comment_of, interaction_of
from aicmo.gateways.contract import Outcome, OutcomeKind, Staged
from aicmo.gateways.crm_staging import Asked, stage_change


def stage_known(asked: Asked, found: Found, search: Search) -> Staged:
    """`stage_change`, and the id of the `tag` that is added; what BottleCRM can't take is held."""
    known = search.known
    try:
        asked = _in_its_words(asked, known)
        staged = stage_change(asked, found)
        if staged.objection:
            return staged
        _require_what_is_needed(staged.values, known)
        _require_own_address(staged.values, search)
        return Staged({**staged.values, **_tag(asked, found, known)})
    except FixInput as error:
        refused = Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=str(error))
        return Staged(asked.draft.staged, refused)


def _in_its_words(asked: Asked, known: Names) -> Asked:
    """The same, with the tag as it is written there.

    Raises:
        FixInput: BottleCRM can't take it.
    """
    change = asked.change
    if change.list_name:
        raise FixInput("BottleCRM has no lists: give a tag instead (action add_tag)")
    if not change.id_property.startswith(CUSTOM) or change.id_property not in known.properties:
        raise FixInput(
            f"BottleCRM's contacts have no own field {change.id_property}, which keeps our ids: "
            "`aicmo crm doctor --create` makes it"
        )
    for name in sorted(asked.names):
        if name not in known.properties or not known.properties[name].writable:
            raise FixInput(f"BottleCRM has no field {name} that can be written")
    if any(each.name == TAGS for each in change.fields):
        raise FixInput("a field can't set tags: add_tag adds to them")
    if change.activity and change.activity.kind == "email":
        interaction_of(change.activity, "", asked.draft.token)
    elif change.activity:
        comment_of(change.activity, asked.draft.token)
    if not change.tag:
        return asked
    if change.tags_property != TAGS:
        raise FixInput(f"BottleCRM keeps tags in `{TAGS}`, not in {change.tags_property}")
    name = known.tags[_tag_id(change.tag, known)]
    return replace(asked, change=change.model_copy(update={"tag": name}))


def _require_what_is_needed(values: Mapping[str, Any], known: Names) -> None:
    if values["record"]:
        return
    required = {each.name for each in known.properties.values() if each.required}
    if missing := ", ".join(sorted(required - {n for n, v in values["write"].items() if v})):
        raise FixInput(f"{missing} is missing, and BottleCRM adds no contact without it")


def _require_own_address(values: Mapping[str, Any], search: Search) -> None:
    email = values["write"].get("email")
    if values["record"] and email and search.by_address(email):
        raise FixInput(TAKEN)


def _tag(asked: Asked, found: Found, known: Names) -> dict[str, str]:
    if not asked.change.tag:
        return {}
    if isinstance(found, Record):
        _require_all_known(found.values.get(TAGS, ""), known)
    return {"tag": known.tag_id(asked.change.tag)}


def _require_all_known(tags: str, known: Names) -> None:
    if any(each not in known.tags.values() for each in filter(None, tags.split(";"))):
        raise FixInput(
            "the contact has an archived tag, which BottleCRM would drop with any change of its tags"
        )


def tag_ids(value: str, known: Names) -> list[str]:
    """The ids of tags that are named with `;` between them.

    Raises:
        FixInput: the organization has no such tag.
    """
    return [_tag_id(each, known) for each in value.split(";") if each]


def _tag_id(name: str, known: Names) -> str:
    if found := known.tag_id(name):
        return found
    raise FixInput(f"BottleCRM has no tag {name}: add it there first")
