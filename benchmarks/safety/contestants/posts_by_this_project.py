"""AICMO's posts on SQLite, as `import`, `approve`, `execute` and `reconcile` run it, plan after plan.

Three things differ from the command line, for the benchmark's sake: the networks' time-outs are those of
every contestant, the clock goes on from run to run by itself, and the log-in is a fixed token.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.channels import Channel
from aicmo.cli.running import run_channels
from aicmo.database import Database
from aicmo.execution import approvals, runs
from aicmo.execution.account_asking import ask_profile
from aicmo.execution.account_pinning import Pin, pin_account
from aicmo.execution.importing import import_document
from aicmo.execution.reconciling import reconcile
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.bluesky import BlueskyGateway
from aicmo.gateways.contract import LivePermit, OpenGateway
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.instagram import InstagramGateway
from aicmo.gateways.linkedin import LinkedInGateway
from aicmo.gateways.mastodon import MastodonGateway
from aicmo.gateways.social_gateway import SocialGateway
from aicmo.gateways.x import XGateway
from aicmo.models import Account, Delivery, Item, Project
from aicmo.plans.document import ProjectDocument
from aicmo.settings import ExecutionConfig
from benchmarks.safety.contestants.this_project import said
from benchmarks.safety.schedule import CLIENT_SECONDS
from benchmarks.safety.social.networks import NETWORKS, Network
from benchmarks.safety.social.plans import Plan, PlanFolder
from benchmarks.safety.social.schedule import A_RUN_EVERY, BEGINS, DOWN_FOR
from tests.peers.routed_peer import KEY as TOKEN

PICTURE = "pictures/studio.jpg"
KEY = b"benchmark-key-benchmark-key-benchmark"
TIMES = HttpTimes(CLIENT_SECONDS, CLIENT_SECONDS, CLIENT_SECONDS, CLIENT_SECONDS, CLIENT_SECONDS)
_LATER, _RUNS_SOON = timedelta(hours=4), 4
_QUIET_RUNS = 8
"""So many runs in which nothing moved are the end: more than a day."""
_OPEN = ("pending", "claimed", "sending", "unknown")

GATEWAYS: Mapping[str, Callable[..., SocialGateway]] = {
    "twitter": XGateway,
    "linkedin": LinkedInGateway,
    "bluesky": BlueskyGateway,
    "mastodon": MastodonGateway,
    "instagram": lambda *about, **more: InstagramGateway(
        *about, lambda _: "https://store.example/studio.jpg", polls=(), **more
    ),
}


class ClockedDatabase(Database):
    """A ledger whose clock is the folder's."""

    def __init__(self, folder: PlanFolder) -> None:
        super().__init__(f"sqlite:///{folder.path / 'aicmo.db'}")
        self.folder = folder

    @property
    def at(self) -> datetime:
        return self.folder.clock()

    def now(self, session: Session) -> datetime:
        del session
        return self.at

    def go_on_to(self, at: datetime) -> None:
        """Never back."""
        self.folder.set_clock(max(at, self.at))


class Tokens:
    """A log-in that doesn't end."""

    def access_token(self) -> str:
        return TOKEN

    def extra(self, name: str) -> str:
        del name
        return ""


