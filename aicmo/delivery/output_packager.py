"""The public Python API of packaging: one call that builds a project's package and never raises.

Its steps are functions of this module, looked up when called, so that a user can replace one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aicmo import audit
from aicmo.database import Database, open_database
from aicmo.delivery.package_rows import record_package
from aicmo.delivery.project_content import load_content
from aicmo.errors import NoSuchProject, PackageFileInvalid
from aicmo.packaging import assembly, rendering
from aicmo.packaging.assembly import BuiltPackage
from aicmo.packaging.companions import Companions, make_companions, make_previews
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.rendering import FORMATS, Format, RenderedFormat
from aicmo.redaction import describe_with_next_step
from aicmo.settings import get_settings
from aicmo.storage.contract import PackageStore, StoredFile
from aicmo.storage.opening import open_store

__all__ = [
    "ProjectPackageResult",
    "build_project_package",
    "fetch_project_data",
    "generate_full_deck_pptx",
    "generate_html_summary",
    "generate_strategy_pdf",
]

_STEPS: Mapping[Format, str] = {
    "pdf": "generate_strategy_pdf",
    "pptx": "generate_full_deck_pptx",
    "html": "generate_html_summary",
}
EVENTS: Mapping[Format, audit.Event] = {
    "pdf": audit.Event.PACKAGING_PDF_GENERATED,
    "pptx": audit.Event.PACKAGING_PPTX_GENERATED,
    "html": audit.Event.PACKAGING_HTML_GENERATED,
}

OnFormat = Callable[[Format], None]


@dataclass
class ProjectPackageResult:
    """What a build made. `success` is true if any file was made; `errors` say what wasn't and why.

    metadata: `pdf_generated`, `pptx_generated`, `html_generated`, `total_files`, `error_count`,
        `files_generated`, `requested_by`; and of a built package `files` (format, path, pages, size in bytes,
        sha256, reused), `companions` (relative names of the other files), `folder`, `archive` (the ZIP),
        `manifest`, `findings` of the quality gate, `number` (the project's packages are counted from 1), `stored` (url by file name).
    """

    project_id: str
    pdf_path: str | None = None
    pptx_path: str | None = None
    html_summary_path: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    success: bool = False
    errors: list[str] = field(default_factory=list[str])
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def add_error(self, message: str) -> None:
        """Keeps an error text, once."""
        if message not in self.errors:
            self.errors.append(message)

    def file_count(self) -> int:
        """How many of the three files were made."""
        return sum(path is not None for path in self._paths().values())

    def _paths(self) -> dict[Format, str | None]:
        return {"pdf": self.pdf_path, "pptx": self.pptx_path, "html": self.html_summary_path}

    def set_path(self, format_: Format, path: str) -> None:
        names = {"pdf": "pdf_path", "pptx": "pptx_path", "html": "html_summary_path"}
        setattr(self, names[format_], path)

    def finish(self) -> None:
        """Derives `success` and the counts from what is there."""
        made = [name for name, path in self._paths().items() if path is not None]
        self.success = bool(made)
        self.metadata |= {f"{name}_generated": name in made for name in FORMATS}
        self.metadata |= {
            "total_files": len(made),
            "error_count": len(self.errors),
            "files_generated": made,
        }


def build_project_package(
    project_id: str,
    *,
    formats: Sequence[Format] = FORMATS,
    actor: str = "python api",
    on_format: OnFormat = lambda _: None,
) -> ProjectPackageResult:
    """Builds, verifies and stores a project's package; never raises.

    Args:
        project_id: the project.
        formats: which files to make.
        actor: who asks for it, for the audit log.
        on_format: told of every finished format, made or not; called from worker threads.
    """
    result = ProjectPackageResult("", metadata={"requested_by": actor})
    try:
        result.project_id = str(project_id)
        chosen = rendering.parse_formats(formats if isinstance(formats, str) else tuple(formats))
        _build(result.project_id, chosen, on_format, result)
    except Exception as error:  # noqa: BLE001  (the promise of this function)
        result.add_error(f"build_project_package failed: {describe_with_next_step(error)}")
    result.finish()
    _record(result, audit.Event.PACKAGING_COMPLETED, **_summary(result))
    return result


def fetch_project_data(project_id: str) -> ProjectContent | None:
    """What the package is made of; None if there is no such project."""
    try:
        return load_content(_database(), project_id)
    except NoSuchProject:
        return None


def generate_strategy_pdf(project_data: ProjectContent) -> Path:
    """Renders and verifies strategy.pdf; returns its path.

    Raises:
        AicmoError: it can't be rendered, or didn't pass its check.
    """
    return _render(project_data, "pdf").path


def generate_full_deck_pptx(project_data: ProjectContent) -> Path:
    """Renders and verifies deck.pptx; returns its path.

    Raises:
        AicmoError: it can't be rendered, or didn't pass its check.
    """
    return _render(project_data, "pptx").path


def generate_html_summary(project_data: ProjectContent) -> Path:
    """Renders and verifies summary.html; returns its path.

    Raises:
        AicmoError: it can't be rendered, or didn't pass its check.
    """
    return _render(project_data, "html").path


def _render(content: ProjectContent, format_: Format) -> RenderedFormat:
    return rendering.render_format(content, format_, get_settings().output_dir)


def _build(
    project_id: str,
    formats: Sequence[Format],
    on_format: OnFormat,
    result: ProjectPackageResult,
) -> None:
    _record(result, audit.Event.PACKAGING_STARTED, formats=list(formats))
    data = _step(result, "fetch_project_data", lambda: fetch_project_data(project_id))
    if data is None:
        if not result.errors:
            result.add_error(str(NoSuchProject(project_id)))
            _record(result, audit.Event.PACKAGING_PROJECT_NOT_FOUND)
        return
    _record(result, audit.Event.PACKAGING_PROJECT_FETCHED)
    made, companions = _generate(data, formats, on_format, result)
    if made and isinstance(data, ProjectContent):
        _assemble_and_store(data, formats, made, companions, result)


def _generate(
    data: Any, formats: Sequence[Format], on_format: OnFormat, result: ProjectPackageResult
) -> tuple[dict[Format, RenderedFormat], Companions]:
    made: dict[Format, RenderedFormat] = {}

    def one(format_: Format) -> None:
        name = _STEPS[format_]
        rendered = _step(
            result, name, lambda: _described(format_, globals()[name](data), result.created_at)
        )
        if rendered is not None:
            made[format_] = rendered
            result.set_path(format_, str(rendered.path))
            _record(result, EVENTS[format_])
        on_format(format_)

    # The formats are rendered in worker processes; the companions are made in this one meanwhile.
    with ThreadPoolExecutor(max_workers=len(FORMATS) + 1) as pool:
        beside = pool.submit(_make_companions, data)
        list(pool.map(one, formats))
    return {name: made[name] for name in formats if name in made}, beside.result()


def _make_companions(data: Any) -> Companions:
    # A user's own step may have fetched anything.
    if not isinstance(data, ProjectContent):
        return Companions()
    return make_companions(data, get_settings().output_dir)


def _described(format_: Format, path: object, build_started: datetime) -> RenderedFormat:
    # A user's own step may return anything.
    if not isinstance(path, str | Path) or not Path(path).is_file():
        raise PackageFileInvalid(f"returned no file: {path}")
    return rendering.describe_file(format_, Path(path), build_started=build_started)


def _assemble_and_store(
    content: ProjectContent,
    formats: Sequence[Format],
    made: Mapping[Format, RenderedFormat],
    companions: Companions,
    result: ProjectPackageResult,
) -> None:
    companions += make_previews(content, made.values(), get_settings().output_dir)
    failures = {name: _reason(result, name) for name in formats if name not in made}
    for name, reason in companions.failures.items():
        result.add_error(f"{name} failed: {reason}")
        _record(result, audit.Event.PACKAGING_ERROR, error=f"{name} failed: {reason}"[:500])
    package = assembly.assemble(
        content,
        list(made.values()),
        failures | companions.failures,
        get_settings().output_dir,
        companions.files,
    )
    for format_ in made:
        result.set_path(format_, str(package.path(format_)))
    result.metadata |= {
        "folder": str(package.folder),
        "manifest": package.manifest,
        "findings": list(package.findings),
        "companions": [entry["name"] for entry in package.manifest["files"] if not entry["format"]],
        "archive": str(package.folder.parent / package.archive["file"]),
        "files": [_file(package, each) for each in made.values()],
    }
    stored = _step(result, "store_package", lambda: _store(package))
    result.metadata["stored"] = {Path(file.key).name: file.url for file in stored or ()}
    if stored:
        _record(result, audit.Event.PACKAGING_STORED, files=len(stored))
    store_url = stored[-1].url if stored else ""
    row = _step(
        result,
        "record_package",
        lambda: record_package(
            _database(), package, actor=result.metadata["requested_by"], store_url=store_url
        ),
    )
    result.metadata["number"] = row.number if row else None


def _reason(result: ProjectPackageResult, format_: Format) -> str:
    prefix = f"{_STEPS[format_]} failed: "
    for message in result.errors:
        if message.startswith(prefix):
            return message.removeprefix(prefix)
    return "not made"


def _file(package: BuiltPackage, rendered: RenderedFormat) -> dict[str, Any]:
    return {
        "format": rendered.format,
        "path": str(package.path(rendered.format)),
        "pages": rendered.pages,
        "size": rendered.size,
        "sha256": rendered.sha256,
        "reused": rendered.reused,
    }


def _store(package: BuiltPackage) -> tuple[StoredFile, ...]:
    store: PackageStore = open_store(get_settings().packages_folder_or_url())
    return assembly.store_package(package, store)


def _step(result: ProjectPackageResult, name: str, step: Callable[[], Any]) -> Any:
    try:
        return step()
    except Exception as error:  # noqa: BLE001  (each format is isolated; its reason is kept)
        message = f"{name} failed: {describe_with_next_step(error)}"
        result.add_error(message)
        _record(result, audit.Event.PACKAGING_ERROR, error=message[:500])
        return None


def _record(result: ProjectPackageResult, event: audit.Event, **data: Any) -> None:
    try:
        with _database().write() as session:
            audit.record(
                session,
                event,
                project_id=result.project_id[:200],
                actor=result.metadata["requested_by"],
                **data,
            )
    except Exception as error:  # noqa: BLE001  (an audit that can't be written is said, not raised)
        result.add_error(f"The audit log can't be written: {describe_with_next_step(error)}")


def _summary(result: ProjectPackageResult) -> dict[str, Any]:
    return {"files": result.metadata["files_generated"], "errors": len(result.errors)}


def _database() -> Database:
    return open_database(get_settings().database_url)
