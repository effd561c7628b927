"""Every error the product raises on purpose, named by the reader's next move.

Each text is one sentence that says what is wrong, and `next_step` says what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aicmo.problems import Problem


class AicmoError(Exception):
    """The root: `str(error)` is the cause, `error.next_step` the remedy (may be empty)."""

    next_step = ""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        if next_step:
            self.next_step = next_step


class FixConfiguration(AicmoError):
    """A setting is missing or wrong; nothing was done."""


class InstallComponent(AicmoError):
    """A library or program that this step needs isn't on the machine."""


class NoSuchProject(AicmoError):
    """The project isn't in the database."""

    next_step = "`aicmo projects` lists the projects; `aicmo import FILE` adds one."

    def __init__(self, project_id: str) -> None:
        super().__init__(f"Project {project_id} not found")


class TryLater(AicmoError):
    """A service can't be reached; nothing is lost, and running again goes on."""


class FixAccount(AicmoError):
    """A provider refuses the account; it is paused, and nothing is lost."""


class FixInput(AicmoError):
    """What the caller gave can't be used as it is."""


class FixDocument(FixInput):
    """A project or calendar document has problems; nothing was imported."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        count = sum(problem.severity == "error" for problem in problems)
        super().__init__(f"{source} has {count} problem{'s' if count != 1 else ''}")
        self.source = source
        self.problems = tuple(problems)


class MoveRefused(AicmoError):
    """A delivery isn't in the state, or under the fence, that the move started from."""


class PackageFileInvalid(AicmoError):
    """A rendered file didn't pass its own verification."""


class StoreRefused(AicmoError):
    """A package store refused a file, or holds another file under the same key."""
