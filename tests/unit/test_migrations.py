"""A database of an earlier version keeps every row, and what its people said still holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Engine, MetaData, Table, insert, select

from aicmo.database import Database
from aicmo.models import AccountSecret, Delivery
from tests.peers.postgres_server import new_database
from tests.unit.test_database import migrate

AT = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
ROWS: dict[str, list[dict[str, Any]]] = {
    "installation": [{"id": 1, "secret_key_check": "k", "uid": "u"}],
    "project": [{"id": each, "plan_version": 1} for each in ("spring", "autumn")],
    "account": [
        {"id": 1, "project_id": "spring", "channel": "email", "handle": "a@client.test"},
        {"id": 2, "project_id": "spring", "channel": "crm", "handle": ""},
    ],
    "contact": [
        {"id": 1, "key": "ana", "mailbox": "ana@home.test", "address_hmac": "h-ana",
         "details": {"name": "Ana", "timezone": "America/New_York"}},
        {"id": 2, "key": "bo", "mailbox": "bo@home.test", "address_hmac": "h-bo",
         "details": {"name": "Bo", "timezone": None}},
        {"id": 3, "key": "cy", "details": {}},
    ],
    "item": [
        {"id": 1, "key": "hello", "channel": "email", "account_id": 1},
        {"id": 2, "key": "note", "channel": "crm", "account_id": 2},
    ],
    "run": [{"id": 1}, {"id": 2, "finished_at": AT}],
    "delivery": [
        {"id": 1, "item_id": 1, "account_id": 1, "contact_id": 1, "recipient": "ana@home.test"},
        {"id": 2, "item_id": 1, "account_id": 1, "contact_id": 2, "recipient": "bo@home.test"},
        {"id": 3, "item_id": 2, "account_id": 2, "contact_id": 1, "recipient": "ana"},
    ],
    "attempt": [
        {"id": 1, "delivery_id": 1, "account_id": 1, "number": 1},
        {"id": 2, "delivery_id": 1, "account_id": 1, "number": 2},
        {"id": 3, "delivery_id": 3, "account_id": 2, "number": 1},
    ],
    "suppression": [
        {"id": 1, "project_id": "", "client": "", "address_hmac": "h-all", "reason": "unsubscribed"},
        {"id": 2, "project_id": "spring", "client": "spring", "address_hmac": "h-bo",
         "reason": "unsubscribed"},
        {"id": 3, "project_id": "autumn", "client": "autumn", "address_hmac": "h-bo",
         "reason": "hard bounced"},
    ],
}  # fmt: skip
"""Only what matters here; all other columns are filled by their type."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.peer)])
def open_old(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Opens a database of an earlier version, with rows in each of its tables."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("postgres_server"))
    database = Database(url)

    def open_at(version: str) -> Database:
        migrate(url, version)
        fill(database.engine)
        return database

    yield open_at
    database.dispose()


def test_accounts_of_0005_stay_logged_in(open_old: Callable[[str], Database]) -> None:
    database = open_old("0005")
    before = contents(database.engine)["account_secret"]

    database.upgrade()

    after = contents(database.engine)["account_secret"]
    assert len(before) == 1
    assert after == [row | {"is_proven": True} for row in before]
    with database.write() as session:  # a second one may stand beside it
        row = session.scalars(select(AccountSecret)).one()
        session.add(
            AccountSecret(
                account_id=row.account_id, source="of a block", is_proven=False, sealed=b"",
                refreshed_at=AT,
            )
        )  # fmt: skip


def test_a_database_of_0004_loses_nothing_and_knows_no_posts(
    open_old: Callable[[str], Database],
) -> None:
    old_database = open_old("0004")
    before = contents(old_database.engine)

    old_database.upgrade()

    after = contents(old_database.engine)
    for name, rows in before.items():
        if name != "alembic_version":
            assert rows, name
            assert [{column: row[column] for column in rows[0]} for row in after[name]] == rows
    assert {row["part"] for row in after["delivery"]} == {1}
    assert {(row["identity"], row["checked_at"]) for row in after["account"]} == {("", None)}
    assert not [name for name in ("account_secret", "post_media", "recall") if after[name]]
    with old_database.read() as session:
        assert [each.staged for each in session.scalars(select(Delivery))] == [{}, {}, {}]


def test_a_database_of_0002_loses_nothing(open_old: Callable[[str], Database]) -> None:
    old_database = open_old("0002")
    before = contents(old_database.engine)
    assert all(before[name] for name in before if name != "alembic_version")

    old_database.upgrade()

    after = contents(old_database.engine)
    for name, rows in before.items():
        if name not in ("alembic_version", "suppression", "run"):
            kept = [{column: row[column] for column in rows[0]} for row in after[name]]
            assert kept == rows, name
    left = {(row["client"], row["address_hmac"], row["reason"]) for row in after["suppression"]}
    assert left == {
        (row["project_id"], row["address_hmac"], row["reason"]) for row in before["suppression"]
    }
    assert {row["id"]: row["client"] for row in after["project"]} == {
        "spring": "spring", "autumn": "autumn",
    }  # fmt: skip
    zones = {row["key"]: row["timezone"] for row in after["contact"]}
    assert zones == {"ana": "America/New_York", "bo": "", "cy": ""}
    assert {row["id"]: row["address_hmac"] for row in after["attempt"]} == {
        1: "h-ana", 2: "h-ana", 3: "",
    }  # fmt: skip
    assert {row["late"] for row in after["item"]} == {"hold"}


def fill(engine: Engine) -> None:
    schema = MetaData()
    schema.reflect(engine)
    with engine.begin() as connection:
        for table in schema.sorted_tables:
            if table.name != "alembic_version":
                for row in ROWS.get(table.name, [{}]):
                    connection.execute(insert(table).values(filled(table, row)))


def filled(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row with a value for whatever can't be null; of a project's tables, of `spring`."""
    values = {"project_id": "spring", "delivery_id": 1, "item_id": 1, "run_id": 1} | row
    missing = {
        column.name: _some(column.type)
        for column in table.columns
        if not column.nullable and column.name not in values and column.server_default is None
        and not (column.primary_key and column.autoincrement is True)
    }  # fmt: skip
    return missing | {name: value for name, value in values.items() if name in table.columns}


def _some(kind: Any) -> Any:
    if isinstance(kind, JSON):
        return {}
    python = kind.python_type
    return AT if python is datetime else b"\0" * 32 if python is bytes else python(1)


def contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    schema = MetaData()
    schema.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(
                    select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in schema.sorted_tables
        }
