"""The web application: what it answers at which address."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from aicmo.database import Database
from aicmo.execution.leaving import Letter, find_letter, unsubscribe
from aicmo.settings import get_settings
from aicmo.storage.contract import PackageStore
from aicmo.storage.opening import open_store
from aicmo.web.package_views import METHODS as PACKAGE_METHODS
from aicmo.web.package_views import PackageViews
from aicmo.web.pages import (
    done_page,
    question_page,
    refusal_page,
    sorry_page,
    unknown_link_page,
)
from aicmo.web.protection import Protection, read_body

_AT_ONCE = 8
"""Requests that use the database at the same time: fewer than it has connections to give."""
_METHODS = ["GET", "HEAD", "OPTIONS", "POST"]
T = TypeVar("T")


def packages_store() -> PackageStore:
    """The store that the environment names."""
    return open_store(get_settings().packages_folder_or_url())


def create_app(database: Database, store: Callable[[], PackageStore] = packages_store) -> ASGIApp:
    """The application on a database; it needs no key, since links and addresses are kept as hashes.

    Args:
        database: the ledger.
        store: where packages are kept; opened with the first download.
    """
    views = _Views(database)
    packages = PackageViews(database, store, views.in_thread)
    app = Starlette(
        routes=[
            Route("/healthz", views.health, methods=["GET"]),
            # Whatever follows is looked up, so that a cut or garbled link is answered like any other.
            Route("/u/{token:path}", views.leave, methods=_METHODS),
            Route("/p/{rest:path}", packages.answer, methods=PACKAGE_METHODS),
        ],
        exception_handlers={HTTPException: _refused, Exception: _failed},
    )
    # A mail program's POST must not be redirected (RFC 8058 §3.2).
    app.router.redirect_slashes = False
    return Protection(app)


class _Views:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._threads = CapacityLimiter(_AT_ONCE)

    async def health(self, request: Request) -> Response:
        """Whether the database answers."""
        del request
        await self.in_thread(_ask, self._database)
        return PlainTextResponse("ok\n")

    async def leave(self, request: Request) -> Response:
        """GET asks, and changes nothing, since scanners follow links; any POST leaves (RFC 8058)."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": ", ".join(_METHODS)})
        await read_body(request)
        letter = await self.in_thread(find_letter, self._database, request.path_params["token"])
        if letter is None:
            return unknown_link_page()
        if request.method == "POST":
            await self.in_thread(unsubscribe, self._database, letter)
            return done_page(letter)
        return _shown(letter)

    async def in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        """What a function returns that waits for the database."""
        # A request that has timed out doesn't wait for its thread, which ends by itself.
        call = partial(function, *arguments)
        return await to_thread.run_sync(call, limiter=self._threads, abandon_on_cancel=True)


def _shown(letter: Letter) -> Response:
    return done_page(letter) if letter.has_left else question_page(letter)


def _ask(database: Database) -> None:
    with database.read() as session:
        session.execute(select(1))


async def _refused(request: Request, error: Exception) -> Response:
    del request
    refusal = cast("HTTPException", error)
    if refusal.status_code == 404:  # noqa: PLR2004
        return unknown_link_page()
    page = refusal_page(refusal.status_code, f"{refusal.detail}.")
    page.headers.update(refusal.headers or {})
    return page


async def _failed(request: Request, error: Exception) -> Response:
    del request, error
    return sorry_page()
