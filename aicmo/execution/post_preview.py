"""The posts of an item as cards, from the ledger's rows: nothing is claimed, and nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from aicmo.channels import Channel
from aicmo.execution import guards
from aicmo.execution.composing_posts import PostComposers, PostDraft
from aicmo.execution.guards import Verdict
from aicmo.execution.post_card import NETWORK_NAMES, Card, CardAccount, Standing, make_card
from aicmo.gateways.email_findings import Check, Finding
from aicmo.models import Account, Approval, Delivery, Item
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import PostContent
from aicmo.posts.draft import PostProblem
from aicmo.posts.parts import part_of


class PostPreviews:
    """Makes the cards of a document's posts."""

    def __init__(self, document: ProjectDocument) -> None:
        self._contents = {item.id: item.content for item in document.items}
        self._brand, self._composers = document.brand.name, PostComposers(document)

    def cards(
        self, session: Session, item_id: int, verdicts: Mapping[int, Verdict]
    ) -> dict[int, Card]:
        """The cards of an item, part by part, by delivery.

        Args:
            session: reads the ledger.
            item_id: of the row.
            verdicts: what the guards say, by delivery; of those that wait or are held.
        """
        item = session.get_one(Item, item_id)
        account = session.get_one(Account, item.account_id)
        content = self._contents[item.key]
        if not isinstance(content, PostContent):
            return {}
        planned = select(Delivery.id).where(Delivery.item_id == item_id, Delivery.in_plan)
        drafts = self._composers.drafts(session, item.key, list(session.scalars(planned)))
        shared = [*_unpinned(item, account), *_alike(session, item)] if verdicts else []
        return {
            each.delivery.id: self._card(session, item, account, content, each, shared, verdicts)
            for each in drafts
        }

    def _card(
        self,
        session: Session,
        item: Item,
        account: Account,
        content: PostContent,
        found: PostDraft,
        shared: Sequence[Finding],
        verdicts: Mapping[int, Verdict],
    ) -> Card:
        delivery, first = found.delivery, found.delivery.part == 1
        findings = [_finding(each) for each in found.draft.problems]
        return make_card(
            found.draft, self._account(account),
            _standing(session, item, account, delivery, verdicts.get(delivery.id)),
            [*findings, *(shared if first else ())],
            item=item.key, part=delivery.part, parts=len(content.thread) + 1,
            to_make=_to_make(content, delivery.part), send_at=item.send_at, timezone=item.timezone,
        )  # fmt: skip

    def _account(self, account: Account) -> CardAccount:
        if not account.identity:
            return CardAccount(pinned=False, name=self._brand)
        handle = str(account.profile.get("handle") or "")
        name = account.name or handle or account.identity
        return CardAccount(pinned=True, name=name, handle=handle, avatar=account.avatar)


def checks_of(cards: Sequence[Card]) -> tuple[Check, ...]:
    """What was looked at of an item's posts, each check with its verdict."""
    findings = [each for card in cards for each in card.findings]
    kinds = {name: [each for each in findings if _check_of(each) == name] for name in _CHECKS}
    said = {
        "Text": ", ".join(card.counted for card in cards),
        "Pictures": _pictures_said(sum(len(card.pictures) for card in cards)),
        "Account": ", ".join({card.account.handle or card.account.name for card in cards}),
        "Repetition": "no equal text on this account within 7 days",
    }
    return tuple(Check(name, said[name], tuple(kinds[name])) for name in _CHECKS)


_CHECKS = ("Text", "Pictures", "Account", "Repetition")
_ACCOUNT, _REPETITION = "account", "content.same_text_again"


def _check_of(finding: Finding) -> str:
    if finding.place == _ACCOUNT:
        return "Account"
    if finding.place == _REPETITION:
        return "Repetition"
    return "Pictures" if "media" in finding.place or "picture" in finding.place else "Text"


def _pictures_said(count: int) -> str:
    return f"{count} picture{'s' if count != 1 else ''} or film" if count else "none"


def _finding(problem: PostProblem) -> Finding:
    return Finding(
        problem.severity, problem.place, problem.message.rstrip("."), problem.fix.rstrip(".")
    )


def _unpinned(item: Item, account: Account) -> Iterator[Finding]:
    if account.identity:
        return
    network = NETWORK_NAMES[Channel(item.channel)]
    yield Finding(
        "hint", _ACCOUNT, f"No {network} account is pinned, so it becomes an operator task: a person posts it",
        f"Log one in with `aicmo accounts add {item.project_id} {item.channel}`, or post it by hand",
    )  # fmt: skip


def _alike(session: Session, item: Item) -> Iterator[Finding]:
    """Networks refuse equal texts, so the later one is refused here."""
    if not session.scalar(select(guards.alike()).select_from(Item).where(Item.id == item.id)):
        return
    yield Finding(
        "error", _REPETITION, f"{_others(session, item)} has the same text on this account within 7 days",
        "Write it in other words, move it, or set `same_text_again: true` if that is meant",
    )  # fmt: skip


def _others(session: Session, item: Item) -> str:
    """The post with the same text that is nearest in time."""
    own, its_account = aliased(Account), aliased(Account)
    query = select(Item).where(
        Item.text_sha256 == item.text_sha256,
        Item.id != item.id,
        own.id == item.account_id,
        its_account.id == Item.account_id,
        guards.is_same_account(own, its_account),
    )
    other = min(session.scalars(query), key=lambda each: abs(each.send_at - item.send_at))
    is_here = other.project_id == item.project_id
    return other.key if is_here else f"{other.key} of {other.project_id}"


def _standing(
    session: Session, item: Item, account: Account, delivery: Delivery, verdict: Verdict | None
) -> Standing:
    reason = verdict.reason if verdict and not verdict.may_go else delivery.reason
    approval = _approval(session, item, account)
    return Standing(delivery.state, approval, reason, delivery.permalink)


def _approval(session: Session, item: Item, account: Account) -> str:
    given = session.scalars(
        select(Approval)
        .where(Approval.item_id == item.id, Approval.revoked_at.is_(None))
        .order_by(Approval.approved_at.desc())
    ).all()
    now = (item.fingerprint, account.identity)
    holds = [each for each in given if (each.fingerprint, each.identity) == now]
    if holds:
        return f"approved by {holds[0].approved_by}"
    return "changed since its approval" if given else "not approved"


def _to_make(content: PostContent, part: int) -> list[str]:
    media = part_of(content, part).media
    return [each.brief or each.alt_text or "" for each in media if not each.source]