class Campaign:
    """One client's plan, from its import to the last doubt that can be closed."""

    def __init__(self, database: ClockedDatabase, plan: Plan) -> None:
        self.database, self.plan, self.network = database, plan, NETWORKS[plan.network]
        self.config = ExecutionConfig(
            execution_enabled=True, dry_run=False, channels_enabled=[self.network.channel]
        )
        self.request = runs.ExecutionRequest(
            plan.name, enabled=True, dry_run=False, started_by="benchmark"
        )

    def prepare(self) -> None:
        """Imported, its account pinned, and approved; once."""
        with self.database.read() as session:
            if session.get(Project, self.plan.name) is not None:
                return
        self.database.go_on_to(self.plan.due_at(1) - timedelta(hours=1))
        plan = ProjectDocument.model_validate(document(self.plan, self.network))
        files = {PICTURE: picture()} if self.network.channel == Channel.INSTAGRAM else {}
        import_document(
            self.database, plan, source="plan.json", actor="benchmark", secret_key=KEY, files=files
        )
        server = self.network.server or self.plan.base_url
        channel = self.network.channel
        profile = ask_profile(channel, channel, self._opening(self.plan.identity, server, {}))
        pin = Pin(self.plan.name, Channel(self.network.channel), profile, None, server)
        pin_account(self.database, pin, KEY, by="benchmark")
        approvals.approve(
            self.database, self.plan.name, None, approved_by="Ann", now=self.database.at
        )

    def run(self) -> None:
        """A run and `reconcile` every 20 minutes, then every four hours, until nothing moves any more."""
        last, quiet, soon = self.plan.due_at(self.plan.posts), 0, _RUNS_SOON
        before: Counter[tuple[str, str]] = Counter()
        while quiet < _QUIET_RUNS:
            self._send_and_ask()
            now, is_over = self._states(), self.database.at > last
            if is_over and not any(state in _OPEN for state, _ in now):
                break
            soon -= is_over
            quiet = quiet + 1 if is_over and now == before else 0
            before = now
            self.database.go_on_to(self.database.at + (A_RUN_EVERY if soon > 0 else _LATER))

    def _send_and_ask(self) -> None:
        run_channels(runs.open_run(self.database, self.request, self.config), lambda _: self._open)
        reconcile(self.database, self.plan.name, self.config, lambda _: self._open, by="benchmark")

    def _open(self, permit: LivePermit) -> SocialGateway:
        pinned = select(Account).where(Account.project_id == self.plan.name)
        with self.database.read() as session:
            account = session.scalars(pinned).one()
        return self._opening(account.identity, account.server, account.profile)(permit)

    def _opening(self, identity: str, server: str, profile: Mapping[str, Any]) -> OpenGateway:
        account = ProviderAccount(
            identity, handle="@acme", server=server, profile=profile, api_url=self.plan.base_url
        )
        make = GATEWAYS[self.network.channel]
        return lambda permit: make(
            permit, account, Tokens(), times=TIMES, clock=lambda: self.database.at
        )

    def _states(self) -> Counter[tuple[str, str]]:
        query = select(Delivery.state, Delivery.reason)
        with self.database.read() as session:
            rows = session.execute(query.where(Delivery.project_id == self.plan.name))
            return Counter(rows.tuples())

    def said(self) -> dict[int, str]:
        """What the ledger says of each post."""
        query = select(Item.key, Delivery.state, Delivery.ambiguous)
        query = query.join(Delivery, Delivery.item_id == Item.id)
        with self.database.read() as session:
            rows = session.execute(query.where(Item.project_id == self.plan.name)).all()
        return {int(key.removeprefix("post-")): said(state, doubt) for key, state, doubt in rows}


def document(plan: Plan, network: Network) -> dict[str, Any]:
    """A project document with one item for each post."""
    media = [{"file": PICTURE, "alt_text": "The studio in the evening"}]
    with_picture = network.channel == Channel.INSTAGRAM
    return {
        "schema_version": 1, "id": plan.name, "name": "Campaign", "timezone": "UTC", "language": "en",
        "starts_on": f"{BEGINS:%Y-%m-%d}", "ends_on": "2036-01-01",
        "brand": {
            "name": "Studio", "industry": "Fitness", "offer": "Classes", "location": "Paris",
            "postal_address": "12 Example Street",
            "sender": {"name": "Studio", "email": "studio@example.com"},
            "unsubscribe_url": "https://studio.example.com/leave",
            "colours": {"primary": "#12345a", "accent": "#c0392b"},
        },
        "objectives": [{"statement": "Reach all"}],
        "market": {"primary": "Everybody"},
        "strategy": {"summary": "Post.", "pillars": [{"name": "One", "idea": "All"}]},
        "items": [
            {
                "id": f"post-{number}", "channel": network.channel, "title": f"Post {number}",
                "send_at": plan.due_at(number).isoformat(), "late": "send",
                "content": {
                    "text": plan.text(number), **({"media": media} if with_picture else {}),
                },
            }
            for number in plan.numbers
        ],
    }  # fmt: skip


def picture() -> bytes:
    """A plain JPEG."""
    made = io.BytesIO()
    Image.new("RGB", (1080, 1080), "#12345a").save(made, "JPEG")
    return made.getvalue()


def main() -> None:
    folder = PlanFolder()
    database = ClockedDatabase(folder)
    if database.revision() is None:
        database.upgrade()
    else:
        database.go_on_to(database.at + DOWN_FOR)  # it was killed
    for plan in folder.left():
        campaign = Campaign(database, plan)
        campaign.prepare()
        campaign.run()
        folder.say(plan, campaign.said())


if __name__ == "__main__":
    main()
