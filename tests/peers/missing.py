"""What happens when a server that tests need isn't on the machine."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def skip_or_fail(reason: str) -> NoReturn:
    """Skips the test; fails it where the peers must be there (AICMO_TEST_REQUIRE_PEERS)."""
    if os.environ.get("AICMO_TEST_REQUIRE_PEERS"):
        pytest.fail(reason)
    pytest.skip(reason)
