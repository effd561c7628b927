"""The strategy as a PDF: from the outline to HTML here, from HTML to pages in a child process."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicmo.errors import AicmoError, InstallComponent
from aicmo.packaging import charts, fonts, markup
from aicmo.packaging.outline import BarChart, Timeline, imprint
from aicmo.packaging.pdf_parts import parts_of
from aicmo.packaging.pdf_verification import verify_pdf
from aicmo.packaging.pdf_worker import CANNOT_LOAD
from aicmo.packaging.rendered import RenderedFile
from aicmo.plans.colours import mix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.outline import Outline

WORKER = "aicmo.packaging.pdf_worker"
TIMEOUT_SECONDS = 240.0
ASSETS = {"asset:watermark.svg": (markup.TEMPLATES / "watermark.svg").read_text(encoding="utf-8")}
_PACKAGE_ROOT = Path(__file__).parents[2]


def render_pdf(
    outline: Outline, theme: Theme, path: Path, *, sources: Mapping[str, str] | None = None
) -> RenderedFile:
    """Writes the PDF (tagged, PDF/UA-1), reopens and checks it.

    The same outline, theme and sources give the same bytes.

    Args:
        outline: what to print.
        theme: the brand's colours and typeface.
        path: the file to write.
        sources: texts to attach to the PDF, by file name.

    Raises:
        InstallComponent: WeasyPrint or a library under it can't be loaded.
        PackageFileInvalid: the written file didn't pass its check.
        AicmoError: the renderer failed, was killed or took too long.
    """
    html = html_for(outline, theme)
    attachments = dict(sources or {})
    known = json.dumps([html, attachments], sort_keys=True).encode()
    job = {
        "html": html,
        "path": str(path.resolve()),
        "identifier": hashlib.sha256(known).hexdigest()[:32],
        "created": outline.created,
        "attachments": attachments,
        "assets": ASSETS,
    }
    report = _run_worker(job)
    pages = verify_pdf(path, outline)
    return RenderedFile(path, pages, tuple(report["warnings"]))


def html_for(outline: Outline, theme: Theme) -> str:
    """The HTML that is printed: one string, with its style sheet, no script, no outside address."""

    def draw(block: BarChart | Timeline) -> list[tuple[str, Markup]]:
        return [("drawing", charts.draw(block, theme.light))]

    return (
        markup.environment(printed=True)
        .get_template("strategy.html.j2")
        .render(
            outline=outline,
            theme=theme,
            draw=draw,
            draft=outline.status == "internal draft",
            front=True,
            parts=parts_of(outline),
            sheets=(),
            display=fonts.FAMILIES[theme.typeface],
            ring=mix(theme.primary, theme.on_primary, 0.1),
            imprint=imprint(outline),
        )
    )


def _run_worker(job: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="aicmo-pdf-") as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-m", WORKER],
                input=json.dumps(job).encode(),
                capture_output=True,
                timeout=TIMEOUT_SECONDS,
                cwd=folder,
                env=_environment(Path(folder)),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AicmoError(
                f"The PDF renderer ({WORKER}) was stopped after {TIMEOUT_SECONDS:g} seconds.",
                next_step="Package a plan with fewer items, or a less busy machine.",
            ) from None
    if done.returncode:
        raise _failure(done.returncode, done.stderr.decode(errors="replace"))
    return json.loads(done.stdout)


def _environment(folder: Path) -> dict[str, str]:
    # Nothing else of ours goes to the child: no addresses, no secrets.
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "FONTCONFIG_FILE": str(fonts.write_fontconfig(folder)),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(_PACKAGE_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _failure(status: int, output: str) -> AicmoError:
    last = output.strip().splitlines()[-1:] or ["it gave no reason"]
    if status == CANNOT_LOAD:
        return InstallComponent(
            f"The PDF renderer can't be loaded: {last[0]}.",
            next_step="Install Pango and a font, on Debian: apt install libpango-1.0-0 "
            "libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core.",
        )
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return AicmoError(
        f"The PDF renderer ({WORKER}) ended with {how}: {last[0]}.",
        next_step="The other formats don't need it; run the package again to try the PDF again.",
    )
