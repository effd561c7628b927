"""prefect.yaml deploys flows that exist, with parameters they accept, safe as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from deployments.registration import POOL, prefect_file
from tasks.crashed_runs import FLOWS

FILE: dict[str, Any] = yaml.safe_load(prefect_file().read_text(encoding="utf-8"))
DEPLOYMENTS: list[dict[str, Any]] = FILE["deployments"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["name"])
def test_deployment_fits_its_flow(deployment: dict[str, Any]) -> None:
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    schema = parameter_schema(flow)
    given = deployment["parameters"]
    required = {name: _some(schema.properties[name]) for name in schema.required}

    flow.validate_parameters(required | given)
    assert flow.name == deployment["name"]
    assert set(given) == set(schema.properties) - set(schema.required)
    assert all(schema.properties[name].get("description") for name in schema.properties)
    assert deployment["work_pool"]["name"] == POOL
    # Its slots outlive the runs that held them, and then nothing starts any more.
    assert "concurrency_limit" not in deployment


def _some(parameter: dict[str, Any]) -> Any:
    return ["some-value"] if parameter.get("type") == "array" else "some-value"


def test_every_deployment_is_looked_after() -> None:
    assert {each["name"] for each in DEPLOYMENTS} == set(FLOWS)


@pytest.mark.parametrize("name", ["reconcile-doubts", "read-feedback", "sync-consent"])
def test_what_sends_nothing_runs_by_itself(name: str) -> None:
    (deployment,) = [each for each in DEPLOYMENTS if each["name"] == name]

    assert [(each["cron"], each["active"]) for each in deployment["schedules"]] == [
        ("*/15 * * * *", True)
    ]


def test_a_crm_is_told_nothing_as_it_stands() -> None:
    (consent,) = [each for each in DEPLOYMENTS if each["name"] == "sync-consent"]

    assert (consent["parameters"]["enabled"], consent["parameters"]["dry_run"]) == (False, True)


def test_execution_is_off_in_the_deployment_too() -> None:
    (execution,) = [each for each in DEPLOYMENTS if each["name"] == "execute-plan"]

    assert execution["parameters"]["enabled"] is False
    assert execution["parameters"]["dry_run"] is True
    assert [schedule["active"] for schedule in execution["schedules"]] == [False]


def test_nothing_is_pulled_and_no_place_of_a_machine_is_named() -> None:
    text = prefect_file().read_text(encoding="utf-8")

    assert FILE["pull"] == []
    assert str(Path.home()) not in text
    assert "/work" not in text
