"""Renders one PDF, in a process of its own; the only file that imports WeasyPrint.

A renderer that runs out of memory, hangs or dies (WeasyPrint ends with SIGSEGV without a font)
takes nothing with it. It reads a job from standard input (JSON: html, path, identifier, created,
attachments) and writes a report to standard output (JSON: warnings). Exit 3: WeasyPrint or the
libraries under it can't be loaded.
"""

from __future__ import annotations

import importlib
import json
import logging
import resource
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcher

MEMORY_BYTES = 2 * 1024**3
CPU_SECONDS = 180
CANNOT_LOAD = 3


def main() -> int:
    """Renders the job of standard input; returns the exit status."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    job = json.load(sys.stdin)
    warnings = _Warnings()
    logging.getLogger("weasyprint").addHandler(warnings)
    try:
        import weasyprint  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport]  (after the limits)
    except (ImportError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_LOAD
    render(job)
    json.dump({"warnings": warnings.texts}, sys.stdout)
    return 0


def render(job: dict[str, Any]) -> None:
    """Writes the job's HTML as a tagged PDF to the job's path."""
    from weasyprint import HTML, Attachment  # noqa: PLC0415  (see `main`)

    when = datetime.fromisoformat(job["created"])
    attachments = [
        Attachment(string=text, name=name, base_url=".", created=when, modified=when)
        for name, text in job["attachments"].items()
    ]
    document: Any = HTML(string=job["html"], url_fetcher=_jail(job["assets"]))
    document.write_pdf(
        job["path"],
        pdf_variant="pdf/ua-1",
        pdf_identifier=bytes.fromhex(job["identifier"]),
        attachments=attachments,
        finisher=_finish,
    )


def _jail(assets: dict[str, str]) -> URLFetcher:
    """A fetcher that knows the given assets (by address) and refuses everything else."""
    from weasyprint.urls import (  # noqa: PLC0415  (see `main`)
        FatalURLFetchingError,
        URLFetcher,
        URLFetcherResponse,
    )

    class Jail(URLFetcher):
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            del headers
            if url not in assets:
                # Our templates refer to nothing else: such an address came from somebody's text.
                raise FatalURLFetchingError(f"refused the address {url[:200]}")
            return URLFetcherResponse(url, assets[url].encode(), {"Content-Type": "image/svg+xml"})

    return Jail()


def _finish(_document: Any, pdf: Any) -> None:
    """Gives table heads the Scope that PDF/UA-1 asks for and WeasyPrint 70 leaves out (its #2508)."""
    pydyf: Any = importlib.import_module("pydyf")
    for one in pdf.objects:
        if isinstance(one, pydyf.Dictionary) and one.get("S") == "/TH":
            row = one["ID"].string.split("-")[1] if "ID" in one else "0"
            attributes = one.setdefault("A", pydyf.Dictionary({"O": "/Table"}))
            attributes["Scope"] = "/Column" if row == "0" else "/Row"


class _Warnings(logging.Handler):
    """Keeps what WeasyPrint warns of, once each, in order."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if (text := record.getMessage()) not in self.texts:
            self.texts.append(text)


if __name__ == "__main__":
    sys.exit(main())
