"""Whole runs into a scripted CRM, on a clock that is set by hand and that waiting moves on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from aicmo.errors import AicmoError
from aicmo.execution import dispatch, runs
from aicmo.execution.report import ExecutionReport, read_books
from aicmo.gateways.contract import OpenGateway
from aicmo.models import Delivery
from aicmo.settings import ExecutionConfig
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked
from tests.unit.live_runs import LIVE

CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["crm"])


@contextmanager
def crm_ledger(
    url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[ClockedDatabase]:
    with clocked(url, folder, monkeypatch) as found:

        def sleep(seconds: float) -> None:
            found.at += timedelta(seconds=seconds)

        waiting = SimpleNamespace(sleep=sleep, monotonic=time.monotonic)
        monkeypatch.setattr(dispatch, "time", waiting)
        yield found


def run(ledger: ClockedDatabase, open_gateway: OpenGateway) -> ExecutionReport:
    """A whole live run; what stopped it is in its report."""
    opened = runs.open_run(ledger, replace(LIVE), CONFIG)
    report = ExecutionReport("studio")
    try:
        items = runs.extract_items(opened)
        runs.execute_channel(opened, "crm", items, lambda: open_gateway)
    except AicmoError as error:
        report.add_error(str(error))
    return runs.close_run(opened, report)


def run_until_quiet(ledger: ClockedDatabase, open_gateway: OpenGateway) -> None:
    for _ in range(4):
        run(ledger, open_gateway)
        ledger.at += timedelta(minutes=10)


def deliveries(ledger: ClockedDatabase) -> list[Delivery]:
    with ledger.read() as session:
        assert read_books(session, "studio", now=ledger.at).balanced
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def counted(ledger: ClockedDatabase) -> Counter[str]:
    return Counter(each.state for each in deliveries(ledger))
