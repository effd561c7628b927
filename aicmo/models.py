"""The tables. All truth about what was approved, sent and left undone is in these rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime can't be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own form)
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[str]: JSON,
    }


class Installation(Table):
    """One row about the database itself.

    secret_key_check: proves that the same AICMO_SECRET_KEY is used as when the database was made.
    uid: names the database; a backup of it has the same one.
    place: where the database stood when it last sent; elsewhere, it was restored or moved.
    disarmed_at: since then, what was already due is held: it may have gone out before a restore.
    """

    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(primary_key=True)
    secret_key_check: Mapped[str] = mapped_column(String(64))
    uid: Mapped[str] = mapped_column(String(32), default="")
    place: Mapped[str] = mapped_column(String(200), default="")
    disarmed_at: Mapped[datetime | None]


class Project(Table):
    """One client engagement; `client` is whose, so that what a person told one project holds for all."""

    __tablename__ = "project"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    client: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(500))
    timezone: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    plan_version: Mapped[int]


class Plan(Table):
    """One imported version of a project's document, without its contacts."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("project_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"))
    version: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]]
    warnings: Mapped[list[str]]
    imported_at: Mapped[datetime]


class Asset(Table):
    """A file that plans refer to, by its content: a logo, a cover picture, a template."""

    __tablename__ = "asset"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class PlanAsset(Table):
    """Where a plan's document refers to an asset: `path` as it is written there."""

    __tablename__ = "plan_asset"
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(500), primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("asset.sha256"))


class Package(Table):
    """A package that was built; the same content is the same package.

    identity: SHA-256 of its manifest.
    number: counts the project's packages, from 1.
    status: final or internal draft.
    findings: what the quality gate found; the agency's own, in no file that the client gets.
    archive: the ZIP of all its files: its name, size in bytes and SHA-256.
    store_url: where its manifest is kept; empty when it was not stored.
    """

    __tablename__ = "package"
    __table_args__ = (
        UniqueConstraint("project_id", "identity"),
        UniqueConstraint("project_id", "number"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"))
    number: Mapped[int]
    identity: Mapped[str] = mapped_column(String(64))
    plan_version: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    manifest: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]] = mapped_column(JSON, default=list)
    archive: Mapped[dict[str, Any]] = mapped_column(default=dict)
    store_url: Mapped[str] = mapped_column(Text, default="")
    built_by: Mapped[str] = mapped_column(String(200))
    built_at: Mapped[datetime]


