"""`aicmo package`: what the client receives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import grid, plain, print_json, size, to_stderr, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import Json, Project, person
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from aicmo.delivery.output_packager import ProjectPackageResult
    from aicmo.packaging.rendering import Format


def package(
    project: Project,
    formats: Annotated[str | None, typer.Option(help="Some of pdf,pptx,html; default all.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Build the client's package: PDF, PPTX and HTML, each verified."""
    from aicmo.execution.project import load_plan
    from aicmo.packaging.rendering import parse_formats

    wanted = parse_formats(formats)
    with open_ledger().read() as session:
        load_plan(session, project)
    result = build_package(project, wanted)
    if as_json:
        print_json(_as_json(result))
    else:
        show_package(to_stdout(), result)
    for error in result.errors:
        to_stderr().print(plain(f"Error: {error}", "red"), soft_wrap=True)
    if result.errors or not result.success:
        raise typer.Exit(FAILED)


def build_package(project: str, formats: Sequence[Format] | None = None) -> ProjectPackageResult:
    """Builds the package with a bar on stderr; `result.errors` says what went wrong."""
    from aicmo.delivery.output_packager import build_project_package
    from aicmo.packaging.rendering import FORMATS

    wanted = formats or FORMATS
    with progress("Rendering", total=len(wanted)) as advance:
        return build_project_package(
            project, formats=wanted, actor=person(None), on_format=lambda _: advance()
        )


def show_package(console: Console, result: ProjectPackageResult) -> None:
    """Each file with its pages and size, then where they are."""
    files: list[dict[str, Any]] = result.metadata.get("files", [])
    if not files:
        return
    table = grid(["File", "Pages", "Size", ""], right=(1, 2))
    for file in files:
        pages = f"{file['pages']}" if file["pages"] else ""
        made = "unchanged, not rendered again" if file["reused"] else ""
        table.add_row(plain(Path(file["path"]).name), pages, size(file["size"]), plain(made, "dim"))
    console.print(table)
    console.print(plain(f"In {Path(result.metadata['folder']).resolve()}"), soft_wrap=True)


def _as_json(result: ProjectPackageResult) -> dict[str, Any]:
    return {
        "project_id": result.project_id, "success": result.success, "errors": result.errors,
        "pdf_path": result.pdf_path, "pptx_path": result.pptx_path,
        "html_summary_path": result.html_summary_path,
        "created_at": result.created_at.isoformat(), "metadata": result.metadata,
    }  # fmt: skip
