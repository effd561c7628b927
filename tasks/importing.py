"""The one step of importing a plan."""

from __future__ import annotations

from pathlib import Path

from aicmo.errors import FixDocument
from aicmo.execution import importing
from aicmo.execution.importing import Imported
from aicmo.plans.reading import ReadDocument, read_document
from aicmo.problems import Problem
from aicmo.redaction import redact
from aicmo.settings import get_settings
from tasks.steps import StepFailed, actor, current_database, repeatable, step


class DocumentHasProblems(StepFailed):
    """Nothing was imported; `problems` are all there are, as text without addresses."""

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message, problems)
        self.message, self.problems = message, problems

    def __str__(self) -> str:
        return self.message


@repeatable(name="import-document", task_run_name="import document")
def import_document(path: str, calendar: str = "") -> Imported:
    """Reads, checks and imports a project document: all of it, or nothing."""
    with step("import_document"):
        try:
            read = _read(Path(path), calendar)
        except FixDocument as error:
            problems = tuple(redact(str(problem)) for problem in error.problems)
            raise DocumentHasProblems(redact(str(error)), problems) from None
        return importing.import_document(
            current_database(),
            read.document,
            source=read.source,
            actor=actor(),
            secret_key=get_settings().require_secret_key(),
            warnings=[str(warning) for warning in read.warnings],
            files=read.files,
        )


def _read(path: Path, calendar: str) -> ReadDocument:
    read = read_document(path)
    if not calendar:
        return read
    from aicmo.plans.spreadsheet import with_calendar  # noqa: PLC0415  (openpyxl, when asked for)

    combined = with_calendar(read.document, Path(calendar))
    warnings: tuple[Problem, ...] = (*read.warnings, *combined.warnings)
    files = {**read.files, **combined.files}
    return ReadDocument(combined.document, warnings, f"{read.source}, {combined.source}", files)