class PackageLink(Table):
    """A page on which somebody can open a package until `expires_at`; the token itself isn't kept."""

    __tablename__ = "package_link"
    __table_args__ = (UniqueConstraint("token_sha256"), Index(None, "package_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    package_id: Mapped[int] = mapped_column(ForeignKey("package.id"))
    token_sha256: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class PackageVisit(Table):
    """A link was opened, or a file downloaded by it; nothing about the visitor is kept.

    kind: opened or downloaded; file: the name of the downloaded file.
    """

    __tablename__ = "package_visit"
    __table_args__ = (Index(None, "link_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("package_link.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(16))
    file: Mapped[str] = mapped_column(String(200), default="")


class Contact(Table):
    """A person of a project; `mailbox` is the address in the form that identifies the mailbox.

    timezone: IANA name; '' is the project's.
    changed_at: when an import last brought something new about the person.
    """

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("project_id", "key"),
        Index(None, "project_id", "mailbox"),
        Index(None, "address_hmac"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"))
    key: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(320), default="")
    mailbox: Mapped[str] = mapped_column(String(320), default="")
    address_hmac: Mapped[str] = mapped_column(String(64), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="")
    consent: Mapped[str] = mapped_column(String(16))
    consent_source: Mapped[str] = mapped_column(String(500), default="")
    hard_bounced: Mapped[bool]
    removed: Mapped[bool] = mapped_column(default=False)
    details: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime | None]


class Account(Table):
    """The client's identity at a provider: what a delivery goes out as.

    paused_at: the provider refused the account; a person has to put it right.
    not_before: the account waits by itself: a 429, or too many failures in a row.
    handle: the sender of email; `read` of a CRM's account that may only read; else ''.
    provider: which CRM; '' where the channel says it.
    identity: the provider's own id of the account, pinned by a person; '' while there is none.
    server: address of the server that the account is on, where a network has many.
    profile: what the provider said of the account when it was last asked: limits, scopes, expiry.
    avatar: a small PNG, for previews.
    """

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("project_id", "channel", "handle"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"))
    channel: Mapped[str] = mapped_column(String(16))
    handle: Mapped[str] = mapped_column(String(320))
    provider: Mapped[str] = mapped_column(String(16), default="")
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str] = mapped_column(String(200), default="")
    not_before: Mapped[datetime | None]
    wait_reason: Mapped[str] = mapped_column(String(200), default="")
    identity: Mapped[str] = mapped_column(String(200), default="")
    name: Mapped[str] = mapped_column(String(200), default="")
    server: Mapped[str] = mapped_column(String(200), default="")
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    avatar: Mapped[bytes | None] = mapped_column(LargeBinary)
    checked_at: Mapped[datetime | None]


class AccountSecret(Table):
    """What an account is logged in with, sealed with a key that is made from AICMO_SECRET_KEY.

    source: where its log-in came from: `added` here, or a hash of a block's own secrets.
    is_proven: the provider said that it is the pinned account's; one log-in of an account is.
    expires_at: of the access token. needs_login: why a person has to log in anew, or ''.
    """

    __tablename__ = "account_secret"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    is_proven: Mapped[bool]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None]
    refreshed_at: Mapped[datetime]
    needs_login: Mapped[str] = mapped_column(String(200), default="")


class CrmSchema(Table):
    """What the CRM says of its own properties; `content` is that of `aicmo.crm.schema`."""

    __tablename__ = "crm_schema"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    read_at: Mapped[datetime]


class CrmReading(Table):
    """A contact as the CRM had it when it was last read for a preview; nothing is sent by it.

    identity: of the CRM's account; another one's reading says nothing of this one.
    found: `one`, `none` or `several`.
    record: of `aicmo.crm.record.Record` or `Several`, as JSON; empty of `none`.
    """

    __tablename__ = "crm_reading"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    identity: Mapped[str] = mapped_column(String(200))
    found: Mapped[str] = mapped_column(String(8))
    record: Mapped[dict[str, Any]] = mapped_column(default=dict)
    read_at: Mapped[datetime]


class CrmAnswer(Table):
    """A person's word on one property of a delivery, while the CRM has the value that they saw.

    take: `ours` or `theirs`.
    """

    __tablename__ = "crm_answer"
    __table_args__ = (UniqueConstraint("delivery_id", "property"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    property: Mapped[str] = mapped_column(String(200))
    theirs: Mapped[str] = mapped_column(Text)
    take: Mapped[str] = mapped_column(String(8))
    answered_by: Mapped[str] = mapped_column(String(200))
    answered_at: Mapped[datetime]


class CrmRestoration(Table):
    """The wish to put back what a delivery overwrote, and what came of it; the delivery stays sent.

    state: asked, approved, restored, kept (nothing of it was ours any more), refused or unknown.
    restored: by property, the value that was put back; detail: why others weren't.
    """

    __tablename__ = "crm_restoration"
    __table_args__ = (Index(None, "delivery_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime]
    approved_by: Mapped[str] = mapped_column(String(200), default="")
    approved_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16), default="asked")
    restored: Mapped[dict[str, Any]] = mapped_column(default=dict)
    detail: Mapped[str] = mapped_column(String(500), default="")
    ended_at: Mapped[datetime | None]


class CrmOptOut(Table):
    """That the CRM knows of a contact who left: written there, or found there."""

    __tablename__ = "crm_opt_out"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)
    at: Mapped[datetime]


class Item(Table):
    """One planned piece of content of the current plan.

    fingerprint: SHA-256 over everything that goes out; an approval holds while it is unchanged.
    planned: how many deliveries the ledger must hold for it; the books are checked against it.
    cancelled_at: a person called it off; what hasn't gone out never will.
    held_since: it was due when the database was found to be restored from a backup.
    released_at: a person let it go out in spite of that.
    late: what becomes of it when its time has passed unused: `hold`, `send` or `drop`.
    part_of: id of the document's post that goes to several networks, of which this is one; or ''.
    text_sha256: of a post's text as networks compare it; '' of anything else.
    alike_since: a post with the same text from then on keeps this one; None where that is meant.
    follows: id of the document's item that this one notes; it goes to whom that one went.
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("project_id", "key"),
        Index("ix_item_text_sha256", "text_sha256", sqlite_where=text("text_sha256 <> ''"),
              postgresql_where=text("text_sha256 <> ''")),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"))
    key: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(500))
    send_at: Mapped[datetime]
    send_until: Mapped[datetime | None]
    timezone: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    fingerprint: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    late: Mapped[str] = mapped_column(String(8), default="hold")
    planned: Mapped[int] = mapped_column(default=0)
    part_of: Mapped[str] = mapped_column(String(64), default="")
    text_sha256: Mapped[str] = mapped_column(String(64), default="")
    alike_since: Mapped[datetime | None]
    follows: Mapped[str] = mapped_column(String(64), default="")
    withdrawn: Mapped[bool] = mapped_column(default=False)
    cancelled_at: Mapped[datetime | None]
    held_since: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


class PostMedia(Table):
    """A picture or film of a post as it goes out: already fitted to its network.

    part: of the thread, from 1. role: `media`, or `card` for the picture of its link.
    place: among those of its part, from 1.
    """

    __tablename__ = "post_media"
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(8), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("asset.sha256"))
    media_type: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    alt_text: Mapped[str] = mapped_column(Text, default="")


class Approval(Table):
    """A person's yes to an item as it was; void once the item's fingerprint differs.

    identity: of the account that it was to go out as; another account voids it, too.
    """

    __tablename__ = "approval"
    __table_args__ = (Index(None, "item_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    identity: Mapped[str] = mapped_column(String(200), default="")
    approved_by: Mapped[str] = mapped_column(String(200))
    approved_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Run(Table):
    """One execution of a project, by whom and in which mode.

    alive_until: renewed while it works; an open run that has passed it has crashed.
    """

    __tablename__ = "run"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"))
    mode: Mapped[str] = mapped_column(String(16))
    started_by: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime]
    alive_until: Mapped[datetime | None]
    crashed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Delivery(Table):
    """One item to one recipient or account: a row of the ledger.

    recipient: the mailbox, or the contact's key for CRM, or '' for a post, `part:2` in a thread.
    part: of a thread, from 1; it goes out when the one before it is out.
    staged: what was put up at the provider before arming: uploads, a container, a record's key; of a
        change in a CRM, what it writes and what it overwrites.
    fence: names the newest claim (62 random bits); only its holder may record an outcome.
    in_plan: the current plan still has it; a delivery is never deleted.
    uncounted: attempts that said nothing about this delivery (a relay that was down).
    ambiguous: an attempt may have gone out, so a later refusal proves nothing.
    repeatable_until: until then the provider takes the token of a first try for the same one.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("item_id", "account_id", "recipient"),
        Index("ix_delivery_queue", "item_id", "id", sqlite_where=text("state = 'pending'"),
              postgresql_where=text("state = 'pending'")),
        # Not by state: it changes three times for each message, and each change costs.
        Index(None, "project_id"),
        Index("ix_delivery_doubts", "project_id", sqlite_where=text("state = 'unknown'"),
              postgresql_where=text("state = 'unknown'")),
        Index("ix_delivery_leases", "lease_until", sqlite_where=text("lease_until IS NOT NULL"),
              postgresql_where=text("lease_until IS NOT NULL")),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    recipient: Mapped[str] = mapped_column(String(320))
    token: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(200), default="")
    since: Mapped[datetime]
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    in_plan: Mapped[bool] = mapped_column(default=True)
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    uncounted: Mapped[int] = mapped_column(default=0)
    ambiguous: Mapped[bool] = mapped_column(default=False)
    repeatable_until: Mapped[datetime | None]
    provider_ref: Mapped[str] = mapped_column(String(500), default="")
    permalink: Mapped[str] = mapped_column(String(500), default="")
    part: Mapped[int] = mapped_column(default=1)
    staged: Mapped[dict[str, Any]] = mapped_column(default=dict)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))


