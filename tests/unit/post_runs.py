"""Runs of posts through a scripted network, on a clock that is set by hand."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import select, update

from aicmo.database import Database
from aicmo.errors import AicmoError
from aicmo.execution import runs
from aicmo.execution.approvals import CopyRefused
from aicmo.execution.report import ExecutionReport, read_books
from aicmo.gateways.account_gateway import Profile, ProviderAccount, Refused
from aicmo.gateways.contract import (
    Found,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    RepeatClass,
    StillAllowed,
    Timing,
)
from aicmo.gateways.http_answers import confirmed, refused
from aicmo.gateways.http_exchange import HttpExchange
from aicmo.gateways.social_gateway import SocialGateway
from aicmo.models import Account, Delivery, Item
from aicmo.settings import ExecutionConfig
from tests.peers.http_peer import HttpPeer
from tests.projects import NOW, approved, imported, post
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.live_runs import LIVE

CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["mastodon"])
PINNED = ProviderAccount("id-of-studio", name="Studio", handle="@studio")


class _NoTokens:
    def access_token(self) -> str:
        return "canary-token"

    def extra(self, name: str) -> str:
        return ""


class ScriptedNetwork(SocialGateway):
    """Speaks to the scripted provider of `http_peer`, which counts effects by token.

    logged_in_as: what it answers when it is asked who is logged in.
    objections: what staging comes to, one for each call; then nothing more is in the way.
    """

    channel: ClassVar[str] = "mastodon"
    name = "scripted"
    repeat_class = RepeatClass.READABLE
    timing = Timing(send_deadline=5, request_bound=5, quiet=60, staging=30)

    def __init__(
        self, permit: LivePermit, peer: HttpPeer, logged_in_as: str, objections: list[Outcome]
    ) -> None:
        super().__init__(permit, PINNED, _NoTokens(), clock=lambda: NOW)
        self._exchange = HttpExchange(
            "http://{}:{}".format(*peer.address), host="provider.test", headers={}
        )
        self._logged_in_as, self._objections = logged_in_as, objections
        self.posted: list[Outgoing] = []

    def profile(self) -> Profile:
        return Profile(self._logged_in_as, handle=f"@{self._logged_in_as}")

    def _stage(self, draft: Outgoing, values: dict[str, Any]) -> None:
        values.setdefault("uploads", 0)
        values["uploads"] += 1
        if self._objections:
            raise Refused(self._objections.pop(0))

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        headers = {
            "Idempotency-Key": outgoing.token,
            "Recipient": outgoing.recipient or "part:1",
            "Thread": ",".join(outgoing.thread),
        }
        answer = self._exchange.post(
            "/messages", outgoing.payload, headers, outgoing, still_allowed
        )
        if answer.status != 200:
            return refused(answer, self._clock())
        ref = answer.content().get("id")
        return replace(confirmed(answer, ref), permalink=f"https://network.example/{ref}")

    def reconcile(self, question: Question) -> Reading:
        answer = self._exchange.get(f"/messages/{question.token}")
        if answer.status == 404:
            return Reading(Found.ABSENT)
        ref = str(answer.content()["id"])
        return Reading(Found.PRESENT, ref, permalink=f"https://network.example/{ref}")

    def recall(self, ref: str) -> Outcome:
        return Outcome(OutcomeKind.SENT, ref=ref)


def opening(
    peer: HttpPeer, logged_in_as: str = PINNED.identity, objections: list[Outcome] | None = None
) -> OpenGateway:
    left = objections if objections is not None else []
    return lambda permit: ScriptedNetwork(permit, peer, logged_in_as, left)


def pin(database: Database, identity: str = PINNED.identity) -> None:
    with database.write() as session:
        values = {"identity": identity, "name": PINNED.name}
        session.execute(update(Account).where(Account.channel == "mastodon").values(**values))


def ready(database: Database, *items: dict[str, Any]) -> None:
    """Imported, the account pinned, and approved what can be."""
    imported(database, *(items or (mastodon_post(),)))
    pin(database)
    with suppress(CopyRefused):
        approved(database)


def mastodon_post(key: str = "post-1", *parts: str, **content: Any) -> dict[str, Any]:
    plain = post(key, "mastodon")
    thread = [{"text": text} for text in parts]
    return {**plain, "content": {**plain["content"], "thread": thread, **content}}


def run(
    database: ClockedDatabase, open_gateway: OpenGateway, *, project_id: str = "studio"
) -> ExecutionReport:
    """A whole live run; what stopped it is in its report."""
    opened = runs.open_run(database, replace(LIVE, project_id=project_id), CONFIG)
    report = ExecutionReport(project_id)
    try:
        items = runs.extract_items(opened)
        runs.execute_channel(opened, "mastodon", items, lambda: open_gateway)
    except AicmoError as error:
        report.add_error(str(error))
    return runs.close_run(opened, report)


def told(database: ClockedDatabase) -> list[tuple[str, str]]:
    """State and reason of every delivery, in the order of the plan."""
    with database.read() as session:
        assert read_books(session, "studio", now=database.at).balanced
        query = select(Delivery.state, Delivery.reason).join(Item, Item.id == Delivery.item_id)
        return [
            (row[0], row[1]) for row in session.execute(query.order_by(Item.key, Delivery.part))
        ]


def deliveries(database: Database) -> list[Delivery]:
    with database.read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def later(database: ClockedDatabase, **span: float) -> None:
    database.at += timedelta(**span)
