"""Asking about a doubt in the mailbox that gets a copy of every email.

The copy is a second recipient of the same transaction, under the same final dot: where it arrived,
the relay took responsibility for the message. Where it didn't, nothing is proven: the relay may have
refused the copy alone, and copies are deleted in time. So this never says "absent".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import Found, Question, Reading
from aicmo.gateways.imap_session import open_imap, quoted
from aicmo.gateways.mailbox_address import ImapAddress, parse_mailbox_url

LATEST_COPY = timedelta(hours=24)
"""A relay that is asked to deliver to its own side has done so by then."""


def open_journal_search(url: str, *, ca_file: Path | None = None) -> Callable[[Question], Reading]:
    """What answers questions by the Message-ID of the copy.

    url: AICMO_JOURNAL_URL, an IMAP folder; it is opened for each question, to be read only.

    Raises:
        FixConfiguration: the URL isn't that of an IMAP folder. The search raises what `open_imap` does.
    """
    address = parse_mailbox_url(url, "AICMO_JOURNAL_URL")
    if not isinstance(address, ImapAddress):
        raise FixConfiguration(
            "AICMO_JOURNAL_URL isn't an IMAP folder",
            next_step="Write it as imaps://user:password@host/INBOX.",
        )
    return lambda question: _search(address, question, ca_file)


def _search(address: ImapAddress, question: Question, ca_file: Path | None) -> Reading:
    with open_imap(address, read_only=True, ca_file=ca_file) as folder:
        copies = folder.search("HEADER", "Message-ID", quoted(f"<{question.token}@"))
    if copies:
        return Reading(Found.PRESENT, ref=question.token, detail="its copy is in the journal")
    return Reading(Found.CANNOT_TELL, detail=_what_that_means(question.armed_at))


def _what_that_means(armed_at: datetime) -> str:
    if datetime.now(UTC) < armed_at + LATEST_COPY:
        return "the journal has no copy yet"
    hours = LATEST_COPY // timedelta(hours=1)
    return f"the journal has had no copy for {hours} hours, or it was removed"