class Attempt(Table):
    """One transmission: written before its first byte, completed after its answer.

    gateway: whom it went to; nobody else can be asked about it or take its token.
    feedback_sha256: of the token by which whoever leaves or reports a bounce names the delivery.
    address_hmac: of the mailbox that an email went to; what one person got is counted by it.
    payload: of a post, by which it is found again at its provider.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("delivery_id", "number"),
        Index(None, "account_id", "armed_at"),
        Index("ix_attempt_feedback_sha256", "feedback_sha256",
              sqlite_where=text("feedback_sha256 <> ''"),
              postgresql_where=text("feedback_sha256 <> ''")),
        Index("ix_attempt_address_hmac", "address_hmac", "armed_at",
              sqlite_where=text("address_hmac <> ''"),
              postgresql_where=text("address_hmac <> ''")),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    number: Mapped[int]
    fence: Mapped[int] = mapped_column(BigInteger)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    gateway: Mapped[str] = mapped_column(String(32))
    payload_sha256: Mapped[str] = mapped_column(String(64))
    feedback_sha256: Mapped[str] = mapped_column(String(64), default="")
    address_hmac: Mapped[str] = mapped_column(String(64), default="")
    armed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(32), default="")
    code: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[str] = mapped_column(String(500), default="")
    provider_ref: Mapped[str] = mapped_column(String(500), default="")
    permalink: Mapped[str] = mapped_column(String(500), default="")
    payload: Mapped[str] = mapped_column(Text, default="")


class Recall(Table):
    """The wish to take a published post back, and what came of it; the delivery stays sent.

    state: asked, approved, deleted, refused or unknown.
    """

    __tablename__ = "recall"
    __table_args__ = (Index(None, "delivery_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    provider_ref: Mapped[str] = mapped_column(String(500))
    reason: Mapped[str] = mapped_column(String(200))
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime]
    approved_by: Mapped[str] = mapped_column(String(200), default="")
    approved_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16), default="asked")
    detail: Mapped[str] = mapped_column(String(500), default="")
    ended_at: Mapped[datetime | None]


class Reading(Table):
    """What a provider said when it was asked about a doubt."""

    __tablename__ = "reading"
    __table_args__ = (Index(None, "delivery_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    read_at: Mapped[datetime]
    found: Mapped[str] = mapped_column(String(16))
    provider_ref: Mapped[str] = mapped_column(String(500), default="")
    detail: Mapped[str] = mapped_column(String(500), default="")


class Feedback(Table):
    """What came back about a delivery that went out: a bounce, a complaint, a person who left.

    kind: bounced, delayed, delivered, complained or unsubscribed.
    status: the enhanced status code (RFC 3463) of a delivery report, such as 5.1.1.
    source_sha256: of the report, so that reading a mailbox twice counts once.
    """

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("delivery_id", "kind", "source_sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), default="")
    detail: Mapped[str] = mapped_column(String(500), default="")
    source_sha256: Mapped[str] = mapped_column(String(64), default="")
    received_at: Mapped[datetime]


class Suppression(Table):
    """An address nobody may write to, kept as an HMAC; client '' is for every client."""

    __tablename__ = "suppression"
    __table_args__ = (UniqueConstraint("client", "address_hmac"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(String(64), default="")
    address_hmac: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]


class Pause(Table):
    """A switch that stops sending; '' stands for every project, or every channel."""

    __tablename__ = "pause"
    __table_args__ = (UniqueConstraint("project_id", "channel"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(String(64), default="")
    channel: Mapped[str] = mapped_column(String(16), default="")
    paused_by: Mapped[str] = mapped_column(String(200))
    paused_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200), default="")


class AuditHead(Table):
    """The newest link of a project's chain; locked while one is added."""

    __tablename__ = "audit_head"
    project_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    number: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditEvent(Table):
    """Append-only: triggers refuse UPDATE and DELETE."""

    __tablename__ = "audit_event"
    __table_args__ = (UniqueConstraint("project_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(String(200))
    number: Mapped[int]
    at: Mapped[str] = mapped_column(String(32))
    event: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(200))
    data: Mapped[str] = mapped_column(Text)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
