"""One format at a time: rendered once per content, checked, and reused while nothing changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal, cast

from aicmo.errors import FixInput
from aicmo.packaging.brand import Theme, theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.folders import fresh_folder
from aicmo.packaging.outline import Outline
from aicmo.packaging.rendered import RenderedFile

Format = Literal["pdf", "pptx", "html"]
FORMATS: tuple[Format, ...] = ("pdf", "pptx", "html")
FILE_NAMES: Mapping[Format, str] = {
    "pdf": "strategy.pdf",
    "pptx": "deck.pptx",
    "html": "summary.html",
}
MEDIA_TYPES: Mapping[str, str] = {
    "strategy.pdf": "application/pdf",
    "deck.pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "summary.html": "text/html; charset=utf-8",
    "manifest.json": "application/json",
}
_TOOLS = ("aicmo-delivery", "weasyprint", "pydyf", "python-pptx", "pillow", "jinja2", "babel")


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


def tool_versions() -> dict[str, str]:
    """The versions a package is made with, as its manifest names them."""
    return {name: version(name) for name in _TOOLS}


def render_format(content: ProjectContent, format_: Format, output_dir: Path) -> RenderedFormat:
    """The file of one format, rendered now or by an earlier build of the same content.

    Raises:
        InstallComponent: a library of this format is missing.
        PackageFileInvalid: the file didn't pass its check.
        AicmoError: the renderer failed.
    """
    name = FILE_NAMES[format_]
    place = output_dir / "rendered" / content.document.id / format_ / _key(content, format_)
    if reused := _reuse(place, format_, name):
        return reused
    with fresh_folder(place, lambda folder: bool(_reuse(folder, format_, name))) as folder:
        _write_note(folder, _renderer(format_)(compose(content), _theme(content), folder / name))
    return _described(format_, place / name, _read_note(place), reused=False)


def describe_file(format_: Format, path: Path, *, build_started: datetime) -> RenderedFormat:
    """A file that a step returned, with its pages where `render_format` made it."""
    reused = path.stat().st_mtime < build_started.timestamp()
    return _described(format_, path, _read_note(path.parent), reused=reused)


_Render = Callable[[Outline, Theme, Path], RenderedFile]


def _renderer(format_: Format) -> _Render:
    # The libraries behind the formats take seconds to load: each is loaded by its own format alone.
    if format_ == "pdf":
        from aicmo.packaging.pdf import render_pdf  # noqa: PLC0415

        return render_pdf
    if format_ == "pptx":
        from aicmo.packaging.deck import render_deck  # noqa: PLC0415

        return render_deck
    from aicmo.packaging.html_summary import render_html  # noqa: PLC0415

    return render_html


def _theme(content: ProjectContent) -> Theme:
    return theme_for(content.document.brand, content.files)


def _key(content: ProjectContent, format_: Format) -> str:
    parts = [content_sha256(content), format_, _program_sha256(), json.dumps(tool_versions())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


@lru_cache(maxsize=1)
def _program_sha256() -> str:
    """Over the renderers' own files: a changed template must not reuse what an old one made."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.relative_to(folder).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


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


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
