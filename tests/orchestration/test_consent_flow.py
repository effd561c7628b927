"""The consent flow through a real Prefect server: it takes over, tells only with every key, shows no address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.execution.account_pinning import Pin, pin_account
from aicmo.execution.contacts import suppress
from aicmo.execution.crm_consent import ConsentRead
from aicmo.execution.crm_consent_sync import ConsentSynced
from aicmo.execution.crm_opt_outs import ConsentTold
from aicmo.gateways.account_gateway import Profile
from aicmo.gateways.login import Login
from flows.outcomes import consent_outcome
from flows.sync_consent import sync_consent
from tasks.consent import ProjectConsent, consent_page
from tests.conftest import KEY
from tests.orchestration.flow_runs import page
from tests.peers.hubspot_peer import HubspotPeer
from tests.peers.routed_peer import KEY as TOKEN
from tests.projects import NOW, contact, email, imported
from tests.unit.crm_projects import change, import_crm
from tests.unit.departures import hmac_of, suppressions

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]
OPT_OUT = "hs_email_optout"


@pytest.fixture
def portal(ledger: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubspotPeer]:
    """Person 1 left here, person 2 in the CRM."""
    monkeypatch.setenv("EXECUTION_CHANNELS", "email,crm")
    with HubspotPeer(identity="7001") as peer:
        peer.add({"email": "person1@example.com"})
        peer.add({"email": "person2@example.com", OPT_OUT: "true"})
        import_crm(ledger, email(), change(), contacts=[contact(1), contact(2)], consent="both")
        login = Login(access_token=TOKEN, obtained_at=datetime.now(UTC), api_url=peer.base_url)
        pin = Pin("studio", Channel.CRM, Profile("7001", name="Studio"), login, provider="hubspot")
        pin_account(ledger, pin, KEY, by="Ann")
        with ledger.write() as session:
            suppress(session, "studio", hmac_of(1), "unsubscribed", NOW)
        yield peer


def test_it_takes_over_what_the_crm_says_and_tells_it_nothing_as_it_stands(
    ledger: Database, portal: HubspotPeer
) -> None:
    state = sync_consent(return_state=True)
    enabled = sync_consent("studio", enabled=True, return_state=True)

    assert (state.is_completed(), state.name) == (True, "Synchronised")
    assert state.message == ("1 left in the CRM, suppressed now; 1 left here, not told to the CRM.")
    assert enabled.message == "1 left here, not told to the CRM."
    assert ("studio", hmac_of(2), "unsubscribed in the CRM") in suppressions(ledger)
    assert portal.out == set()
    assert "| studio | 0 | 0 | 1 | 0 |" in page("consent")
    assert "@" not in page("consent")


def test_with_every_key_the_crm_is_told(ledger: Database, portal: HubspotPeer) -> None:
    state = sync_consent(enabled=True, dry_run=False, return_state=True)
    again = sync_consent(enabled=True, dry_run=False, return_state=True)

    assert state.message == "1 left in the CRM, suppressed now; 1 left here, the CRM knows."
    assert again.message == "Nobody has left."
    assert portal.out == {"person1@example.com"}


def test_the_environment_has_the_last_word(
    portal: HubspotPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_ENABLED", "false")

    state = sync_consent(enabled=True, dry_run=False, return_state=True)

    assert state.message == ("1 left in the CRM, suppressed now; 1 left here, not told to the CRM.")
    assert portal.out == set()


def test_a_crm_that_can_not_be_read_needs_attention_and_leaves_the_others(
    ledger: Database, portal: HubspotPeer
) -> None:
    imported(ledger, id="another", client="another")
    portal.identity = "7002"

    state = sync_consent(return_state=True)
    one = sync_consent("another", return_state=True)

    assert (state.name, one.name) == ("Needs attention", "Synchronised")
    assert "studio: " in str(state.message)
    assert "logged in as" in str(state.message)
    assert TOKEN not in str(state.message)
    assert [each for each in suppressions(ledger) if each[2] != "unsubscribed"] == []


@pytest.mark.usefixtures("ledger")
def test_without_such_a_project_nothing_is_wrong() -> None:
    state = sync_consent(return_state=True)

    assert (state.is_completed(), state.name) == (True, "No consent")


def test_a_person_is_asked_where_a_contact_can_not_be_told() -> None:
    refused = ConsentTold(("c1", "c2"), told=("c2",), refused=(("c1", "400 no such field"),))
    projects = [
        ProjectConsent("studio", ConsentSynced(ConsentRead(2, several=("c3",)), refused)),
        ProjectConsent("bakery", ConsentSynced(ConsentRead(2), ConsentTold())),
    ]

    outcome, shown = consent_outcome(projects), consent_page(projects)

    assert (outcome.succeeded, outcome.message) == (
        False, "2 to look at: `aicmo crm consent studio`",
    )  # fmt: skip
    assert "| studio | 0 | 1 | 0 | 2 |" in shown
    assert "c1: 400 no such field" in shown
    assert "c3: more than one contact of the CRM fits" in shown
