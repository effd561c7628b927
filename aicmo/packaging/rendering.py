"""One format at a time: rendered once per content, checked, and reused while nothing changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

from aicmo.errors import FixInput
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.folders import fresh_folder
from aicmo.packaging.fonts import require_fonts
from aicmo.packaging.made_once import program_sha256, sha256_of, sha256_of_value
from aicmo.packaging.outline import Outline, texts
from aicmo.packaging.pdf import render_pdf
from aicmo.packaging.project_data import project_data
from aicmo.packaging.rendered import RenderedFile, tool_versions
from aicmo.packaging.workers import shared_pool

Format = Literal["pdf", "pptx", "html"]
FORMATS: tuple[Format, ...] = ("pdf", "pptx", "html")
FILE_NAMES: Mapping[Format, str] = {
    "pdf": "strategy.pdf",
    "pptx": "deck.pptx",
    "html": "summary.html",
}
_IN_WORKER: Mapping[Format, str] = {
    "pptx": "aicmo.packaging.deck:render_deck",
    "html": "aicmo.packaging.html_summary:render_html",
}
_OF_THE_PLAN = ("schema_version", "plan_version", "document")
"""What of the project's data is attached to the PDF: results change more often than what it says."""


@dataclass(frozen=True, slots=True)
class RenderedFormat:
    """A checked file of one format; `reused` if it was there from an earlier build."""

    format: Format
    path: Path
    pages: int
    warnings: tuple[str, ...]
    sha256: str
    size: int
    reused: bool


def parse_formats(names: str | list[str] | tuple[str, ...] | None) -> tuple[Format, ...]:
    """Formats by name, in the order of `FORMATS`; None means all.

    Raises:
        FixInput: a name is unknown, or none is given.
    """
    if names is None:
        return FORMATS
    parts = names.split(",") if isinstance(names, str) else names
    wanted = {part.strip().lower() for part in parts if part.strip()}
    unknown = sorted(wanted.difference(FORMATS))
    if unknown or not wanted:
        said = f"Unknown format {', '.join(unknown)}" if unknown else "No format is named"
        raise FixInput(said, next_step=f"The formats are {', '.join(FORMATS)}.")
    return tuple(name for name in FORMATS if name in wanted)


def content_sha256(content: ProjectContent) -> str:
    """Identifies the content of a package: everything that its renderers read."""
    described = {
        "document": content.document.model_dump(mode="json"),
        "plan_version": content.plan_version,
        "imported_at": content.imported_at.isoformat(),
        "items": {key: asdict(status) for key, status in sorted(content.items.items())},
        "files": {key: hashlib.sha256(each).hexdigest() for key, each in content.files.items()},
        "ledger": asdict(content.ledger),
    }
    text = json.dumps(described, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def render_format(content: ProjectContent, format_: Format, output_dir: Path) -> RenderedFormat:
    """The file of one format, rendered now or by an earlier build of the same content.

    Raises:
        InstallComponent: a library of this format is missing.
        PackageFileInvalid: the file didn't pass its check.
        AicmoError: the renderer failed.
    """
    name = FILE_NAMES[format_]
    outline, sources = compose(content), _sources(content, format_)
    kept = output_dir / "rendered" / content.document.id
    place = kept / format_ / _key(content, format_, outline, sources)
    if reused := _reuse(place, format_, name):
        return reused
    with fresh_folder(place, lambda folder: bool(_reuse(folder, format_, name))) as folder:
        theme = theme_for(content.document.brand, content.files)
        path = folder.resolve() / name
        if format_ == "pdf":
            parts = kept / "pdf-parts"
            require_fonts(texts(outline), outline.language)
            rendered = render_pdf(outline, theme, path, sources=sources, parts_folder=parts)
        else:
            told = shared_pool().run(_IN_WORKER[format_], outline, theme, path)
            rendered = RenderedFile(path, told["pages"], tuple(told["warnings"]))
        _write_note(folder, rendered)
    return _described(format_, place / name, _read_note(place), reused=False)


def describe_file(format_: Format, path: Path, *, build_started: datetime) -> RenderedFormat:
    """A file that a step returned, with its pages where `render_format` made it."""
    reused = path.stat().st_mtime < build_started.timestamp()
    return _described(format_, path, _read_note(path.parent), reused=reused)


def _sources(content: ProjectContent, format_: Format) -> dict[str, str]:
    if format_ != "pdf":
        return {}
    data = project_data(content)
    plan = {name: data[name] for name in _OF_THE_PLAN}
    return {"project.json": json.dumps(plan, indent=2, sort_keys=True, ensure_ascii=False)}


def _key(
    content: ProjectContent, format_: Format, outline: Outline, sources: Mapping[str, str]
) -> str:
    """Identifies a file by what its renderer reads; the theme is made of the brand and the files."""
    brand = content.document.brand.model_dump(mode="json")
    files = {path: hashlib.sha256(each).hexdigest() for path, each in content.files.items()}
    made_of: list[Any] = [format_, repr(outline), sources, brand, files]
    return sha256_of_value([*made_of, program_sha256(), tool_versions()])[:24]


def _reuse(place: Path, format_: Format, name: str) -> RenderedFormat | None:
    note = _read_note(place)
    file = place / name
    if not note or not file.is_file() or sha256_of(file) != note.get("sha256"):
        return None
    return _described(format_, file, note, reused=True)


def _write_note(folder: Path, rendered: RenderedFile) -> None:
    note = {
        "sha256": sha256_of(rendered.path),
        "pages": rendered.pages,
        "warnings": list(rendered.warnings),
    }
    (folder / "note.json").write_text(json.dumps(note), encoding="utf-8")


def _read_note(place: Path) -> dict[str, object]:
    try:
        return json.loads((place / "note.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _described(
    format_: Format, path: Path, note: Mapping[str, object], *, reused: bool
) -> RenderedFormat:
    pages, warnings = note.get("pages"), note.get("warnings")
    return RenderedFormat(
        format=format_,
        path=path,
        pages=pages if isinstance(pages, int) else 0,
        warnings=tuple(cast("list[str]", warnings)) if isinstance(warnings, list) else (),
        sha256=sha256_of(path),
        size=path.stat().st_size,
        reused=reused,
    )
