"""Asks a client's CRM about contacts: as the pinned account, some at a time, and with its failures in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from aicmo.crm.record import Found, Match
from aicmo.errors import FixAccount, FixInput, TryLater
from aicmo.gateways.contract import Gateway, Outcome, OutcomeKind
from aicmo.gateways.crm_gateway import CrmGateway
from aicmo.gateways.crm_staging import objection_to

AT_ONCE = 200
"""Contacts between two looks at the database; a gateway asks for as many at once as its CRM allows."""
T = TypeVar("T")


def some_at_a_time(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """`values` in lists of up to `size`."""
    waiting = iter(values)
    while some := list(islice(waiting, size)):
        yield some


def require_crm_gateway(gateway: Gateway) -> CrmGateway:
    """The gateway of the channel `crm`.

    Raises:
        FixInput: it is no CRM's.
    """
    if not isinstance(gateway, CrmGateway):
        raise FixInput(f"{gateway.name} is no CRM")
    return gateway


def require_account(gateway: CrmGateway, project_id: str) -> None:
    """The log-in is the pinned account's; nothing is paused if it isn't, as it only reads.

    Raises:
        FixAccount: it is another account's, or it is refused.
        TryLater: the CRM doesn't say.
    """
    objection = gateway.identify()
    if objection is not None:
        raise not_read(objection, project_id)


def find(
    gateway: CrmGateway, project_id: str, matches: Sequence[Match], names: Collection[str]
) -> list[Found]:
    """The contact of each match, as it is now.

    Raises:
        FixAccount: the log-in is refused.
        TryLater: the CRM doesn't answer, or has no time for us now.
    """
    try:
        return gateway.find(matches, names)
    except Exception as error:  # noqa: BLE001  (a reading: whatever went wrong, nothing was changed)
        raise not_read(objection_to(error), project_id) from None


def not_read(objection: Outcome, project_id: str) -> FixAccount | TryLater:
    """The error of a reading that came to nothing."""
    said = " ".join(part for part in (objection.code, objection.detail) if part)
    if objection.kind is OutcomeKind.REFUSED_ACCOUNT:
        return FixAccount(
            f"The CRM of {project_id} can't be read: {said}",
            next_step=f"`aicmo accounts check {project_id}` shows who is logged in; put it right.",
        )
    return TryLater(
        f"The CRM of {project_id} can't be read: {said or 'no reason given'}",
        next_step="Run it again later: nothing was changed.",
    )
