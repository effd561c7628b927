"""The steps of building a package: each format by itself, then verified, assembled and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aicmo import audit
from aicmo.delivery.output_packager import EVENTS
from aicmo.delivery.project_content import load_content
from aicmo.errors import FixConfiguration, NoSuchProject
from aicmo.packaging import assembly, rendering
from aicmo.packaging.assembly import BuiltPackage
from aicmo.packaging.companions import make_companions, make_previews
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.rendering import Format, RenderedFormat
from aicmo.settings import get_settings
from aicmo.storage.contract import PackageStore, StoredFile
from aicmo.storage.opening import open_store
from blocks import DeliverablesBucket
from tasks.steps import StepFailed, actor, current_database, repeatable, step


@repeatable(name="open-package", task_run_name="open package of {project_id}")
def open_package(project_id: str) -> None:
    """Writes the start of the build to the audit log; a step of its own, so that it stands there once."""
    with step("open_package"):
        _record(project_id, audit.Event.PACKAGING_STARTED)


@repeatable(name="fetch-content", task_run_name="fetch content of {project_id}")
def fetch_content(project_id: str) -> ProjectContent:
    """Everything the package says, read once: all formats tell the same."""
    with step("fetch_content"):
        try:
            content = load_content(current_database(), project_id)
        except NoSuchProject:
            _record(project_id, audit.Event.PACKAGING_PROJECT_NOT_FOUND)
            raise
        _record(project_id, audit.Event.PACKAGING_PROJECT_FETCHED)
        return content


@repeatable(name="render-format", task_run_name="render {format_}")
def render_format(content: ProjectContent, format_: Format) -> RenderedFormat:
    """Renders one format and checks the file; unchanged content isn't rendered again."""
    project_id = content.document.id
    try:
        with step(f"render_format {format_}"):
            rendered = rendering.render_format(content, format_, get_settings().output_dir)
            _record(project_id, EVENTS[format_], pages=rendered.pages, size=rendered.size)
    except StepFailed as error:
        _record(project_id, audit.Event.PACKAGING_ERROR, error=str(error)[:500])
        raise
    return rendered


@repeatable(name="assemble-package", task_run_name="assemble package")
def assemble_package(
    content: ProjectContent, rendered: Sequence[RenderedFormat], failures: Mapping[str, str]
) -> BuiltPackage:
    """A complete folder with a manifest, which names what is missing and why."""
    with step("assemble_package"):
        folder = get_settings().output_dir
        beside = make_companions(content, folder) + make_previews(content, rendered, folder)
        missing = {**failures, **beside.failures}
        return assembly.assemble(content, rendered, missing, folder, beside.files)


@repeatable(name="store-package", task_run_name="store package")
def store_package(package: BuiltPackage, deliverables_bucket: str = "") -> tuple[StoredFile, ...]:
    """Puts every file into the store, the manifest last; nothing is overwritten or stored twice."""
    with step("store_package"):
        stored = assembly.store_package(package, open_packages_store(deliverables_bucket))
        _record(package.project_id, audit.Event.PACKAGING_STORED, files=len(stored))
        return stored


@repeatable(name="close-package", task_run_name="close package")
def close_package(project_id: str, files: int, errors: Sequence[str]) -> None:
    """Writes the end of the build, and how much went wrong, to the audit log."""
    with step("close_package"):
        _record(project_id, audit.Event.PACKAGING_COMPLETED, files=files, errors=len(errors))


def _record(project_id: str, event: audit.Event, **data: Any) -> None:
    with current_database().write() as session:
        audit.record(session, event, project_id=project_id[:200], actor=actor(), **data)


def open_packages_store(deliverables_bucket: str) -> PackageStore:
    """The store of a block, or of AICMO_PACKAGES_URL without one."""
    if not deliverables_bucket:
        return open_store(get_settings().packages_folder_or_url())
    try:
        return DeliverablesBucket.load(deliverables_bucket).open_store()
    except ValueError:
        raise FixConfiguration(
            f"There is no Deliverables Bucket block named {deliverables_bucket}",
            next_step="Create it in the UI under Blocks, or leave the name empty.",
        ) from None
