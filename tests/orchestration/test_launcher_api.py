"""The launcher's calls outlive a Prefect server that is busy for a moment, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError

import pytest

from deployments import api
from deployments.api import PrefectApi


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[PrefectApi, list[str]]]:
    """A server that gives these statuses one after the other, the last for ever."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = statuses[min(len(asked), len(statuses) - 1)]
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"state": {"name": "Delivered"}}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield PrefectApi(f"http://127.0.0.1:{server.server_port}/api"), asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_PAUSE_SECONDS", 0.0)


def test_a_busy_server_is_asked_again() -> None:
    with answering(503, 503, 200) as (prefect, asked):
        assert prefect.state("run")["name"] == "Delivered"
        assert len(asked) == 3


@pytest.mark.parametrize(("status", "times"), [(404, 1), (500, 1), (503, 10)])
def test_any_other_refusal_and_a_server_that_stays_busy_are_errors(status: int, times: int) -> None:
    with answering(status) as (prefect, asked):
        with pytest.raises(HTTPError):
            prefect.state("run")
        assert len(asked) == times
