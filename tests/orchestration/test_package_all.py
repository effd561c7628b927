"""The flow that packages every project, through a real Prefect server."""

from __future__ import annotations

from pathlib import Path

import pytest

from aicmo.database import Database
from aicmo.delivery.handover import SOURCE
from aicmo.execution.importing import import_document
from flows.package_all import package_all
from tests import projects
from tests.conftest import KEY

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def test_every_project_is_packaged_but_not_what_carries_its_messages(ledger: Database) -> None:
    projects.imported(ledger)
    companion = projects.document(id="studio-handover")
    import_document(ledger, companion, source=SOURCE, actor="tester", secret_key=KEY)

    state = package_all(return_state=True)

    assert (state.name, state.message) == ("Delivered", "1 project packaged.")
    assert list(Path(".aicmo/packages/studio").glob("*/strategy.pdf"))


def test_a_project_that_goes_wrong_leaves_the_others(ledger: Database) -> None:
    projects.imported(ledger)

    state = package_all(["nobody", "studio"], return_state=True)

    assert (state.is_failed(), state.name) == (True, "Needs attention")
    assert state.message == "1 packaged, 1 went wrong: nobody: Project nobody not found"
    assert list(Path(".aicmo/packages/studio").glob("*/strategy.pdf"))
