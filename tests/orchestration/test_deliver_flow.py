"""The handover flow through a real Prefect server: it prepares, sends nothing, and says what is next."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from aicmo.database import Database
from aicmo.delivery.package_overview import read_overview
from aicmo.models import Attempt
from aicmo.settings import get_settings
from aicmo.storage.opening import open_store
from flows.deliver_package import deliver_package
from tests.unit.shared_packages import stored_package

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]
ANNA = "Anna Berg <anna@client.example>"


@pytest.fixture
def ready(ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("AICMO_SERVE_URL", "https://mail.agency.example")
    stored_package(ledger, open_store(get_settings().packages_folder_or_url()), tmp_path)
    return ledger


def test_emails_are_prepared_and_wait_for_a_person(ready: Database) -> None:
    state = deliver_package("studio", [ANNA], return_state=True)

    assert (state.is_completed(), state.name) == (True, "Waits for approval")
    assert state.message == (
        "1 email for package 1 prepared. Nothing was sent: approve studio-handover."
    )
    with ready.read() as session:
        (link,) = read_overview(session, "studio", ready.now(session)).links
        assert session.scalars(select(Attempt)).all() == []
    assert (link.recipient, link.email) == ("Anna Berg", "waiting for approval")


def test_what_cannot_be_handed_over_needs_attention(ready: Database) -> None:
    nobody = deliver_package("studio", ["Anna Berg"], return_state=True)
    elsewhere = deliver_package("elsewhere", [ANNA], return_state=True)
    no_block = deliver_package("studio", [ANNA], deliverables_bucket="none", return_state=True)

    assert {each.name for each in (nobody, elsewhere, no_block)} == {"Needs attention"}
    assert "is not one person" in str(nobody.message)
    assert "no Deliverables Bucket block named none" in str(no_block.message)
    with ready.read() as session:
        assert read_overview(session, "studio", ready.now(session)).links == ()
