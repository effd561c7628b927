"""The last question before the byte that commits: is it still allowed? And the record that it began."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Select, literal_column, or_, select
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, OperationalError

from aicmo.database import Database
from aicmo.execution import guards
from aicmo.execution.journal import Journal
from aicmo.execution.project import ProjectPlan
from aicmo.gateways.contract import Outgoing
from aicmo.models import Pause

_THESE = "these_deliveries"


class Permission(AbstractContextManager["Permission"]):
    """Answers `StillAllowed` for one channel of one project; everything it allowed has begun.

    It reads what is committed at that moment, on a connection of its own: a pause or an opt-out on
    any machine stops the next message. What can't be asked or recorded isn't allowed.

    begun: deliveries that got their last permission. refused: those that didn't, and why.
    stopped_by: why nothing more may go out, whichever delivery is asked about.
    """

    def __init__(
        self, database: Database, journal: Journal, plan: ProjectPlan, channel: str
    ) -> None:
        self._database, self._journal = database, journal
        dialect = database.engine.dialect
        self._switches = _switches(dialect, plan.project_id, channel)
        self._last_words = _last_words(dialect, plan.version)
        # The driver itself: through SQLAlchemy the questions would cost as much as all the rest.
        self._driver_error: type[Exception] = dialect.loaded_dbapi.Error
        self._is_sqlite = dialect.name == "sqlite"
        self._connection: Connection | None = None
        self._cursor: DBAPICursor | None = None
        self.begun: set[int] = set()
        self.refused: dict[int, str] = {}
        self.stopped_by: str = ""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def _give_back(self) -> None:
        """A connection that broke isn't used again, by nobody."""
        if self._connection is not None:
            self._connection.invalidate()
        self._connection = self._cursor = None

    def __call__(self, group: Sequence[Outgoing]) -> list[Outgoing]:
        ids = [each.delivery_id for each in group]
        try:
            refused = self._objections(ids)
            allowed = [each for each in ids if each not in refused]
            if allowed:
                self._journal.begin(*allowed)
        except DBAPIError:
            refused = self._stop(ids, "the database doesn't answer")
        except OSError as error:
            refused = self._stop(ids, f"the journal can't be written: {error}")
        self.refused.update(refused)
        may_go = [each for each in group if each.delivery_id not in refused]
        self.begun.update(each.delivery_id for each in may_go)
        return may_go

    def _stop(self, ids: Sequence[int], reason: str) -> dict[int, str]:
        self.stopped_by = reason
        return dict.fromkeys(ids, reason)

    def settled(self) -> None:
        """What was asked about so far is in the database."""
        self.begun.clear()
        self.refused.clear()

    def is_paused(self) -> bool:
        """Whether a switch is set now.

        Raises:
            DBAPIError: the database doesn't answer.
        """
        return bool(self._ask(self._switches))

    def _objections(self, ids: Sequence[int]) -> dict[int, str]:
        found = dict.fromkeys(ids, "it is no longer in the ledger")
        for delivery_id, verdict in self._ask(self._last_words, self._values(ids)):
            found[delivery_id] = guards.read_verdict(verdict).reason
        for reason in (guards.PAUSED, guards.PLAN_CHANGED):
            if reason in found.values():
                self.stopped_by = reason
        return {each: reason for each, reason in found.items() if reason}

    def _values(self, ids: Sequence[int]) -> dict[str, Any]:
        return {"ids": json.dumps(list(ids)) if self._is_sqlite else list(ids)}

    def _ask(self, question: str, values: dict[str, Any] | None = None) -> Sequence[Any]:
        if self._cursor is None:
            self._connection = self._database.watch()
            self._cursor = self._connection.connection.cursor()
        try:
            self._cursor.execute(question, values or {})
            return self._cursor.fetchall()
        except self._driver_error as error:
            self._give_back()
            raise OperationalError("the last question", values, error) from error


def _switches(dialect: Dialect, project_id: str, channel: str) -> str:
    query = select(Pause.id).where(
        or_(Pause.project_id == "", Pause.project_id == project_id),
        or_(Pause.channel == "", Pause.channel == channel),
    )
    return _compiled(query.limit(1), dialect)


def _last_words(dialect: Dialect, plan_version: int) -> str:
    question = guards.last_words(plan_version).where(literal_column(_THESE))
    among = (
        "delivery.id IN (SELECT value FROM json_each(:ids))"
        if dialect.name == "sqlite"
        else "delivery.id = ANY(%(ids)s)"
    )
    return _compiled(question, dialect).replace(_THESE, among)


def _compiled(question: Select[Any], dialect: Dialect) -> str:
    """As the driver takes it, once for all messages."""
    return str(question.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
