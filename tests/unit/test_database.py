"""The schema is what the models say, writes are durable, and a wrong URL says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import StatementError

from aicmo.database import Database, open_database
from aicmo.errors import FixConfiguration
from aicmo.models import Project, Table
from tests.peers.postgres_server import new_database
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
                    id=f"p{number}", client="p", name=str(known), timezone="UTC", created_at=NOW,
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
        return Project(id="p", client="p", name="P", timezone="UTC", created_at=at, plan_version=1)

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
    assert database.revision() == "0006"


def test_a_missing_sqlite_file_is_refused_where_none_may_be_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "aicmo.db"
    with pytest.raises(FixConfiguration, match=f"no AICMO database at {file}") as caught:
        open_database(f"sqlite:///{file}", create=False)
    assert "aicmo init" in caught.value.next_step
    assert list(tmp_path.iterdir()) == []
    open_database(f"sqlite:///{file}")
    assert open_database(f"sqlite:///{file}", create=False).revision() == "0006"


@pytest.mark.peer
def test_postgres_is_another_name_of_postgresql_and_an_empty_one_wants_init(
    postgres_server: str,
) -> None:
    empty = make_url(new_database(postgres_server)).set(drivername="postgres")
    url = empty.render_as_string(hide_password=False)
    with pytest.raises(FixConfiguration, match=r"^The database is empty$") as caught:
        open_database(url)
    assert caught.value.next_step == "Run `aicmo init` once."
    Database(url).upgrade()
    assert open_database(url).revision() == "0006"


def test_a_new_sqlite_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database = open_database(f"sqlite:///{tmp_path}/new/aicmo.db")
        with database.write() as session:
            session.execute(text("SELECT 1"))
            files = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.rglob("*")}
    finally:
        os.umask(before)
    assert files.pop("new") == 0o700
    assert "aicmo.db" in files
    assert set(files.values()) == {0o600}


def test_programs_that_start_at_once_in_an_empty_folder_share_one_database(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from alembic import command\n"
        "from sqlalchemy import text\n"
        "from aicmo.database import open_database\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
        "database = open_database('sqlite:///new/aicmo.db')\n"
        "with database.write() as session:\n"
        "    session.execute(text(\"INSERT INTO installation (secret_key_check) VALUES ('x')\"))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.close()
    said = [process.stderr.read() for process in started]
    assert [process.wait() for process in started] == [0] * 4, said
    with Database(f"sqlite:///{tmp_path}/new/aicmo.db").read() as session:
        assert session.scalar(text("SELECT count(*) FROM installation")) == 4
    assert [file.name for file in (tmp_path / "new").iterdir() if file.is_dir()] == []


def test_a_folder_that_can_not_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FixConfiguration, match="The database file can't be opened: ") as caught:
        open_database(f"sqlite:///{tmp_path}/file/aicmo.db")
    assert "server" not in caught.value.next_step


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


def test_a_reader_sees_one_state_of_the_books(database: Database) -> None:
    def add(name: str) -> None:
        with database.write() as session:
            session.add(
                Project(
                    id=name,
                    client=name,
                    name=name,
                    timezone="UTC",
                    created_at=NOW,
                    plan_version=1,
                )
            )

    add("first")
    with database.read() as reader:
        assert reader.scalars(select(Project.id)).all() == ["first"]
        add("second")
        assert reader.scalars(select(Project.id)).all() == ["first"]


@pytest.mark.parametrize("statements", [1, 4, 9, 14])
def test_a_migration_that_is_cut_off_can_be_done_again(tmp_path: Path, statements: int) -> None:
    url = f"sqlite:///{tmp_path / 'aicmo.db'}"
    migrate(url, "0001")
    script = (
        "import os, sys; from sqlalchemy import event; from sqlalchemy.engine import Engine\n"
        "from aicmo.database import Database\n"
        "left = [int(sys.argv[2])]\n"
        "def count(connection, cursor, statement, *_):\n"
        "    if statement.startswith(('ALTER', 'CREATE', 'UPDATE', 'INSERT', 'DROP')):\n"
        "        left[0] -= 1\n"
        "        left[0] or os._exit(9)\n"
        "event.listen(Engine, 'after_cursor_execute', count)\n"
        "Database(sys.argv[1]).upgrade()\n"
    )
    cut = subprocess.run([sys.executable, "-c", script, url, str(statements)], check=False)
    assert cut.returncode == 9
    database = Database(url)
    database.upgrade()
    assert open_database(url).revision() == "0006"
    database.dispose()


def migrate(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "aicmo:migrations")
    config.attributes["url"] = make_url(url)
    command.upgrade(config, revision)
