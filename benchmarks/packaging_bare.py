"""WeasyPrint alone, as somebody would call it: one document, tagged, nothing else done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse

if TYPE_CHECKING:
    from aicmo.packaging.pdf_html import Assets


def render(html: str, assets: Assets, path: str) -> None:
    class Given(URLFetcher):
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            del headers
            media_type, content = assets[url]
            return URLFetcherResponse(url, content, {"Content-Type": media_type})

    HTML(string=html, url_fetcher=Given()).write_pdf(path, pdf_variant="pdf/ua-1")
