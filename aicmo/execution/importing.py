"""From a checked document to the rows of the ledger: all or nothing, repeatable, versioned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import SOCIAL
from aicmo.database import Database
from aicmo.execution import contacts, expansion, post_media, restoring
from aicmo.execution.fingerprint import Fingerprints
from aicmo.execution.post_media import FittedMedium
from aicmo.models import Account, Asset, Item, Plan, PlanAsset, Project
from aicmo.plans import times
from aicmo.plans.assets import require_assets
from aicmo.plans.cross_posts import item_id
from aicmo.plans.difference import Difference, compare
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent
from aicmo.plans.items import Item as PlannedItem
from aicmo.posts.likeness import alike_since, text_sha256
from aicmo.privacy import require_same_key

_LONGEST_KEY, _SHORTENED = 64, 40


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    version: the plan's version now; `unchanged` if the document was already the current one.
    """

    project_id: str
    version: int
    unchanged: bool
    difference: Difference
    contacts: contacts.ContactChanges
    items: int
    deliveries: int
    warnings: tuple[str, ...]


def import_document(
    database: Database,
    document: ProjectDocument,
    *,
    source: str,
    actor: str,
    secret_key: bytes,
    warnings: Iterable[str] = (),
    files: Mapping[str, bytes] | None = None,
) -> Imported:
    """Makes `document` the current plan of its project; `files` are those it refers to, by path.

    Raises:
        FixInput: the document refers to a picture or film that isn't among the files.
        FixConfiguration: the database was made with another secret key.
    """
    files = files or {}
    require_assets(document, files)
    media = post_media.fit_media(database, document, files)
    with audit.transaction(database, document.id) as session:
        require_same_key(session, secret_key)
        done = _Import(
            session, document, source, actor, secret_key, tuple(warnings), files, media
        ).run()
    # Noted from the first plan on: a backup from before the first live run is then told, too.
    restoring.check(database)
    return done


