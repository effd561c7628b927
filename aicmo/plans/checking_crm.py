"""What a plan wants of the client's CRM: names that are mapped, values of their type, stages, tags, notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from aicmo.channels import SOCIAL, Channel
from aicmo.errors import FixInput
from aicmo.plans.crm import CrmField, CrmProvider, CrmSetup
from aicmo.plans.crm_values import canonical, value_of
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent, Item
from aicmo.problems import Problem

_OWN = frozenset(
    {"email", "name", "first_name", "last_name", "language", "timezone", "segments"}
)  # fmt: skip
_STAGE = "is a stage: name it in crm.stages, so that nobody is moved back by a field"
_OPT_OUT = "says who wants no email: crm.consent is for that, so that nobody is opted in by a field"
_TAGS = "has the tags: add_tag adds to it"
_KEPT_APART: Mapping[CrmProvider, Mapping[str, str]] = {
    "hubspot": {"lifecyclestage": _STAGE, "hs_email_optout": _OPT_OUT},
    "salesforce": {"hasoptedoutofemail": _OPT_OUT},
    "bottlecrm": {"tags": _TAGS},
}
"""Properties that are no field, by their name in lower case: Salesforce takes any."""


def check_crm(document: ProjectDocument) -> Iterator[Problem]:
    """All findings about the CRM and the items for it."""
    items = [(at, each) for at, each in enumerate(document.items) if each.channel is Channel.CRM]
    yield from _check_noted(document.items)
    if document.crm is None:
        yield from _check_held([each.id for _, each in items])
        return
    yield from _check_fields(document, document.crm)
    yield from _check_logs(document, document.crm)
    for at, item in items:
        if isinstance(item.content, CrmContent):
            yield from _check_item(f"items[{at}].content", item.content, document.crm)
    yield from _check_contacts(document, document.crm)


def _check_held(ids: list[str]) -> Iterator[Problem]:
    if ids:
        are = "item for it is" if len(ids) == 1 else "items for it are"
        message = f"is missing, so {len(ids)} {are} held ({ids[0]}{', …' if ids[1:] else ''})"
        yield Problem("crm", message, "warning")


def _check_fields(document: ProjectDocument, setup: CrmSetup) -> Iterator[Problem]:
    if setup.provider == "bottlecrm" and setup.tags not in (None, "tags"):
        yield Problem("crm.tags", "BottleCRM keeps tags in `tags`; leave it out")
    known = _OWN.union(*(each.attributes for each in document.contacts))
    used = {name for _, content in _contents(document.items) for name in content.properties}
    for at, field in enumerate(setup.fields):
        if field.direction == "from_crm":
            continue
        if why := _kept_apart(setup, field.theirs):
            yield Problem(f"crm.fields[{at}].theirs", f"{field.theirs} {why}")
        if field.ours not in known | used:
            message = f"no contact has {field.ours}, and no item sets it{_near(field.ours, known)}"
            yield Problem(f"crm.fields[{at}].ours", message, "warning")


def _kept_apart(setup: CrmSetup, theirs: str) -> str:
    """Why a property is no field that may be sent; '' where it may."""
    named = {
        **({setup.stages.property: _STAGE} if setup.stages else {}),
        **dict.fromkeys(filter(None, [setup.opt_out]), _OPT_OUT),
        **dict.fromkeys(filter(None, [setup.tags]), _TAGS),
        **dict.fromkeys(filter(None, [setup.contact_id]), "keeps AICMO's own id"),
    }
    reserved = {name.lower(): why for name, why in named.items()}
    return {**reserved, **_KEPT_APART[setup.provider]}.get(theirs.lower(), "")


def _check_logs(document: ProjectDocument, setup: CrmSetup) -> Iterator[Problem]:
    names = {each.id for each in document.audiences}
    if setup.log_posts_to is not None and setup.log_posts_to not in names:
        yield Problem("crm.log_posts_to", f"there is no audience {setup.log_posts_to}")


def _check_item(place: str, content: CrmContent, setup: CrmSetup) -> Iterator[Problem]:
    if content.action in ("upsert_contact", "set_properties"):
        yield from _check_properties(f"{place}.properties", content, setup)
    match content.action:
        case "upsert_contact":
            if all(each.direction == "from_crm" for each in setup.fields):
                yield Problem(f"{place}.action", "crm.fields has no field that is sent to the CRM")
        case "set_stage":
            yield from _check_stage(f"{place}.stage", content.stage or "", setup)
        case "add_tag":
            if setup.tags is None and setup.provider != "bottlecrm":
                message = "crm.tags doesn't say which property has the tags"
                yield Problem(f"{place}.tag", message)
        case "add_to_list" if setup.provider == "bottlecrm":
            message = "BottleCRM has no lists; give a tag instead (action add_tag)"
            yield Problem(f"{place}.list_name", message)
        case _:
            pass


def _check_properties(place: str, content: CrmContent, setup: CrmSetup) -> Iterator[Problem]:
    mapped = [each.ours for each in setup.fields]
    for name, value in content.properties.items():
        field, where = setup.field(name), f"{place}.{name}"
        if field is None:
            yield Problem(where, f"crm.fields has no field {name}{_near(name, mapped)}")
        elif field.direction == "from_crm":
            yield Problem(where, "is only read from the CRM, as crm.fields says (from_crm)")
        elif name == "email":
            yield Problem(where, "is each contact's own: an item would give all of them the same")
        else:
            yield from _check_value(where, field, value)


def _check_stage(place: str, stage: str, setup: CrmSetup) -> Iterator[Problem]:
    if setup.stages is None:
        yield Problem(
            place, "crm.stages doesn't say which property has the stages, and their order"
        )
    elif stage not in setup.stages.order:
        near = _near(stage, setup.stages.order)
        yield Problem(place, f"{stage} is none of the stages in crm.stages.order{near}")


def _check_value(place: str, field: CrmField, value: str) -> Iterator[Problem]:
    try:
        canonical(field.type, value)
    except FixInput as error:
        yield Problem(place, f"{error}; in crm.fields, {field.ours} is of type {field.type}")


def _check_contacts(document: ProjectDocument, setup: CrmSetup) -> Iterator[Problem]:
    """Values that aren't of the type of their field; addresses are looked at anyway."""
    sent = [each for each in setup.fields if each.direction != "from_crm" and each.ours != "email"]
    typed = [each for each in sent if each.type not in ("text", "choice")]
    for at, contact in enumerate(document.contacts):
        for field in typed:
            inside = field.ours if field.ours in _OWN else f"attributes.{field.ours}"
            place, value = f"contacts[{at}].{inside}", value_of(vars(contact), field.ours)
            yield from _check_value(place, field, value)
            if field.ours == "segments" and any(";" in each for each in contact.segments):
                message = "a name with a semicolon would be two choices in the CRM"
                yield Problem(place, message)


