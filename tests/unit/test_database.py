"""The schema is what the models say, writes are durable, and a wrong URL says what to do."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from aicmo.database import Database, open_database
from aicmo.errors import FixConfiguration
from aicmo.models import Project, Table
from tests.projects import NOW


def test_the_migrations_make_exactly_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_sqlite_survives_a_power_cut_and_readers_do_not_block_writers(sqlite_url: str) -> None:
    with Database(sqlite_url).engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_two_writers_wait_for_each_other_instead_of_failing(database: Database) -> None:
    def add(number: int) -> None:
        with database.write() as session:
            known = len(session.scalars(select(Project)).all())
            session.add(
                Project(
                    id=f"p{number}", name=str(known), timezone="UTC", created_at=NOW,
                    plan_version=1,
                )
            )  # fmt: skip

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert len(session.scalars(select(Project)).all()) == 8


def test_a_naive_time_is_refused_and_an_aware_one_comes_back_in_utc(database: Database) -> None:
    def project(at: Any) -> Project:
        return Project(id="p", name="P", timezone="UTC", created_at=at, plan_version=1)

    with pytest.raises(StatementError, match="naive"), database.write() as session:
        session.add(project(datetime(2026, 3, 1)))  # noqa: DTZ001
    local = datetime.fromisoformat("2026-03-10T10:00:00-05:00")
    with database.write() as session:
        session.add(project(local))
    with database.read() as session:
        stored = session.get_one(Project, "p").created_at
    assert stored == local
    assert stored.isoformat() == "2026-03-10T15:00:00+00:00"


def test_a_missing_sqlite_file_is_made_whole(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/new/folder/aicmo.db")
    assert database.revision() == "0001"


def test_an_unknown_schema_is_refused_with_what_to_do(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(FixConfiguration, match="schema 0000") as caught:
        open_database(url)
    assert "aicmo init" in caught.value.next_step


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "can't be read"),
        ("mysql://u:canary@h/db", "doesn't support"),
        ("postgresql://u:canary@127.0.0.1:1/db", "doesn't answer"),
    ],
)
def test_a_url_that_can_not_work_is_refused_in_words(url: str, said: str) -> None:
    with pytest.raises(FixConfiguration, match=said) as caught:
        open_database(url)
    assert "canary" not in str(caught.value) + caught.value.next_step
