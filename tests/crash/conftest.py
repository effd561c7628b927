"""A state folder for each test, and a PostgreSQL that tests may crash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.durable_postgres import PostgresCluster, running_cluster


@pytest.fixture(autouse=True)
def own_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def only_cluster() -> Iterator[PostgresCluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(only_cluster: PostgresCluster) -> PostgresCluster:
    only_cluster.start_again()
    return only_cluster
