"""`aicmo init`: a working folder with a database and a secret key, or a calendar to fill in."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.console import plain, to_stdout

if TYPE_CHECKING:
    from aicmo.database import Database

_KEY = "AICMO_SECRET_KEY"
_NEW_ENV = """\
# Settings of this folder, one a line. AICMO's README lists all of them.

# Ties opt-outs to people, and seals the log-ins of accounts. Keep it, and keep a copy
# apart from the database:
{key}
# What email goes through, and who may get `aicmo email test`:
#AICMO_SMTP_URL=smtp://user%40agency.com:password@mail.agency.com:587?tls=starttls
#AICMO_TEST_RECIPIENTS=me@agency.com

# Where bounces and complaints arrive:
#AICMO_FEEDBACK_URL=imaps://bounces%40agency.com:password@imap.agency.com/INBOX

# Without this nothing is ever sent, and posts only where their networks are named:
#EXECUTION_ENABLED=true
#EXECUTION_CHANNELS=email,linkedin,instagram,x,bluesky,mastodon,crm
"""


def init(
    template: Annotated[
        Path | None,
        typer.Option(help="Only write a calendar to fill in: FILE.xlsx or FILE.csv."),
    ] = None,
) -> None:
    """Prepare this folder: database, secret key. Safe to repeat."""
    if template is not None:
        _write_template(template)
        return
    console = to_stdout()
    for line in [_prepare_key(Path(".env")), prepare_database()]:
        console.print(plain(line), soft_wrap=True)
    console.print("\nNext: `aicmo import FILE` reads a project document (JSON or YAML);")
    console.print("      `aicmo init --template calendar.xlsx` writes a calendar to fill in;")
    console.print("      `aicmo demo` shows the whole way on an example.")


def _write_template(path: Path) -> None:
    from aicmo.errors import FixInput
    from aicmo.plans.spreadsheet import write_template

    if path.exists():
        raise FixInput(f"{path} is there already", next_step="Name a file that isn't there yet.")
    write_template(path)
    console = to_stdout()
    console.print(plain(f"Wrote {path}: a heading, and an example row for each channel."))
    console.print(plain(f"Next: `aicmo import PROJECT.yaml --calendar {path}`."), soft_wrap=True)


def _prepare_key(env_file: Path) -> str:
    from aicmo.settings import get_settings

    key = get_settings().secret_key
    if key and key.get_secret_value():
        _require_long_enough()
        return f"{_KEY} is set; it stays as it is."
    add_secret_key(env_file)
    get_settings().require_secret_key()
    return f"Wrote a new {_KEY} into {env_file} (mode 0600). Keep it: opt-outs are tied to it."


def _require_long_enough() -> None:
    from aicmo.errors import FixConfiguration
    from aicmo.settings import get_settings

    try:
        get_settings().require_secret_key()
    except FixConfiguration as error:
        step = "Remove it, and `aicmo init` writes a good one."
        raise FixConfiguration(str(error), next_step=step) from None


def add_secret_key(env_file: Path) -> None:
    """Appends a fresh AICMO_SECRET_KEY to a file that only its owner may read.

    A new file also says what else it may hold.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    with os.fdopen(os.open(env_file, flags, 0o600), "a+b") as file:
        os.fchmod(file.fileno(), 0o600)
        file.seek(0)
        before = file.read()
        gap = "\n" if before and not before.endswith(b"\n") else ""
        line = f"{_KEY}={secrets.token_urlsafe(48)}\n"
        file.write((gap + line if before else _NEW_ENV.format(key=line)).encode())


def prepare_database() -> str:
    """Makes the database of the settings, or brings it up to date; says which.

    Raises:
        FixConfiguration: it can't be opened.
    """
    from sqlalchemy.exc import DBAPIError

    from aicmo.database import Database, open_database, unusable
    from aicmo.settings import get_settings

    url = get_settings().database_url
    database = Database(url)
    try:
        before = database.revision() if not database.is_sqlite or _exists(database) else None
        database.upgrade()
    except (DBAPIError, OSError) as error:
        raise unusable(database, error) from None
    after = open_database(url).revision()
    shown = database.url.render_as_string(hide_password=True)
    return f"The database {shown} is {'ready' if before == after else 'prepared'} (schema {after})."


def _exists(database: Database) -> bool:
    return bool(database.url.database) and Path(str(database.url.database)).exists()
