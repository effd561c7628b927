"""What is written for one CRM is sent to no other, and a log-in to read by is of the same account."""

from __future__ import annotations

from typing import Any

import pytest

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount, FixInput
from aicmo.execution.account_pinning import Pin, pin_account, remove_account
from aicmo.execution.accounts import open_crm_reader, open_gateway_of
from aicmo.gateways.account_gateway import Profile
from aicmo.gateways.login import Login
from aicmo.models import Account, Contact, CrmOptOut, CrmSchema
from tests.conftest import KEY
from tests.unit.crm_projects import change, import_crm

IDENTITY = "7001"
LOGIN = Login(access_token="token", server="https://crm.client.test")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())


def pin(provider: str = "hubspot", identity: str = IDENTITY, *, is_read_only: bool = False) -> Pin:
    profile = Profile(identity, "Acme")
    return Pin("studio", Channel.CRM, profile, LOGIN, provider=provider, is_read_only=is_read_only)


def test_the_crm_that_the_document_names_is_the_one_that_is_pinned(database: Database) -> None:
    import_crm(database, change())
    with pytest.raises(FixInput, match=r"document says crm\.provider: hubspot") as refused:
        pin_account(database, pin("salesforce"), KEY, by="Ann", replace=True)
    assert "`aicmo accounts add studio hubspot`" in refused.value.next_step
    pin_account(database, pin(), KEY, by="Ann")


@pytest.mark.parametrize("open_", [open_crm_reader, lambda *of: open_gateway_of(*of, "crm")])
def test_a_document_for_another_crm_opens_none(database: Database, open_: Any) -> None:
    import_crm(database, change())
    pin_account(database, pin(), KEY, by="Ann")
    import_crm(database, change(), provider="salesforce")
    with pytest.raises(
        FixAccount, match="salesforce, but its CRM account is of HubSpot"
    ) as refused:
        open_(database, "studio")
    assert "`aicmo accounts add studio salesforce --replace`" in refused.value.next_step


def test_a_block_of_another_crm_is_never_opened(database: Database) -> None:
    import_crm(database, change())
    pin_account(database, pin(), KEY, by="Ann")
    with pytest.raises(FixAccount, match="The block is of BottleCRM, but studio's CRM account"):
        open_gateway_of(database, "studio", "crm", LOGIN, "bottlecrm")


def test_without_an_account_the_planned_crm_is_named(database: Database) -> None:
    import_crm(database, change())
    with pytest.raises(FixAccount, match="studio has no CRM account") as refused:
        open_crm_reader(database, "studio")
    assert "`aicmo accounts add studio hubspot`" in refused.value.next_step


def test_the_same_id_at_another_crm_is_another_account(database: Database) -> None:
    import_crm(database, change())
    pin_account(database, pin(), KEY, by="Ann")
    import_crm(database, change(), provider="salesforce")
    with pytest.raises(FixInput, match="studio's CRM is Acme at HubSpot"):
        pin_account(database, pin("salesforce"), KEY, by="Ann")


def test_what_was_read_of_a_former_crm_is_forgotten(database: Database) -> None:
    import_crm(database, change())
    pin_account(database, pin(), KEY, by="Ann")
    pin_account(database, pin(is_read_only=True), KEY, by="Ann")
    note_schema(database)

    pin_account(database, pin(), KEY, by="Ann")
    assert counted(database) == (2, 1)  # logged in anew as the same

    with pytest.raises(FixInput, match=r"\(7002, not 7001\)"):
        pin_account(database, pin(identity="7002", is_read_only=True), KEY, by="Ann")
    pin_account(database, pin(identity="7002"), KEY, by="Ann", replace=True)
    assert counted(database) == (1, 0)

    note_schema(database)
    remove_account(database, "studio", Channel.CRM, by="Ann")
    assert counted(database) == (0, 0)


def test_another_crm_has_not_been_told_of_anybody(database: Database) -> None:
    import_crm(database, change())
    pin_account(database, pin(), KEY, by="Ann")
    with database.write() as session:
        for each in session.query(Contact):
            session.add(CrmOptOut(contact_id=each.id, direction="write", at=database.time()))
    pin_account(database, pin(), KEY, by="Ann")
    assert told_of(database) == 2  # logged in anew as the same
    pin_account(database, pin(identity="7002"), KEY, by="Ann", replace=True)
    assert told_of(database) == 0


def told_of(database: Database) -> int:
    with database.read() as session:
        return session.query(CrmOptOut).count()


def note_schema(database: Database) -> None:
    with database.write() as session:
        account = session.query(Account).filter_by(channel="crm", handle="").one()
        session.add(CrmSchema(account_id=account.id, content="{}", read_at=database.time()))


def counted(database: Database) -> tuple[int, int]:
    """How many accounts are pinned, and how many schemas are kept."""
    with database.read() as session:
        pinned = session.query(Account).filter(Account.identity != "").count()
        return pinned, session.query(CrmSchema).count()
