"""AICMO with Prefect on this machine: `python -m deployments.up [--check] [--port N]`.

One command, safe to repeat: starts a Prefect server, puts blocks, work pool and deployments on it,
starts a worker, and ends all of it on Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from aicmo.database import open_database
from aicmo.errors import AicmoError
from aicmo.settings import get_execution_config, get_settings
from deployments.api import PrefectApi
from deployments.local_server import LocalPrefect
from deployments.processes import Children, interrupts
from deployments.registration import prefect_file
from deployments.self_check import check, throw_away_folder

_REGISTRATION_SECONDS = 300
_MISUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when it was ended or the check passed, 2 when something didn't start."""
    interrupts.install()
    options = _parse(arguments)
    try:
        if options.check:
            with throw_away_folder() as folder:
                _check(LocalPrefect(folder / "prefect", options.port), options.limit)
        else:
            _up(LocalPrefect(Path(".aicmo/prefect").resolve(), options.port), options.limit)
    except KeyboardInterrupt:
        say("Stopped: server, worker and their runs have ended.")
    except AicmoError as error:
        print(f"Error: {error}. {error.next_step}".strip(), file=sys.stderr, flush=True)
        return _MISUSED
    return 0


def say(text: str) -> None:
    print(text, flush=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aicmo up", description=__doc__)
    parser.add_argument("--port", type=int, default=4200, help="where the server listens (4200)")
    parser.add_argument("--limit", type=int, default=2, help="runs at the same time (2)")
    parser.add_argument(
        "--check", action="store_true", help="run an example through it in a throw-away folder"
    )
    return parser.parse_args(arguments)


def _up(prefect: LocalPrefect, limit: int) -> None:
    _require_working_folder()
    with Children() as children:
        _start(prefect, children, limit)
        say(
            f"\nOpen {prefect.address}\n\n"
            "  Deployments > execute-plan > Run > Custom run previews or sends a plan;\n"
            "  Blocks > + holds the mail relay (SMTP Credentials) and the bucket for packages.\n"
            f"  {sending()}\n\n"
            f"Runs work in {Path.cwd()}; data and logs of Prefect are in {prefect.home}.\n"
            "Ctrl-C ends the server, the worker and their runs."
        )
        ended = children.watch()
        raise AicmoError(f"{ended.name} ended by itself", next_step=f"Its log is {ended.log}.")


def sending() -> str:
    """Whether runs started here can send."""
    if get_execution_config().execution_enabled:
        return (
            "EXECUTION_ENABLED is true: a run that is enabled, with dry_run off, SENDS what is "
            "approved and due."
        )
    return "As it stands nothing can be sent: docs/prefect.md tells which keys to turn."


def _require_working_folder() -> None:
    """Raises FixConfiguration now for what every run would stumble over later."""
    settings = get_settings()
    settings.require_secret_key()
    open_database(settings.database_url, create=False)


def _check(prefect: LocalPrefect, limit: int) -> None:
    with Children() as children:
        _start(prefect, children, limit)
        check(PrefectApi(f"{prefect.address}/api"), say)
    say("All of it works.")


def _start(prefect: LocalPrefect, children: Children, limit: int) -> None:
    prefect_file()
    prefect.require_free_port()
    say(f"Starting the Prefect server on {prefect.address}")
    prefect.wait_until_healthy(children.start(prefect.start_server), say)
    say("Registering blocks, work pool and deployments")
    children.finish(children.start(prefect.start_registration), _REGISTRATION_SECONDS)
    say(f"Starting a worker for at most {limit} runs at a time")
    children.start(lambda: prefect.start_worker(limit))


if __name__ == "__main__":
    sys.exit(main())
