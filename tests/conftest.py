"""What every test stands on: a clean environment, an empty folder, both databases."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from aicmo.database import Database
from tests.peers.bluesky_server import BlueskyServer, running_bluesky
from tests.peers.bottle_crm import BottleCrm, running_bottle
from tests.peers.mail_servers import MailServers, running_mail_servers
from tests.peers.postgres_server import new_database, running_postgres
from tests.peers.snac_server import SnacServer, running_snac

KEY = b"a-test-key-of-more-than-32-characters"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("EXECUTION_", "AICMO_")) and not name.startswith("AICMO_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    database.dispose()
    return file


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    url = new_database(postgres_server)
    database = Database(url)
    database.upgrade()
    database.dispose()
    return url


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailServers]:
    with running_mail_servers() as servers:
        yield servers


@pytest.fixture(scope="session")
def bluesky_server() -> Iterator[BlueskyServer]:
    with running_bluesky() as server:
        yield server


@pytest.fixture(scope="session")
def snac_server() -> Iterator[SnacServer]:
    with running_snac() as server:
        yield server


@pytest.fixture(scope="session")
def bottle_crm(postgres_server: str) -> Iterator[BottleCrm]:
    with running_bottle(postgres_server) as crm:
        yield crm


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    file = tmp_path / "aicmo.db"
    shutil.copy(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(postgres_template: str, postgres_server: str) -> Iterator[str]:
    template = make_url(postgres_template).database
    copy = f"{template}_{os.urandom(4).hex()}"
    plain = make_url(postgres_server).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{template}"')
        yield make_url(postgres_template).set(database=copy).render_as_string(hide_password=False)
        server.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')


@pytest.fixture(params=["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.peer)])
def database_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()
