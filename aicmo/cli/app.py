"""The Typer application, and the promise that every command ends with the right exit status.

0 done, 1 something failed or is in doubt, 2 bad usage or configuration.
"""

from __future__ import annotations

import errno
import functools
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import typer

from aicmo.cli.console import plain, print_json, survive_bad_encodings, to_stderr, to_stdout

FAILED, MISUSED = 1, 2
_UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT)
_FULL = (errno.ENOSPC, errno.EDQUOT)
Command = Callable[..., None]
_debug: ContextVar[bool] = ContextVar("aicmo_debug", default=False)

app = typer.Typer(
    name="aicmo",
    help="Executes a client's marketing plan safely, and packages it as what the client receives.",
    epilog="Exit status: 0 done, 1 something failed or is in doubt, 2 bad usage or configuration.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:  # noqa: FBT001  (Typer calls it so)
    if value:
        from importlib.metadata import version

        to_stdout().print(f"aicmo {version('aicmo-delivery')}")
        raise typer.Exit


@app.callback()
def prepare(
    *,
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Show the version."
    ),
) -> None:
    survive_bad_encodings()
    _debug.set(debug)


def register(
    name: str, function: Command, *, panel: str | None = None, of: typer.Typer = app
) -> None:
    """Makes a function a command whose errors become one sentence and an exit status."""
    of.command(name, rich_help_panel=panel)(_with_exit_status(function))


def _with_exit_status(function: Command) -> Command:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  (the last place that can put it in words)
            raise typer.Exit(tell(error, as_json=bool(kwargs.get("as_json")))) from None

    return run


def tell(error: Exception, *, as_json: bool = False) -> int:
    """Says on stderr what went wrong and what to do; returns the exit status."""
    from aicmo.errors import AicmoError
    from aicmo.redaction import describe, redact

    console = to_stderr()
    if _debug.get():
        console.print(plain(redact(traceback.format_exc())), soft_wrap=True)
    error = _in_words(error)
    cause = describe(error)
    step = error.next_step if isinstance(error, AicmoError) else ""
    if not isinstance(error, AicmoError):
        cause = f"Unexpected {type(error).__name__}: {cause}"
        step = "Run it again as `aicmo --debug …` for the traceback."
    # A person reads whole words; a log keeps whole lines.
    whole = not console.is_terminal
    console.print(plain(f"Error: {_sentence(cause)}", "bold red"), soft_wrap=whole)
    if step:
        console.print(plain(f"Next:  {_sentence(step)}"), soft_wrap=whole)
    if as_json:
        print_json({"error": cause, "next_step": step})
    return exit_status(error)


def _in_words(error: Exception) -> Exception:
    """What the user can put right about a file or the database; any other error as it is."""
    from sqlalchemy.exc import OperationalError

    from aicmo.errors import FixConfiguration, TryLater
    from aicmo.redaction import describe

    if isinstance(error, OperationalError):
        step = "Check it, then run again: nothing is lost or sent twice."
        return TryLater(f"The database doesn't work: {describe(error)}", next_step=step)
    if not isinstance(error, OSError):
        return error
    # A full disk is noticed while writing, when the system no longer tells which file it is.
    if error.errno in _FULL:
        step = "Make room on its disk, or name another folder."
    elif error.errno in _UNWRITABLE and error.filename is not None:
        step = "Check that its folder is there and that you may write in it, or name another one."
    else:
        return error
    file = error.filename2 or error.filename or "A file"
    return FixConfiguration(f"{file} can't be written: {error.strerror}", next_step=step)


def exit_status(error: Exception) -> int:
    """2 for what the caller has to put right, 1 for everything else."""
    from aicmo.errors import (
        FixConfiguration,
        FixInput,
        InstallComponent,
        NoSuchProject,
    )

    to_be_fixed = (FixConfiguration, FixInput, InstallComponent, NoSuchProject)
    return MISUSED if isinstance(error, to_be_fixed) else FAILED


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
