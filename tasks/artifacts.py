"""What a run leaves in the UI. An artifact that can't be left never changes what the run did."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from prefect.artifacts import (
    create_markdown_artifact,
    create_table_artifact,
)

from aicmo.execution.importing import Imported
from aicmo.execution.report import ExecutionReport
from aicmo.packaging.assembly import BuiltPackage
from aicmo.storage.contract import StoredFile
from tasks.report_pages import (
    execution_page,
    execution_rows,
    import_page,
    package_page,
    problems_page,
)
from tasks.steps import artifact_key, repeatable, step

_THUMBNAILS = 6
_IN_A_ROW = 3
_THUMBNAIL_WIDTH = 240
_GAP = 12


@repeatable(name="publish-report", task_run_name="publish report")
def publish_report(report: ExecutionReport) -> None:
    """The report as a page and as a table."""
    with step("publish_report"):
        create_markdown_artifact(
            execution_page(report),
            key=artifact_key("report", report.project_id),
            description=f"What became of the plan of {report.project_id}.",
        )
        if rows := execution_rows(report):
            create_table_artifact(
                rows,
                key=artifact_key("books", report.project_id),
                description=f"Every item of {report.project_id} by state and reason.",
            )


@repeatable(name="publish-import", task_run_name="publish changes")
def publish_import(imported: Imported) -> None:
    """What the import changed."""
    with step("publish_import"):
        create_markdown_artifact(
            import_page(imported),
            key=artifact_key("plan", imported.project_id),
            description=f"What changed in the plan of {imported.project_id}.",
        )


@repeatable(name="publish-problems", task_run_name="publish problems")
def publish_problems(message: str, problems: Sequence[str]) -> None:
    """Why nothing was imported."""
    with step("publish_problems"):
        create_markdown_artifact(
            problems_page(message, problems),
            key="import-problems",
            description="Every problem of the document, with its place.",
        )


@repeatable(name="publish-package", task_run_name="publish package")
def publish_package(
    package: BuiltPackage, stored: Sequence[StoredFile], failures: Mapping[str, str]
) -> None:
    """The package's files with links, and its first pages to look at."""
    with step("publish_package"):
        pdf = package.path("pdf")
        create_markdown_artifact(
            package_page(package, stored, failures, contact_sheet(pdf) if pdf else ""),
            key=artifact_key("package", package.project_id),
            description=f"The files for {package.client}.",
        )


def contact_sheet(pdf: Path) -> str:
    """The first pages of a PDF side by side, as a `data:` address of about 100 kB."""
    import pypdfium2  # noqa: PLC0415  (loaded by this task alone)
    from PIL import Image  # noqa: PLC0415

    with pypdfium2.PdfDocument(pdf) as document:
        pages = [
            page.render(scale=_THUMBNAIL_WIDTH / page.get_width()).to_pil()
            for page in (document[at] for at in range(min(len(document), _THUMBNAILS)))
        ]
    cell = (_THUMBNAIL_WIDTH + _GAP, max(page.height for page in pages) + _GAP)
    rows = -(-len(pages) // _IN_A_ROW)
    across = min(len(pages), _IN_A_ROW)
    sheet = Image.new("RGB", (across * cell[0] + _GAP, rows * cell[1] + _GAP), "#d4d4d8")
    for at, page in enumerate(pages):
        row, column = divmod(at, _IN_A_ROW)
        sheet.paste(page.convert("RGB"), (_GAP + column * cell[0], _GAP + row * cell[1]))
    file = BytesIO()
    sheet.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