class _Import:
    def __init__(
        self,
        session: Session,
        document: ProjectDocument,
        source: str,
        actor: str,
        secret_key: bytes,
        warnings: tuple[str, ...],
        files: Mapping[str, bytes],
        media: Mapping[str, tuple[FittedMedium, ...]],
    ) -> None:
        self.session, self.document, self.source = session, document, source
        self.actor, self.secret_key, self.warnings = actor, secret_key, warnings
        self.files = {
            path: (hashlib.sha256(each).hexdigest(), each) for path, each in files.items()
        }
        self.media = media
        self.now = datetime.now(UTC)
        self.body: dict[str, Any] = document.model_dump(mode="json", exclude={"contacts"})

    def run(self) -> Imported:
        before = self._current_plan()
        sha256 = self._sha256()
        if before is not None and before.sha256 == sha256:
            return self._unchanged(before)
        project = self._project(before)
        changes = contacts.write(self.session, self.document, self.secret_key, self.now)
        self._add_plan(project.plan_version, sha256)
        deliveries = self._write_items()
        difference = compare(before.document if before else None, self.body)
        self._record(project.plan_version, sha256, difference)
        return Imported(
            project.id, project.plan_version, False, difference, changes,
            len(self.document.items), deliveries, self.warnings + _told(changes),
        )  # fmt: skip

    def _current_plan(self) -> Plan | None:
        query = select(Plan).where(Plan.project_id == self.document.id)
        return self.session.scalars(query.order_by(Plan.version.desc()).limit(1)).first()

    def _sha256(self) -> str:
        digest = hashlib.sha256(_canonical(self.body))
        for contact in self.document.contacts:
            digest.update(contact.model_dump_json().encode())
        for path, (sha256, _) in sorted(self.files.items()):
            digest.update(f"{path}\0{sha256}".encode())
        return digest.hexdigest()

    def _unchanged(self, plan: Plan) -> Imported:
        nothing = Difference((), ())
        return Imported(
            plan.project_id, plan.version, True, nothing, contacts.ContactChanges(),
            len(self.document.items), 0, self.warnings,
        )  # fmt: skip

    def _project(self, before: Plan | None) -> Project:
        version = before.version + 1 if before else 1
        project = self.session.get(Project, self.document.id)
        if project is None:
            project = Project(
                id=self.document.id, client=self.document.client_key, created_at=self.now
            )
            self.session.add(project)
        if project.client != self.document.client_key:
            contacts.follow_client(self.session, project.client, self.document.client_key, self.now)
            project.client = self.document.client_key
        project.name, project.timezone = self.document.name, self.document.timezone
        project.plan_version = version
        self.session.flush()
        return project

    def _add_plan(self, version: int, sha256: str) -> None:
        plan = Plan(
            project_id=self.document.id, version=version, sha256=sha256, source=self.source,
            document=self.body, warnings=list(self.warnings), imported_at=self.now,
        )  # fmt: skip
        self.session.add(plan)
        self.session.flush()
        for path, (content_sha256, content) in self.files.items():
            if self.session.get(Asset, content_sha256) is None:
                self.session.add(Asset(sha256=content_sha256, size=len(content), content=content))
                self.session.flush()
            self.session.add(PlanAsset(plan_id=plan.id, path=path, sha256=content_sha256))
        self.session.flush()

    def _write_items(self) -> int:
        fingerprints = Fingerprints(self.document)
        ledger = expansion.Expansion(self.session, self.document, self.secret_key, self.now)
        self.session.execute(
            update(Item).where(Item.project_id == self.document.id).values(withdrawn=True)
        )
        added = 0
        for planned in self.document.items:
            item = self._write_item(planned, fingerprints)
            added += ledger.expand(item, planned)
        ledger.leave_withdrawn()
        return added

    def _write_item(self, planned: PlannedItem, fingerprints: Fingerprints) -> Item:
        account_id = self._account(planned.channel.value)
        item = self._known_item(planned)
        if item is None:
            item = Item(project_id=self.document.id)
            self.session.add(item)
        item.key = planned.id
        zone = planned.timezone or self.document.timezone
        item.channel, item.title, item.timezone = planned.channel.value, planned.title, zone
        item.send_at = times.resolve(planned.send_at, zone)
        item.send_until = times.resolve(planned.send_until, zone) if planned.send_until else None
        item.content = planned.content.model_dump(mode="json")
        media = self.media.get(planned.id, ())
        item.fingerprint = fingerprints.of(planned, item.send_at, item.send_until, media)
        item.late = planned.late or self.document.sending.late
        item.part_of = planned.part_of or ""
        item.follows = (isinstance(planned.content, CrmContent) and planned.content.of) or ""
        item.text_sha256 = text_sha256(planned)
        item.alike_since = alike_since(planned, item.send_at)
        item.account_id, item.withdrawn = account_id, False
        self.session.flush()
        post_media.write(self.session, item.id, media)
        return item

    def _known_item(self, planned: PlannedItem) -> Item | None:
        """The row of an item, under its id or the one it had before it went to several networks.

        What went out as `launch` on a network must not go out once more as `launch-bluesky` there.
        """
        item = self._keyed(planned.id)
        if item is not None and _changes_network(item, planned):
            self._set_aside(item)
            item = None
        former = planned.part_of or item_id(planned.id, planned.channel.value)
        if item is not None or any(each.id == former for each in self.document.items):
            return item
        moved = self._keyed(former)
        return moved if moved is not None and moved.channel == planned.channel else None

    def _keyed(self, key: str) -> Item | None:
        mine = select(Item).where(Item.project_id == self.document.id, Item.key == key)
        return self.session.scalars(mine).one_or_none()

    def _set_aside(self, item: Item) -> None:
        """What went out on one network is no post of another; under this id it is found when it returns."""
        aside = item_id(item.key, item.channel)
        is_taken = self._keyed(aside) or any(each.id == aside for each in self.document.items)
        if is_taken or len(aside) > _LONGEST_KEY:
            aside = f"{item.key[:_SHORTENED]}-{item.channel}-{item.id}"
        item.key = aside
        self.session.flush()

    def _account(self, channel: str) -> int:
        sender = self.document.brand.sender
        handle = sender.email.lower() if channel == "email" and sender else ""
        key = (
            Account.project_id == self.document.id,
            Account.channel == channel,
            Account.handle == handle,
        )
        found = self.session.scalars(select(Account.id).where(*key)).one_or_none()
        if found is not None:
            return found
        account = Account(project_id=self.document.id, channel=channel, handle=handle)
        self.session.add(account)
        self.session.flush()
        return account.id

    def _record(self, version: int, sha256: str, difference: Difference) -> None:
        audit.record(
            self.session, audit.Event.PLAN_IMPORTED, project_id=self.document.id,
            actor=self.actor, version=version, sha256=sha256,
            items_changed=[change.item for change in difference.items],
        )  # fmt: skip


def _changes_network(item: Item, planned: PlannedItem) -> bool:
    is_social = item.channel in SOCIAL or planned.channel in SOCIAL
    return is_social and item.channel != planned.channel


def _told(changes: contacts.ContactChanges) -> tuple[str, ...]:
    left = (
        f"Contact {key} has left earlier or bounced: its opt_in isn't taken over, nothing is sent"
        for key in changes.resubscribed
    )
    erased = (
        f"Contact {key} was erased on request: nothing of it is kept and nothing is sent; "
        "take it out of the document"
        for key in changes.erased
    )
    return (*left, *erased)


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
