"""Templates and documents tried out: rendered to look at, neither stored nor recorded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from aicmo.errors import FixInput
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.rendering import Format, render_format
from aicmo.plans.assets import MAX_TEMPLATE_FILES
from aicmo.plans.reading import read_document

_FOLDER = "templates-on-trial"


def with_document(content: ProjectContent, file: Path) -> ProjectContent:
    """The content with another document of the same project, as its file is now.

    Raises:
        FixDocument: it has problems; each has its place.
        FixInput: it is another project's.
    """
    read = read_document(file)
    if read.document.id != content.document.id:
        raise FixInput(f"{file} is the document of {read.document.id}, not {content.document.id}")
    document = read.document.model_copy(update={"contacts": ()})
    return replace(content, document=document, files=dict(read.files))


def with_templates(content: ProjectContent, folder: Path) -> ProjectContent:
    """The content with the templates of a folder in place of those that its document names.

    Raises:
        FixInput: the folder isn't there, or holds more files than a document may name.
    """
    if not folder.is_dir():
        raise FixInput(f"{folder} is not a folder of templates")
    found = sorted(each for each in folder.rglob("*") if each.is_file())
    if len(found) > MAX_TEMPLATE_FILES:
        raise FixInput(f"{folder} holds more than {MAX_TEMPLATE_FILES} files")
    brand = content.document.brand
    kept = {
        path: each
        for path, each in content.files.items()
        if brand.templates is None or not path.startswith(f"{brand.templates}/")
    }
    tried = {
        f"{_FOLDER}/{each.relative_to(folder).as_posix()}": each.read_bytes() for each in found
    }
    changed = brand.model_copy(update={"templates": _FOLDER})
    document = content.document.model_copy(update={"brand": changed})
    return replace(content, document=document, files=kept | tried)


def try_out(
    content: ProjectContent, formats: Sequence[Format], output_dir: Path
) -> Iterator[tuple[Format, Path | Exception]]:
    """Each format's file in `trial/<project>`, or why there is none; the quickest format first."""
    place = output_dir / "trial" / content.document.id
    place.mkdir(parents=True, exist_ok=True)
    for format_ in sorted(formats, key=("html", "pptx", "pdf").index):
        try:
            made = render_format(content, format_, output_dir).path
            # Whoever looks at the file never sees half of it.
            part = place / f".{made.name}"
            shutil.copyfile(made, part)
            yield format_, part.replace(place / made.name)
        except Exception as error:  # noqa: BLE001  (one wrong template must not end the trial)
            yield format_, error
