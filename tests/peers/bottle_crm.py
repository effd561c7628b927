"""BottleCRM's own server on loopback (PyPI: `django-crm`): a real CRM with a REST interface.

Its database is PostgreSQL with a role that row-level security binds, as its operators are told to. Who
signs up does so in its own way: a code by email, then an organization, then a token for a program.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from tests.peers.children import running
from tests.peers.install import install_bottle, newer_python
from tests.peers.missing import skip_or_fail
from tests.peers.postgres_server import new_database

_SECONDS = 60  # for one answer, on a machine that is busy with other tests
_CODE = re.compile(r"^Subject: .* code: (\d{6})$", re.MULTILINE)
_SIGN_INS = "10000/hour"  # it stops at 30 from one address, and all tests have the same one


@dataclass(frozen=True)
class BottleUser:
    """Somebody's session, in the one organization that they administer."""

    url: str
    user_id: str
    organization_id: str
    organization: str
    access_token: str
    refresh_token: str

    def create_token(self, *scopes: str, **options: Any) -> str:
        """A token for a program, as its user makes one: `contacts:read`, `*:read`; with none, everything."""
        asked = {"name": "aicmo", "scopes": scopes, **options}
        return self.call("POST", "profile/tokens/", asked)["token"]

    def call(self, method: str, path: str, content: Any = None) -> dict[str, Any]:
        """The answer under `/api/`."""
        return _content(_ask(self.url, method, path, content, self.access_token))


@dataclass(frozen=True)
class BottleCrm:
    """A running server; its mail is in `mail`, a file for each."""

    url: str
    mail: Path

    def sign_up(self) -> BottleUser:
        """A new user, and their new organization; no two on a server have the same name."""
        name = secrets.token_hex(6)
        signed_in = self._sign_in(f"{name}@agency.test")
        token = signed_in["access_token"]
        made = _content(_ask(self.url, "POST", "org/", {"name": f"Agency {name}"}, token))
        chosen = {"org_id": made["org"]["id"]}
        session = _content(_ask(self.url, "POST", "auth/switch-org/", chosen, token))
        return BottleUser(
            url=self.url,
            user_id=signed_in["user"]["id"],
            organization_id=session["current_org"]["id"],
            organization=session["current_org"]["name"],
            access_token=session["access_token"],
            refresh_token=session["refresh_token"],
        )

    def _sign_in(self, email: str) -> dict[str, Any]:
        asked = {"email": email, "delivery": "code"}
        _content(_ask(self.url, "POST", "auth/magic-link/request/", asked))
        given = {"email": email, "code": self._code(email)}
        return _content(_ask(self.url, "POST", "auth/magic-link/verify-code/", given))

    def _code(self, email: str) -> str:
        texts = [each.read_text() for each in self.mail.iterdir()]
        found = [_CODE.search(text) for text in texts if f"\nTo: {email}\n" in text]
        return next(each[1] for each in found if each)


@contextmanager
def running_bottle(postgres_url: str) -> Iterator[BottleCrm]:
    """The server with no users, its database on that of `postgres_url`; skips where it can't be installed."""
    if newer_python() is None:
        skip_or_fail("BottleCRM needs Python 3.12 or 3.13, which isn't on this machine.")
    program = Path(__file__).with_name("bottle_process.py")
    with (
        tempfile.TemporaryDirectory(prefix="aicmo-bottle-") as folder,
        _database(postgres_url) as database,
    ):
        log = Path(folder, "stderr.log")
        with (
            log.open("w") as stderr,
            running(
                [install_bottle(), program],
                cwd=folder,
                env=_variables(database),
                stdout=-1,
                stderr=stderr,
            ) as process,
        ):
            assert process.stdout
            port = process.stdout.readline().strip()
            assert port, f"BottleCRM didn't start:\n{log.read_text()}"
            yield BottleCrm(f"http://127.0.0.1:{port}", Path(folder, "mail"))


@contextmanager
def _database(postgres_url: str) -> Iterator[URL]:
    """An empty database that belongs to a role of its own, which policies bind unlike a superuser."""
    role, password = f"bottle_{secrets.token_hex(4)}", secrets.token_hex()
    url = make_url(new_database(postgres_url)).set(drivername="postgresql")
    names = {"role": sql.Identifier(role), "database": sql.Identifier(url.database or "")}
    create = sql.SQL("CREATE ROLE {role} LOGIN PASSWORD {password}")
    server = make_url(postgres_url).set(drivername="postgresql")
    with psycopg.connect(
        server.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(create.format(password=sql.Literal(password), **names))
        connection.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {role}").format(**names))
        yield url.set(username=role, password=password)
        connection.execute(sql.SQL("DROP DATABASE {database} WITH (FORCE)").format(**names))
        connection.execute(sql.SQL("DROP ROLE {role}").format(**names))


def _variables(database: URL) -> dict[str, str]:
    return {
        "DBHOST": database.host or "",
        "DBPORT": str(database.port or 5432),
        "DBNAME": database.database or "",
        "DBUSER": database.username or "",
        "DBPASSWORD": database.password or "",
        "SECRET_KEY": secrets.token_hex(),
        "PYTHON_DOTENV_DISABLED": "1",  # it would read ours, from a folder above its own
        "MAGIC_LINK_THROTTLE_IP": _SIGN_INS,
        "MAGIC_LINK_THROTTLE_GLOBAL": _SIGN_INS,
    }


def _ask(url: str, method: str, path: str, content: Any, token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.request(
        method, f"{url}/api/{path}", json=content, headers=headers, timeout=_SECONDS
    )


def _content(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return answer.json()
