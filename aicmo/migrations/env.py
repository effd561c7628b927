"""Alembic's entry: runs the migrations on the URL that `Database.upgrade` hands over."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, event

from aicmo.models import Table


def _take_over(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


engine = create_engine(context.config.attributes["url"])
if engine.dialect.name == "sqlite":
    # The driver commits before every DDL statement: a migration that is cut off would stay half done.
    event.listen(engine, "connect", _take_over)
    event.listen(engine, "begin", _begin)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
        user_module_prefix="",
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
