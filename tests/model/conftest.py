"""The clock and the workshop of the tests that drive the real engine step by step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aicmo.execution import journal
from tests.model import hand_clock, workshop
from tests.model.hand_clock import HandClock
from tests.model.workshop import Workshop


@pytest.fixture(scope="module")
def clock() -> Iterator[HandClock]:
    with pytest.MonkeyPatch.context() as patches:
        by_hand = HandClock()
        hand_clock.install(by_hand, patches)
        yield by_hand


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, clock: HandClock
) -> Iterator[Workshop]:
    prepared = workshop.prepare(tmp_path_factory.mktemp("workshop"), sqlite_template, clock)
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(journal, "_BOOT_ID", prepared.boot_id)
        patches.setattr(journal, "secrets", prepared.names)
        yield prepared
    prepared.engine.dispose()
