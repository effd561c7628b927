"""The entry point of `aicmo`; importing it loads no library that only one command needs."""

from __future__ import annotations

from aicmo.cli.accounts import accounts
from aicmo.cli.app import Command, app, register
from aicmo.cli.approving import approve, revoke
from aicmo.cli.checking import check
from aicmo.cli.controlling import cancel, retry
from aicmo.cli.crm import crm
from aicmo.cli.delivering import deliver, packages
from aicmo.cli.demo import demo
from aicmo.cli.doubting import doubts
from aicmo.cli.email import email
from aicmo.cli.erasing import erase
from aicmo.cli.executing import execute
from aicmo.cli.importing import import_
from aicmo.cli.initialising import init
from aicmo.cli.packaging import package
from aicmo.cli.pausing import pause, unpause
from aicmo.cli.planning import plan, projects
from aicmo.cli.previewing import preview
from aicmo.cli.recalling import recall
from aicmo.cli.reconciling import reconcile
from aicmo.cli.recovering import recover
from aicmo.cli.reporting import audit, report
from aicmo.cli.serving import serve
from aicmo.cli.tasks import done, tasks
from aicmo.cli.up import up

_COMMANDS: dict[str, dict[str, Command]] = {
    "Start here": {"demo": demo, "init": init},
    "Plan": {"import": import_, "projects": projects, "plan": plan, "preview": preview},
    "Release": {
        "approve": approve,
        "revoke": revoke,
        "execute": execute,
        "tasks": tasks,
        "done": done,
        "recall": recall,
        "doubts": doubts,
        "reconcile": reconcile,
        "pause": pause,
        "unpause": unpause,
        "cancel": cancel,
        "retry": retry,
        "recover": recover,
    },
    "Package and report": {
        "check": check,
        "packages": packages,
        "deliver": deliver,
        "report": report,
        "audit": audit,
    },
    "Contacts": {"serve": serve, "erase": erase},
    "Prefect": {"up": up},
}

for _panel, _commands in _COMMANDS.items():
    for _name, _function in _commands.items():
        register(_name, _function, panel=_panel)
app.add_typer(accounts, name="accounts", rich_help_panel="Release")
app.add_typer(email, name="email", rich_help_panel="Release")
app.add_typer(crm, name="crm", rich_help_panel="Release")
app.add_typer(package, name="package", rich_help_panel="Package and report")


def run() -> None:
    """Runs the command line; ends the process with its exit status."""
    app(prog_name="aicmo")


if __name__ == "__main__":
    run()
