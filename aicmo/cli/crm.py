"""`aicmo crm`: looks after what is changed in a client's CRM."""

from __future__ import annotations

import typer

from aicmo.cli.app import register
from aicmo.cli.crm_ask import answer, ask
from aicmo.cli.crm_consent import consent
from aicmo.cli.crm_doctor import doctor
from aicmo.cli.crm_read import read
from aicmo.cli.crm_restore import restore

crm = typer.Typer(
    help="Check a client's CRM, see what would change there, and put it back.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
register("doctor", doctor, of=crm)
register("read", read, of=crm)
register("ask", ask, of=crm)
register("answer", answer, of=crm)
register("restore", restore, of=crm)
register("consent", consent, of=crm)
