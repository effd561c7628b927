"""The reconcile flow through a real Prefect server: it closes what it can, and calls for a person else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from aicmo.database import Database
from aicmo.gateways.capture import CaptureServer
from aicmo.models import Delivery, Run
from flows.reconcile_doubts import reconcile_doubts
from tasks.execution import fetch_plan
from tests import projects
from tests.orchestration.flow_runs import approved_project, page

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def in_doubt(ledger: Database, **changes: Any) -> None:
    """As if the worker had been lost with its journal, in the middle of all three."""
    with ledger.write() as session:
        session.execute(
            sa.update(Delivery).values(state="unknown", ambiguous=True, reason="lost", **changes)
        )


def test_reconciling_closes_nothing_that_only_a_person_can(
    ledger: Database, mailbox: CaptureServer
) -> None:
    approved_project(ledger)
    in_doubt(ledger)

    state = reconcile_doubts("studio", return_state=True)

    assert (state.is_failed(), state.name) == (True, "Needs attention")
    assert state.message == "3 in doubt in studio: `aicmo doubts studio`"
    assert "| studio | email | 3 |" in page("doubts")
    assert "| a person |" in page("doubts")
    assert mailbox.accepted == []


def test_reconciling_finds_runs_that_died(ledger: Database) -> None:
    projects.imported(ledger)
    started = fetch_plan.fn("studio", True, False, ["email"], None)
    with ledger.write() as session:
        long_ago = datetime.now(UTC) - timedelta(days=1)
        session.execute(sa.update(Run).values(alive_until=long_ago))

    first = reconcile_doubts(return_state=True)
    died = page("doubts")
    second = reconcile_doubts(return_state=True)

    assert (first.name, first.message) == ("Reconciled", "Runs that died are marked now.")
    assert f"- in the ledger: run {started.run_id}" in died
    assert (second.name, second.message) == ("No doubts", "Nothing is in doubt.")
    assert "1 project looked through. **Nothing is in doubt.**" in page("doubts")
