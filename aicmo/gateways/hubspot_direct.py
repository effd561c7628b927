"""Writes by HubSpot's own ids that aren't deliveries: putting values back, telling an opt-out.

They may be repeated: the same value twice is one value.

Source: HubSpot's OpenAPI documents of contacts (version 3) and subscriptions (version 4), 2026-08.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

import httpx

from aicmo.crm.record import Record
from aicmo.gateways.account_gateway import NoToken, Refused
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.crm_gateway import Update
from aicmo.gateways.http_answers import Answer
from aicmo.gateways.hubspot_answers import (
    CONFLICT,
    CREATED,
    MANY,
    OK,
    content_of,
    error_of,
    refusal,
    traced,
)
from aicmo.gateways.hubspot_api import CONTACTS, CRM, STAGE, HubspotApi
from aicmo.gateways.hubspot_writing import as_inputs, update_input
from aicmo.gateways.json_shapes import objects

_MOST, _BAD_REQUEST = 100, 400
_NO_WORD = Outcome(OutcomeKind.UNKNOWN, detail="the answer says nothing about this record")
_ALREADY = frozenset({_BAD_REQUEST, CONFLICT})


def set_values(api: HubspotApi, updates: Sequence[Update]) -> list[Outcome]:
    """See `CrmGateway.set_values`; a stage is emptied first, since HubSpot lets none move back."""
    emptied = [Update(each.record, {STAGE: ""}) for each in updates if each.values.get(STAGE)]
    first = dict(zip((each.record for each in emptied), _set(api, emptied), strict=True))
    kept = {record: one for record, one in first.items() if one.kind is not OutcomeKind.SENT}
    answers = iter(_set(api, [each for each in updates if each.record not in kept]))
    return [kept.get(each.record) or next(answers) for each in updates]


def _set(api: HubspotApi, updates: Sequence[Update]) -> list[Outcome]:
    found: list[Outcome] = []
    for some in _in_requests(updates):
        told = _told(api, some)
        found += [told.get(each.record, _NO_WORD) for each in some]
    return found


def _in_requests(updates: Sequence[Update]) -> Iterator[list[Update]]:
    """As many as one takes; a record that comes again begins the next one."""
    some: dict[str, Update] = {}
    for each in updates:
        if len(some) == _MOST or each.record in some:
            yield list(some.values())
            some = {}
        some[each.record] = each
    if some:
        yield list(some.values())


def _told(api: HubspotApi, some: Sequence[Update]) -> dict[str, Outcome]:
    path = f"{CRM}/objects/{CONTACTS}/batch/update"
    try:
        known = api.properties(CONTACTS, {name for each in some for name in each.values})
        body = as_inputs(update_input(each, known) for each in some)
        answer = api.answer("POST", path, body)
        if answer.status not in (OK, CREATED, MANY):
            return dict.fromkeys(
                (each.record for each in some), refusal(answer, api.now(), api.zone)
            )
        return _record_outcomes(some, answer)
    except (NoToken, Refused) as none:
        return dict.fromkeys((each.record for each in some), none.outcome)
    except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
        outcome = Outcome(OutcomeKind.UNKNOWN, code=type(error).__name__)
        return dict.fromkeys((each.record for each in some), outcome)


def _record_outcomes(some: Sequence[Update], answer: Answer) -> dict[str, Outcome]:
    names = {each.record: list(each.values) for each in some}
    found: dict[str, Outcome] = {}
    for trace, told, is_error in traced(answer.content() if answer.is_whole else {}):
        record = trace or str(told.get("id", ""))
        if record not in names:
            continue
        sent = Outcome(OutcomeKind.SENT, str(answer.status), ref=record)
        found[record] = error_of(told, names[record]) if is_error else sent
    return found


def unsubscribe(api: HubspotApi, record: Record) -> Outcome:
    """Takes the address out of all email of the portal; never raises.

    HubSpot takes the address in the URL only; nothing of ours logs it.
    """
    if not record.email:
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail="the contact has no address there")
    address = quote(record.email, safe="")
    path = f"/communication-preferences/v4/statuses/{address}/unsubscribe-all?channel=EMAIL"
    try:
        answer = api.answer("POST", path)
        if answer.status == OK or (answer.status in _ALREADY and _is_out(api, path)):
            return Outcome(OutcomeKind.SENT, str(answer.status), ref=record.id)
        return refusal(answer, api.now(), api.zone)
    except (NoToken, Refused) as none:
        return none.outcome
    except (httpx.HTTPError, TypeError) as error:
        return Outcome(OutcomeKind.UNKNOWN, code=type(error).__name__)


def _is_out(api: HubspotApi, path: str) -> bool:
    """Who isn't has no results."""
    found = objects(content_of(api.answer("GET", path), api.now(), api.zone).get("results"))
    return any(each.get("status") == "UNSUBSCRIBED" for each in found)
