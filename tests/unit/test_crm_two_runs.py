"""Two runs at the same time change a contact one after the other: each is judged by what is there then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from aicmo.database import Database
from aicmo.gateways.contract import LivePermit, Outgoing, Staged
from tests.peers.desk_crm import DeskCrm, DeskGateway, opening
from tests.unit.crm_projects import change
from tests.unit.crm_runs import ready, run, states
from tests.unit.effect_runs import clocked


class Interrupted(DeskGateway):
    """meanwhile: what happens, once, when it has read and judged the first contacts."""

    meanwhile: Callable[[], object] | None = None

    def stage_batch(self, drafts: Sequence[Outgoing]) -> dict[int, Staged]:
        staged, then = super().stage_batch(drafts), self.meanwhile
        self.meanwhile = None
        if then:
            then()
        return staged


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def ledger(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    with clocked(request.getfixturevalue(request.param), tmp_path, monkeypatch) as found:
        yield found


def test_no_stage_moves_back_as_two_runs_change_a_contact(ledger: Database) -> None:
    """The first one has read that the contacts are leads, when the second one begins."""
    with DeskCrm() as crm:

        def open_gateway(permit: LivePermit) -> Interrupted:
            gateway = Interrupted(permit, crm.base_url, DeskGateway.name)
            gateway.meanwhile = lambda: run(ledger, opening(crm))
            return gateway

        people = [
            crm.add({"email": f"person{number}@example.com", "lifecyclestage": "lead"})
            for number in (1, 2)
        ]
        first = change("crm-1", "set_stage", stage="opportunity")
        ready(ledger, first, change("crm-2", "set_stage", stage="customer"))
        run(ledger, open_gateway)
    assert [each.values["lifecyclestage"] for each in people] == ["customer", "customer"]
    assert states(ledger) == ["sent"] * 4
