"""`aicmo email`: looks after a client's email before and after it is sent."""

from __future__ import annotations

import typer

from aicmo.cli.app import register
from aicmo.cli.email_doctor import doctor
from aicmo.cli.email_feedback import feedback
from aicmo.cli.email_trial import trial

email = typer.Typer(
    help="Check a client's email, try it, and read what came back.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
register("doctor", doctor, of=email)
register("test", trial, of=email)
register("feedback", feedback, of=email)
