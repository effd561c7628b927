"""The last question before the byte that commits: is it still allowed? And the record that it began."""

from __future__ import annotations

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
from aicmo.models import Delivery, Pause

_THIS = "this_delivery"


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

    def __call__(self, outgoing: Outgoing) -> bool:
        try:
            objection = self._objection(outgoing.delivery_id)
            if not objection:
                self._journal.begin(outgoing.delivery_id)
        except DBAPIError:
            objection = self.stopped_by = "the database doesn't answer"
        except OSError as error:
            objection = self.stopped_by = f"the journal can't be written: {error}"
        if objection:
            self.refused[outgoing.delivery_id] = objection
            return False
        self.begun.add(outgoing.delivery_id)
        return True

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

    def _objection(self, delivery_id: int) -> str:
        answers = self._ask(self._last_words, {"delivery_id": delivery_id})
        if not answers:
            return "it is no longer in the ledger"
        reason = guards.read_verdict(answers[0][0]).reason
        if reason in (guards.PAUSED, guards.PLAN_CHANGED):
            self.stopped_by = reason
        return reason

    def _ask(self, question: str, values: dict[str, int] | None = None) -> Sequence[Any]:
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
    question = guards.last_words(plan_version).where(Delivery.id == literal_column(_THIS))
    parameter = ":delivery_id" if dialect.name == "sqlite" else "%(delivery_id)s"
    return _compiled(question, dialect).replace(_THIS, parameter)


def _compiled(question: Select[Any], dialect: Dialect) -> str:
    """As the driver takes it, once for all messages."""
    return str(question.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