def _check_noted(items: tuple[Item, ...]) -> Iterator[Problem]:
    channels = {each.id: each.channel for each in items}
    noted: dict[tuple[str, str | None], int] = {}
    for at, content in _contents(items):
        of, place = content.of, f"items[{at}].content.of"
        if of is None:
            continue
        first = noted.setdefault((of, items[at].audience), at)
        if channels.get(of) is Channel.EMAIL or channels.get(of) in SOCIAL:
            if first != at:
                message = (
                    f"{items[at].id} notes {of} for the same contacts: it would stand there twice"
                )
                yield Problem(f"items[{first}].content.of", message, "warning")
        elif of in channels:
            yield Problem(place, f"{of} is an item for crm; only an email or a post is noted")
        else:
            yield Problem(place, f"there is no item {of}{_instead(of, items)}")


def _instead(of: str, items: tuple[Item, ...]) -> str:
    """What may have been meant: one of a post's networks, or a name that is written alike."""
    networks = [each.id for each in items if each.part_of == of]
    if networks:
        return f"; it goes to several networks, so name one of {', '.join(networks)}"
    return _near(of, [each.id for each in items if each.channel is not Channel.CRM])


def _contents(items: tuple[Item, ...]) -> Iterator[tuple[int, CrmContent]]:
    for at, item in enumerate(items):
        if isinstance(item.content, CrmContent):
            yield at, item.content


def _near(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""
