"""The few calls to Prefect's REST API that the launcher needs, without importing Prefect."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

_SECONDS = 60
# Prefect answers 503, having done nothing, while its SQLite is locked; its own client tries again too.
_TRIES = 10
_PAUSE_SECONDS = 1.0


class PrefectApi:
    """`url` ends in `/api`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def deployment_id(self, name: str) -> str:
        return self._call(f"/deployments/name/{name}/{name}")["id"]

    def start_run(self, deployment: str, parameters: dict[str, Any]) -> str:
        """Asks for a run of a deployment; returns the run's id."""
        path = f"/deployments/{self.deployment_id(deployment)}/create_flow_run"
        return self._call(path, {"parameters": parameters})["id"]

    def state(self, run_id: str) -> dict[str, Any]:
        """`type`, `name` and `message` of a run."""
        return self._call(f"/flow_runs/{run_id}")["state"]

    def add_daily_schedule(self, deployment: str, parameters: dict[str, Any]) -> None:
        schedule = {"cron": "0 3 * * *", "timezone": "UTC"}
        body = [{"active": True, "schedule": schedule, "parameters": parameters}]
        self._call(f"/deployments/{self.deployment_id(deployment)}/schedules", body)

    def count_scheduled(self, deployment: str) -> int:
        """Runs that the scheduler has put in the queue by itself."""
        deployments = {"id": {"any_": [self.deployment_id(deployment)]}}
        runs = self._call("/flow_runs/filter", {"deployments": deployments, "limit": 50})
        return sum(run["auto_scheduled"] for run in runs)

    def _call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._url + path, data, {"Content-Type": "application/json"})  # noqa: S310  (http, loopback)
        for _ in range(_TRIES - 1):
            try:
                return _answer(request)
            except HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
            time.sleep(_PAUSE_SECONDS)
        return _answer(request)


def _answer(request: Request) -> Any:
    with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  (http, loopback)
        return json.load(answer)
