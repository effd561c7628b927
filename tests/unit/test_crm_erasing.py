"""Who is erased while a run changes their contact: nothing more is sent of them, and nothing is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from aicmo.execution import erasing
from aicmo.execution.erasing import Person
from aicmo.gateways.contract import OpenGateway, Outgoing
from aicmo.gateways.crm_gateway import Request
from aicmo.models import Delivery
from tests.conftest import KEY
from tests.peers.desk_crm import DeskCrm, DeskGateway, opening
from tests.peers.http_exchange import Fault
from tests.peers.routes import Call, Reply
from tests.unit.crm_projects import change
from tests.unit.crm_runs import ready, run, states
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked

LOST = Fault(applies=True, then="close")
WISH = change("crm-1", "set_properties", properties={"first_name": "Annie"})


class AskedCrm(DeskCrm):
    """meanwhile: what happens while it looks somebody up."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def find_people(self, call: Call) -> Reply:
        self.meanwhile()
        return super().find_people(call)


@pytest.fixture
def ledger(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def crm(ledger: ClockedDatabase) -> Iterator[AskedCrm]:
    with AskedCrm() as peer:
        for number in (1, 2):
            peer.add({"email": f"person{number}@example.com", "firstname": f"Hers {number}"})
        ready(ledger, WISH)
        yield peer


def erase(ledger: ClockedDatabase) -> None:
    erasing.erase(ledger, Person("studio", contact="c1"), KEY, by="Ann")


def names(crm: DeskCrm) -> list[str]:
    return [each.values["firstname"] for each in crm.contacts.values()]


def kept(ledger: ClockedDatabase) -> list[bool]:
    """Of each delivery, whether something of its contact is kept with it."""
    with ledger.read() as session:
        return [
            each != {} for each in session.scalars(select(Delivery.staged).order_by(Delivery.id))
        ]


def test_who_is_erased_while_the_crm_is_asked_is_neither_changed_nor_kept(
    ledger: ClockedDatabase, crm: AskedCrm
) -> None:
    crm.meanwhile = lambda: erase(ledger)
    run(ledger, opening(crm))
    assert names(crm) == ["Hers 1", "Annie"]
    assert kept(ledger) == [False, True]
    run(ledger, opening(crm))
    assert states(ledger) == ["skipped", "sent"]


def test_who_is_erased_before_the_request_is_not_in_it(
    ledger: ClockedDatabase, crm: AskedCrm
) -> None:
    class Erasing(DeskGateway):
        def _request(self, kind: str, group: Sequence[Outgoing]) -> Request:
            erase(ledger)
            return super()._request(kind, group)

    open_gateway: OpenGateway = lambda permit: Erasing(permit, crm.base_url, DeskGateway.name)  # noqa: E731
    run(ledger, open_gateway)
    assert names(crm) == ["Hers 1", "Annie"]


def test_of_a_doubt_about_who_was_erased_nothing_is_read_again(
    ledger: ClockedDatabase, crm: AskedCrm
) -> None:
    crm.faults[1] = LOST
    run(ledger, opening(crm))
    erase(ledger)
    ledger.at += timedelta(minutes=2)
    run(ledger, opening(crm))
    assert kept(ledger) == [False, True]
    assert states(ledger) == ["pending", "sent"]
