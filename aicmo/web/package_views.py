"""What a link to a package answers: its page, and its files one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from aicmo.database import Database
from aicmo.execution.project import load_files
from aicmo.models import Project
from aicmo.packaging.brand import theme_for
from aicmo.packaging.links import (
    DOWNLOADED,
    OPENED,
    SharedFile,
    SharedPackage,
    find_link,
    note_visit,
)
from aicmo.packaging.pictures import Picture
from aicmo.storage.contract import PackageStore
from aicmo.storage.disposition import attachment
from aicmo.web.package_pages import gone_page, no_file_page, no_package_page, package_page

_PRESIGNED_SECONDS = 300
"""Long enough to begin a download; the page's own link makes a new one each time."""
METHODS = ["GET", "HEAD", "OPTIONS"]
InThread = Callable[..., Awaitable[Any]]


@dataclass
class PackageViews:
    """Answers under `/p/`.

    open_store: where packages are kept; asked for with the first download.
    in_thread: runs a function that waits for the database or the store.
    """

    database: Database
    open_store: Callable[[], PackageStore]
    in_thread: InThread

    async def answer(self, request: Request) -> Response:
        """`/p/TOKEN` is the page, `/p/TOKEN/NAME` a file; only a GET counts as a visit."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": ", ".join(METHODS)})
        token, _, name = request.path_params["rest"].partition("/")
        is_visit = request.method == "GET"
        return await self.in_thread(self._answer, token, name, is_visit)

    def _answer(self, token: str, name: str, is_visit: bool) -> Response:  # noqa: FBT001
        shared = find_link(self.database, token)
        if shared is None:
            return no_package_page()
        if shared.state != "open":
            return gone_page(shared, self._timezone(shared))
        return self._file(shared, name, is_visit) if name else self._page(shared, token, is_visit)

    def _page(self, shared: SharedPackage, token: str, is_visit: bool) -> Response:  # noqa: FBT001
        page = package_page(shared, token, self._timezone(shared), self._logo(shared))
        if is_visit:
            note_visit(self.database, shared.link_id, OPENED)
        return page

    def _file(self, shared: SharedPackage, name: str, is_visit: bool) -> Response:  # noqa: FBT001
        file = shared.file(name)
        if file is None:
            return no_file_page(shared)
        answer = self._download(file, shared.brand.name) if is_visit else _headers(file, shared)
        if is_visit:
            note_visit(self.database, shared.link_id, DOWNLOADED, file.name)
        return answer

    def _download(self, file: SharedFile, client: str) -> Response:
        if self._store.serves_links:
            link = self._store.link(file.key, expires_seconds=_PRESIGNED_SECONDS)
            return RedirectResponse(link, 303)
        content = self._store.chunks(file.key)
        # A file that isn't there is told before an answer has begun.
        return StreamingResponse(_begun(content), headers=_described(file, client))

    @cached_property
    def _store(self) -> PackageStore:
        return self.open_store()

    def _timezone(self, shared: SharedPackage) -> str:
        with self.database.read() as session:
            return session.get_one(Project, shared.project_id).timezone

    def _logo(self, shared: SharedPackage) -> Picture | None:
        if shared.brand.logo is None:
            return None
        with self.database.read() as session:
            files = load_files(session, shared.project_id)
        return theme_for(shared.brand, files).logo


def _headers(file: SharedFile, shared: SharedPackage) -> Response:
    """What a HEAD is told: a presigned link answers nothing but a GET."""
    return Response(headers=_described(file, shared.brand.name))


def _described(file: SharedFile, client: str) -> dict[str, str]:
    # Never shown on this origin, and if a browser did, nothing in it would run.
    return {
        "content-type": file.media_type,
        "content-length": str(file.size),
        "content-disposition": attachment(f"{client} - {file.name}"),
        "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }


def _begun(content: Iterator[bytes]) -> Iterator[bytes]:
    return chain([next(content, b"")], content)
