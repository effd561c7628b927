"""`aicmo up`: hands over to the launcher of the local Prefect server, which the core never imports."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer


def up(
    port: Annotated[int, typer.Option(help="Where the Prefect server listens.")] = 4200,
    limit: Annotated[int, typer.Option(help="Runs at the same time.")] = 2,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Run an example through it, then leave.")
    ] = False,
) -> None:
    """Start a local Prefect server, worker and deployments; Ctrl-C ends all of it."""
    arguments = ["--port", str(port), "--limit", str(limit), *(["--check"] if check else [])]
    # The launcher takes this process's place, so that Ctrl-C and signals reach it directly.
    os.execv(sys.executable, [sys.executable, "-m", "deployments.up", *arguments])  # noqa: S606
