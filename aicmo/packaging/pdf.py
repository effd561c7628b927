"""The strategy as a PDF: its parts laid out side by side in the render workers, then bound as one."""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aicmo.packaging.made_once import program_sha256, sha256_of_value
from aicmo.packaging.pdf_html import Assets, assets_for
from aicmo.packaging.rendered import RenderedFile, tool_versions
from aicmo.packaging.workers import WorkerPool, shared_pool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.outline import Outline

_HTML, _LAYOUT = "aicmo.packaging.pdf_html", "aicmo.packaging.pdf_layout"


def render_pdf(
    outline: Outline,
    theme: Theme,
    path: Path,
    *,
    sources: Mapping[str, str] | None = None,
    parts_folder: Path | None = None,
    pool: WorkerPool | None = None,
) -> RenderedFile:
    """Writes the PDF (PDF/A-3a and PDF/UA-1), reopens and checks it.

    The same outline, theme and sources give the same bytes, however many workers there are.

    Args:
        outline: what to print.
        theme: the brand's look.
        path: the file to write.
        sources: texts to attach to the PDF, by file name.
        parts_folder: where parts are kept, and those of an earlier build are taken from.
        pool: who lays out; this process's own workers by default.

    Raises:
        InstallComponent: WeasyPrint or a library under it can't be loaded.
        FixInput: a template of the project's own is wrong.
        PackageFileInvalid: the written file didn't pass its check.
        AicmoError: a worker failed, was killed or took too long.
    """
    workers = pool or shared_pool()
    assets = assets_for(theme, outline.language)
    with tempfile.TemporaryDirectory() if parts_folder is None else nullcontext(parts_folder) as at:
        files = _lay_out(
            workers.run(f"{_HTML}:part_pages", outline, theme), assets, Path(at), workers
        )
        told = [json.loads(file.with_suffix(".json").read_bytes()) for file in files]
        said = workers.run(
            f"{_LAYOUT}:bind",
            workers.run(f"{_HTML}:frame_page", outline, theme, told),
            assets,
            [str(file) for file in files],
            str(path.resolve()),
            created=outline.created,
            attachments=dict(sources or {}),
            producer=outline.prepared_by or outline.client,
        )
    pages = workers.run("aicmo.packaging.pdf_verification:verify_pdf", path.resolve(), outline)
    warnings = [text for one in told for text in one["warnings"]] + said
    return RenderedFile(path, pages, tuple(dict.fromkeys(warnings)))


def _lay_out(
    pages: Mapping[str, str], assets: Assets, folder: Path, pool: WorkerPool
) -> list[Path]:
    """The parts' files, in order; those that aren't there yet are laid out side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs: list[tuple[Path, str, str, Assets]] = []
    for name, html in pages.items():
        shown = {address: asset for address, asset in assets.items() if address in html}
        file = folder.resolve() / f"{name}-{_part_key(html, shown)}.pdf"
        jobs.append((file, name, html, shown))
    # The longest first, so that no worker is left alone with it at the end.
    missing = sorted((job for job in jobs if not job[0].is_file()), key=lambda job: -len(job[2]))
    with ThreadPoolExecutor(max_workers=pool.size) as threads:
        list(threads.map(partial(_lay_out_part, pool), missing))
    return [file for file, *_ in jobs]


def _lay_out_part(pool: WorkerPool, job: tuple[Path, str, str, Assets]) -> None:
    file, name, html, assets = job
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".part-") as folder:
        made = Path(folder) / "part.pdf"
        pool.run(f"{_LAYOUT}:lay_out", html, assets, name, str(made))
        # The PDF last: where it is, its description is.
        made.with_suffix(".json").replace(file.with_suffix(".json"))
        made.replace(file)


def _part_key(html: str, assets: Assets) -> str:
    drawn = {address: content.hex() for address, (_, content) in assets.items()}
    return sha256_of_value([html, drawn, program_sha256(), tool_versions()])[:24]
