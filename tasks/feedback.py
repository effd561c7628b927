"""The steps of reading what came back: bounces and complaints."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from prefect.artifacts import create_markdown_artifact

from aicmo.errors import FixConfiguration
from aicmo.execution.feedback import CameBack, FeedbackRead, LeftInPlace, read_feedback
from aicmo.gateways.mailboxes import FeedbackMailbox, feedback_address, open_mailbox
from aicmo.settings import get_settings
from blocks.mailbox_credentials import MailboxCredentials
from tasks.report_pages import escape
from tasks.steps import actor, current_database, repeatable, step

_MOST_SHOWN = 50


@repeatable(name="read-feedback-mailbox", task_run_name="read what came back")
def read_feedback_mailbox(mailbox_credentials: str) -> FeedbackRead | None:
    """Counts reports and suppresses whom they are about; None if no mailbox is named anywhere.

    mailbox_credentials: name of a Mailbox Credentials block; '' for AICMO_FEEDBACK_URL.
    """
    with step("read_feedback_mailbox"):
        settings = get_settings()
        if not mailbox_credentials and settings.feedback_url is None:
            return None
        with _open(mailbox_credentials) as mailbox:
            return read_feedback(
                current_database(), mailbox, by=actor(), journal_address=settings.journal_address
            )


def _open(mailbox_credentials: str) -> AbstractContextManager[FeedbackMailbox]:
    if not mailbox_credentials:
        return open_mailbox(feedback_address(get_settings()))
    try:
        return MailboxCredentials.load(mailbox_credentials).open_mailbox()
    except ValueError:
        raise FixConfiguration(
            f"There is no Mailbox Credentials block named {mailbox_credentials}",
            next_step="Create it in the UI under Blocks, or leave the name empty.",
        ) from None


@repeatable(name="publish-feedback", task_run_name="publish what came back")
def publish_feedback(read: FeedbackRead) -> None:
    """What came back and what followed, without addresses."""
    with step("publish_feedback"):
        create_markdown_artifact(
            feedback_page(read), key="feedback", description="Bounces and complaints, newly read."
        )


def feedback_page(read: FeedbackRead) -> str:
    """Markdown: what came back, and the messages that count for nothing."""
    parts = [
        "# What came back",
        f"{_messages(read.messages)} read, {read.known} known from before.",
        f"{read.settled} in doubt had gone out, as this shows." if read.settled else "",
        _came_back(read.came_back),
        _left(read.left),
    ]
    return "\n\n".join(part for part in parts if part)


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"


def _came_back(came_back: Sequence[CameBack]) -> str:
    if not came_back:
        return ""
    lines = ["| Project | Item | Delivery | What | Status | Suppressed |", "| --- " * 6 + "|"]
    for each in came_back[:_MOST_SHOWN]:
        told = (each.project_id, each.item, str(each.delivery_id), each.kind, each.status,
                each.suppressed)  # fmt: skip
        lines.append("| " + " | ".join(escape(text) for text in told) + " |")
    return "\n".join([*lines, *_more(len(came_back))])


def _left(left: Sequence[LeftInPlace]) -> str:
    if not left:
        return ""
    lines = [
        f"## {_messages(len(left))} not ours, left in the mailbox",
        "",
        "| Message | Why |",
        "| --- | --- |",
    ]
    shown = left[:_MOST_SHOWN]
    lines += [f"| {escape(each.name)} | {escape(each.reason)} |" for each in shown]
    return "\n".join([*lines, *_more(len(left))])


def _more(count: int) -> list[str]:
    return ["", f"and {count - _MOST_SHOWN:,} more"] if count > _MOST_SHOWN else []
