"""The last question before the byte that commits: is it still allowed? And the record that it began."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from sqlalchemy import Connection, or_, select
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from aicmo.database import Database
from aicmo.execution.journal import Journal
from aicmo.gateways.contract import Outgoing
from aicmo.models import Pause

PAUSE = "a pause"
"""What `Permission.stopped_by` says when a person has set a switch."""


class Permission(AbstractContextManager["Permission"]):
    """Answers `StillAllowed` for one channel of one project; everything it allowed has begun.

    It reads what is committed at that moment, on a connection of its own: a pause on any machine
    stops the next message. What can't be asked or recorded isn't allowed.
    """

    def __init__(self, database: Database, journal: Journal, project_id: str, channel: str) -> None:
        self._database, self._journal = database, journal
        self._switches = _switches(database.engine.dialect, project_id, channel)
        # The driver itself: through SQLAlchemy the question would cost as much as all the rest.
        self._driver_error: type[Exception] = database.engine.dialect.loaded_dbapi.Error
        self._connection: Connection | None = None
        self._cursor: DBAPICursor | None = None
        self.begun: set[int] = set()
        self.stopped_by: str = ""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def __call__(self, outgoing: Outgoing) -> bool:
        try:
            if self.is_paused():
                self.stopped_by = PAUSE
                return False
            self._journal.begin(outgoing.delivery_id)
        except (DBAPIError, self._driver_error):
            self.stopped_by = "the database, which doesn't answer"
            return False
        except OSError as error:
            self.stopped_by = f"the journal, which can't be written: {error}"
            return False
        self.begun.add(outgoing.delivery_id)
        return True

    def is_paused(self) -> bool:
        """Whether a switch is set now.

        Raises:
            DBAPIError: the database can't be reached; the driver's own `Error` if it goes away.
        """
        if self._cursor is None:
            self._connection = self._database.watch()
            self._cursor = self._connection.connection.cursor()
        self._cursor.execute(self._switches)
        return bool(self._cursor.fetchall())


def _switches(dialect: Dialect, project_id: str, channel: str) -> str:
    """Compiled once, with its values: it is asked for every message."""
    query = select(Pause.id).where(
        or_(Pause.project_id == "", Pause.project_id == project_id),
        or_(Pause.channel == "", Pause.channel == channel),
    )
    return str(query.limit(1).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
