"""What tests of the flows do alike: an approved project, a run of it, the pages it leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect.artifacts import Artifact
from prefect.client.schemas.objects import State
from pydantic import SecretStr

from aicmo.database import Database
from aicmo.gateways.capture import CaptureServer
from blocks import SmtpCredentials
from flows.execute_plan import execute_plan
from tests import projects

CANARY = "canary-4f1d9c-password"


def relay_block(server: CaptureServer, name: str) -> str:
    relay = server.relay
    block = SmtpCredentials(
        host=relay.host, port=relay.port, tls="none", password=SecretStr(CANARY)
    )
    block.save(name, overwrite=True)
    return name


def execute(**parameters: Any) -> State[Any]:
    return execute_plan("studio", **parameters, return_state=True)


def artifact(key: str) -> Any:
    """The newest of that key."""
    found = Artifact.get(key)
    assert found is not None
    return found


def page(key: str) -> str:
    return str(artifact(key).data)


def approved_project(ledger: Database, **changes: Any) -> None:
    projects.imported(ledger, **changes)
    projects.approved(ledger, at=datetime.now(UTC))
