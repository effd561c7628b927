"""Posts through the whole engine to a server: imported, pinned, approved, sent, asked about."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from aicmo.errors import AicmoError
from aicmo.execution import runs
from aicmo.execution.reconciling import Reconciled, reconcile
from aicmo.execution.report import ExecutionReport
from aicmo.gateways.account_gateway import Profile, ProviderAccount
from aicmo.gateways.contract import Attachment, OpenGateway
from aicmo.models import Account, Delivery
from aicmo.posts.post import Post, PostPicture, Span
from aicmo.settings import ExecutionConfig
from tests.command_line.cli_workspace import SECRET_KEY, Workspace, enter
from tests.projects import approved, document, imported
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked
from tests.unit.live_runs import LIVE

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class RealProject:
    """A project with one account on `channel`, whose clock goes on when it is told to."""

    database: ClockedDatabase
    channel: str
    account: ProviderAccount

    def plan(self, *items: dict[str, Any]) -> None:
        """Imports the items, pins the account, approves everything."""
        now = self.database.at
        days = {"starts_on": f"{now - timedelta(days=9):%Y-%m-%d}", "ends_on": f"{now:%Y-%m-%d}"}
        imported(self.database, *items, contacts=[], audiences=[], **days)
        values = {
            "identity": self.account.identity,
            "server": self.account.server,
            "profile": dict(self.account.profile),
        }
        with self.database.write() as session:
            session.execute(update(Account).values(**values))
        approved(self.database, at=now)

    def post(self, key: str, text: str, *parts: str, **content: Any) -> dict[str, Any]:
        at = self.database.at - timedelta(minutes=5)
        thread = [{"text": part} for part in parts]
        return {
            "id": key, "channel": self.channel, "title": key, "send_at": f"{at:%Y-%m-%dT%H:%M}+00:00",
            "content": {"text": text, "thread": thread, **content},
        }  # fmt: skip

    def run(self, open_gateway: OpenGateway) -> ExecutionReport:
        """A live run, a minute after the one before."""
        self.database.at += timedelta(minutes=1, seconds=1)
        opened, report = runs.open_run(self.database, LIVE, self._config), ExecutionReport("studio")
        try:
            items = runs.extract_items(opened)
            runs.execute_channel(opened, self.channel, items, lambda: open_gateway)
        except AicmoError as error:
            report.add_error(str(error))
        return runs.close_run(opened, report)

    def ask(self, open_gateway: OpenGateway) -> Reconciled:
        """Asks about doubts, when the answer can be trusted."""
        self.database.at += timedelta(minutes=6)
        return reconcile(self.database, "studio", self._config, lambda _: open_gateway, by="tester")

    def deliveries(self) -> list[Delivery]:
        with self.database.read() as session:
            query = select(Delivery).order_by(Delivery.item_id, Delivery.part)
            return list(session.scalars(query))

    @property
    def _config(self) -> ExecutionConfig:
        return ExecutionConfig(
            execution_enabled=True, dry_run=False, channels_enabled=[self.channel]
        )


@contextmanager
def real_project(
    channel: str, account: ProviderAccount, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[RealProject]:
    with clocked(url, folder, monkeypatch) as database:
        database.at = datetime.now(UTC)
        yield RealProject(database, channel, account)


def command_line(channel: str, folder: Path, patch: pytest.MonkeyPatch) -> Workspace:
    """A working folder with a plan: one post with a picture, and one that answers it."""
    workspace, now = enter(folder, patch), datetime.now(UTC)
    patch.setenv("AICMO_SECRET_KEY", SECRET_KEY)
    workspace.allow(EXECUTION_DRY_RUN="false", EXECUTION_CHANNELS=channel)
    (folder / "wall.png").write_bytes(red_square(400).content)
    content = {
        "text": "We open on Monday, café & tea 👋 #opening",
        "media": [{"file": "wall.png", "alt_text": "A red wall"}],
        "thread": [{"text": "And on Tuesday, too."}],
    }
    item = {
        "id": "launch", "channel": channel, "title": "Launch", "content": content,
        "send_at": f"{now - timedelta(minutes=5):%Y-%m-%dT%H:%M}+00:00",
    }  # fmt: skip
    days = {"starts_on": f"{now - timedelta(days=9):%Y-%m-%d}", "ends_on": f"{now:%Y-%m-%d}"}
    plan = document(item, contacts=[], audiences=[], **days)
    (folder / "plan.json").write_text(plan.model_dump_json(exclude_none=True))
    workspace.run("init")
    workspace.run("import", "plan.json")
    return workspace


def pinned(account: ProviderAccount, profile: Profile) -> ProviderAccount:
    """The account, as it is pinned after the server said who it is."""
    return replace(account, identity=profile.identity, profile=dict(profile.facts))


def red_square(side: int = 64) -> Attachment:
    content = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(content, "PNG")
    held = content.getvalue()
    digest = hashlib.sha256(held).hexdigest()
    return Attachment(digest, "image/png", side, side, "Ein rotes Quadrat, “café”", held)


def post_with(channel: Any, text: str, *files: Attachment) -> Post:
    pictures = tuple(
        PostPicture(
            sha256=each.sha256, media_type=each.media_type, width=each.width, height=each.height,
            alt_text=each.alt_text,
        )
        for each in files
    )  # fmt: skip
    return Post(network=channel, spans=(Span(text=text),), pictures=pictures, language="en")
