"""The files beside the three formats: each is made once per content, and fails by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aicmo.packaging.calendar_events import write_events
from aicmo.packaging.calendar_workbook import write_workbook
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.data_files import write_data
from aicmo.packaging.made_once import made_once, program_sha256, sha256_of_value
from aicmo.packaging.package_files import PackageFile
from aicmo.packaging.previews import write_previews
from aicmo.packaging.project_data import project_data
from aicmo.packaging.proof import row_values, write_proof
from aicmo.packaging.rendered import tool_versions
from aicmo.packaging.rendering import RenderedFormat
from aicmo.packaging.translation import translation
from aicmo.redaction import describe

_Write = Callable[[ProjectContent, Path], Mapping[str, str]]

OF_PLAN: Mapping[str, _Write] = {
    "calendar.xlsx": write_workbook,
    "calendar.ics": write_events,
    "data": write_data,
}
"""Companions that say what is planned, and what became of it."""


@dataclass(frozen=True)
class Companions:
    """files: those that were made; failures: reason by companion, for those that weren't."""

    files: tuple[PackageFile, ...] = ()
    failures: dict[str, str] = field(default_factory=dict[str, str])

    def __add__(self, other: Companions) -> Companions:
        return Companions(self.files + other.files, self.failures | other.failures)


def make_companions(content: ProjectContent, output_dir: Path) -> Companions:
    """Calendar, data and proof of a project, made now or by an earlier build of the same content.

    Args:
        content: what they say.
        output_dir: they are kept under `rendered/<project>` in it.
    """
    place = output_dir / "rendered" / content.document.id
    plan = sha256_of_value(project_data(content))
    made = Companions()
    for name, write in OF_PLAN.items():
        made += _make(name, place, plan, lambda folder, write=write: write(content, folder))
    ledger = list(map(row_values, content.ledger.rows))
    proof = sha256_of_value([ledger, content.ledger.audit_hash, plan])
    return made + _make("proof", place, proof, lambda folder: write_proof(content, folder))


def make_previews(
    content: ProjectContent, rendered: Iterable[RenderedFormat], output_dir: Path
) -> Companions:
    """Pictures of the pages of the PDF, if it is among the rendered formats."""
    pdf = next((each for each in rendered if each.format == "pdf"), None)
    if pdf is None:
        return Companions()
    say = translation(content.document.language)
    place = output_dir / "rendered" / content.document.id
    key = sha256_of_value([pdf.sha256, content.document.language])
    return _make("previews", place, key, lambda folder: write_previews(pdf.path, folder, say))


def _make(
    name: str, place: Path, of: str, write: Callable[[Path], Mapping[str, str]]
) -> Companions:
    key = sha256_of_value([of, program_sha256(), tool_versions()])[:24]
    try:
        kept = made_once(place / name / key, write)
    except Exception as error:  # noqa: BLE001  (each companion is isolated; its reason is kept)
        return Companions(failures={name: describe(error)})
    return Companions(
        tuple(
            PackageFile(file, kept.folder / file, title, kept.sha256[file])
            for file, title in kept.titles.items()
        )
    )
