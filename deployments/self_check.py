"""Proves that this installation works: deployments run through server and worker, schedules come alive.

Everything happens in a throw-away folder, on a bundled example, as a dry run; it is kept only when
the check fails, for its logs.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from aicmo.errors import FixConfiguration
from deployments.api import PrefectApi

PROJECT = "northside-founders"
_RUN_SECONDS = 240
_SCHEDULE_SECONDS = 120
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@contextmanager
def throw_away_folder() -> Generator[Path]:
    """A working folder of its own, for the environment as well: no setting of the user's is used."""
    before, kept = Path.cwd(), dict(os.environ)
    folder = Path(mkdtemp(prefix="aicmo-check-"))
    for name in kept:
        if name.startswith(("AICMO_", "EXECUTION_", "AWS_")):
            del os.environ[name]
    os.environ["AICMO_SECRET_KEY"] = secrets.token_urlsafe(48)
    os.environ["EXECUTION_ENABLED"] = "true"
    os.chdir(folder)
    try:
        yield folder
    except FixConfiguration:
        # Its error names a log in there.
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept)


def check(api: PrefectApi, say: Callable[[str], None]) -> None:
    """Imports the example, previews it, and sees a scheduled run.

    Raises:
        FixConfiguration: one of these didn't happen.
    """
    api.add_daily_schedule("build-package", {"project_id": PROJECT})
    example = files("aicmo.plans") / "examples" / f"{PROJECT}.yaml"
    with as_file(example) as document:
        _run(api, "import-plan", {"path": str(document)}, "Imported", say)
    _run(api, "execute-plan", {"project_id": PROJECT, "enabled": True}, "Previewed", say)
    _see_scheduled_run(api, say)


def _run(
    api: PrefectApi,
    deployment: str,
    parameters: dict[str, Any],
    name: str,
    say: Callable[[str], None],
) -> None:
    run_id, deadline = api.start_run(deployment, parameters), time.monotonic() + _RUN_SECONDS
    state = api.state(run_id)
    while state["type"] not in _ENDED and time.monotonic() < deadline:
        time.sleep(1)
        state = api.state(run_id)
    if state["name"] != name:
        raise FixConfiguration(
            f"The run of {deployment} ended as {state['name']}, not {name}: {state['message']}"
        )
    say(f"{deployment}: {name}. {state['message']}")


def _see_scheduled_run(api: PrefectApi, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _SCHEDULE_SECONDS
    while not (count := api.count_scheduled("build-package")):
        if time.monotonic() > deadline:
            raise FixConfiguration(
                "The scheduler put no run in the queue",
                next_step="Install the versions of requirements.lock: newer SQLAlchemy breaks it.",
            )
        time.sleep(1)
    say(f"Schedule: {count} runs of build-package are in the queue.")
