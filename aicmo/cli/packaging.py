"""`aicmo package`: what the client receives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from aicmo.cli.app import FAILED, register
from aicmo.cli.console import count, grid, plain, print_json, size, to_stderr, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import Json, person
from aicmo.cli.package_difference import difference
from aicmo.cli.package_watch import watch_templates
from aicmo.cli.progress import progress
from aicmo.errors import FixInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from aicmo.delivery.output_packager import ProjectPackageResult
    from aicmo.packaging.rendering import Format


class _BuildsByDefault(TyperGroup):
    """`aicmo package northside` is `aicmo package build northside`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        helps = ("-h", "--help")
        if args and args[0] not in self.commands and args[0] not in helps:
            args = ["build", *args]
        return super().parse_args(ctx, args)


package = typer.Typer(
    cls=_BuildsByDefault,
    help="Build the client's package, or compare two: `aicmo package PROJECT` builds, and "
    "`aicmo package build --help` lists its options.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def build(
    project: Annotated[
        str | None, typer.Argument(help="The project's id, as `aicmo projects` lists it.")
    ] = None,
    formats: Annotated[str | None, typer.Option(help="Some of pdf,pptx,html; default all.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every project, several at a time.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Render again on each save, to look at; keeps nothing.")
    ] = False,
    templates: Annotated[
        Path | None, typer.Option(help="With --watch: the folder of templates to try.")
    ] = None,
    document: Annotated[
        Path | None, typer.Option(help="With --watch: the project's document to try.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build the client's package: PDF, PPTX, HTML, calendar, data and proof, each verified."""
    from aicmo.packaging.rendering import parse_formats

    wanted = parse_formats(formats)
    if every == (project is not None):
        raise typer.BadParameter("name one project, or give --all", param_hint="PROJECT")
    if (templates or document) and not watch:
        raise typer.BadParameter("is for --watch", param_hint="--templates, --document")
    if watch and (every or as_json):
        raise typer.BadParameter("goes with neither --all nor --json", param_hint="--watch")
    if watch:
        watch_templates(str(project), wanted, templates, document)
    elif every:
        _build_all(formats, as_json=as_json)
    else:
        _build_one(str(project), wanted, as_json=as_json)


def _build_one(project: str, wanted: Sequence[Format], *, as_json: bool) -> None:
    from aicmo.delivery.handover import handover_projects
    from aicmo.execution.project import load_plan

    with open_ledger().read() as session:
        load_plan(session, project)
        if project in handover_projects(session):
            raise FixInput(
                f"{project} carries links to another project's package, and has none of its own",
                next_step=f"`aicmo preview {project}` shows its emails.",
            )
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
    """Each file with its pages and size, what to look at, whether it is ready, where it is."""
    manifest: dict[str, Any] = result.metadata.get("manifest", {})
    if not manifest:
        return
    reused = {file["format"] for file in result.metadata["files"] if file["reused"]}
    table = grid(["File", "What it is", "Pages", "Size", ""], right=(2, 3))
    pictures = [file for file in manifest["files"] if file["name"].startswith("previews/")]
    for file in manifest["files"]:
        if file not in pictures:
            made = "unchanged, not rendered again" if file["format"] in reused else ""
            table.add_row(
                plain(file["name"]), plain(file["title"]), f"{file['pages'] or ''}",
                size(file["size"]), plain(made, "dim"),
            )  # fmt: skip
    if pictures:
        total = sum(file["size"] for file in pictures)
        table.add_row("previews/", "Pictures of the pages", f"{len(pictures)}", size(total), "")
    console.print(table)
    _show_warnings(console, manifest)
    console.print(_readiness(result))
    number = f"Package {result.metadata['number']}, in" if result.metadata["number"] else "In"
    folder = Path(result.metadata["folder"]).resolve()
    console.print(plain(f"{number} {folder}"), soft_wrap=True)
    console.print(plain(f"As a ZIP: {Path(result.metadata['archive']).resolve()}"), soft_wrap=True)


def _show_warnings(console: Console, manifest: dict[str, Any]) -> None:
    notes = manifest["notes"]
    warnings = [(file["name"], text) for file in manifest["files"] for text in file["warnings"]]
    said = [f"{name}: {text}" for name, text in warnings if text not in notes]
    for text in [*notes, *said]:
        console.print(plain(f"Look at: {text}", "yellow"), soft_wrap=True)


def _readiness(result: ProjectPackageResult) -> Any:
    if missing := [each["name"] for each in result.metadata["manifest"]["missing"]]:
        return plain(f"Not ready for the client: it lacks {', '.join(missing)}.", "red")
    if result.metadata["manifest"]["status"] == "final":
        warnings = sum(each["severity"] == "warning" for each in result.metadata["findings"])
        found = f" with {count(warnings, 'warning')} (`aicmo check {result.project_id}`)"
        return plain(f"Ready for the client{found if warnings else ''}.", "green")
    blockers = sum(each["severity"] == "blocker" for each in result.metadata["findings"])
    found = f"{count(blockers, 'blocker')} (`aicmo check {result.project_id}`)"
    return plain(f"Internal draft: {found}.", "yellow")


def _build_all(formats: str | None, *, as_json: bool) -> None:
    from aicmo.delivery.batch import package_all
    from aicmo.delivery.handover import projects_to_package

    if formats is not None:
        raise typer.BadParameter("goes with one project", param_hint="--formats")
    with open_ledger().read() as session:
        projects = projects_to_package(session)
    with progress("Packaging", total=len(projects)) as advance:
        results = package_all(projects, actor=person(None), on_done=lambda _: advance())
    if as_json:
        print_json({"packages": [_as_json(result) for result in results]})
    else:
        _show_results(to_stdout(), results)
    for result in results:
        for error in result.errors:
            line = f"Error: {result.project_id}: {error}"
            to_stderr().print(plain(line, "red"), soft_wrap=True)
    if any(result.errors or not result.success for result in results):
        raise typer.Exit(FAILED)


def _show_results(console: Console, results: Sequence[ProjectPackageResult]) -> None:
    table = grid(["Project", "Package", "Files", "Status", "Folder of the project"], right=(1, 2))
    for result in results:
        manifest: dict[str, Any] = result.metadata.get("manifest", {})
        good = result.success and not result.errors
        status = manifest.get("status", "not made")
        table.add_row(
            plain(result.project_id), f"{result.metadata.get('number') or ''}",
            f"{len(manifest.get('files', []))}",
            plain(status if good else f"{status}, with errors", "" if good else "bold red"),
            plain(Path(result.metadata.get("folder", "")).name),
        )  # fmt: skip
    console.print(table)
    parents = {
        Path(one.metadata["folder"]).parents[1] for one in results if "folder" in one.metadata
    }
    for parent in parents:
        console.print(plain(f"In {parent.resolve()}, a folder for each project"), soft_wrap=True)


def _as_json(result: ProjectPackageResult) -> dict[str, Any]:
    return {
        "project_id": result.project_id, "success": result.success, "errors": result.errors,
        "pdf_path": result.pdf_path, "pptx_path": result.pptx_path,
        "html_summary_path": result.html_summary_path,
        "created_at": result.created_at.isoformat(), "metadata": result.metadata,
    }  # fmt: skip


register("build", build, of=package)
register("diff", difference, of=package)
