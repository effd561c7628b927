"""Reading the mailbox that bounces and complaints come back to; nothing is ever deleted there."""

from __future__ import annotations

import mailbox
import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aicmo.errors import FixConfiguration
from aicmo.gateways.imap_session import ImapFolder, open_imap
from aicmo.gateways.mail_reports import LONGEST_MESSAGE
from aicmo.gateways.mailbox_address import (
    FileAddress,
    ImapAddress,
    MailboxAddress,
    parse_mailbox_url,
)
from aicmo.settings import Settings

PROCESSED = "AICMO-processed"
"""The keyword of messages that were dealt with."""
_MOST = 10_000
"""Messages per reading: what nobody deals with stays, and must not make every reading longer."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message; `name` is what its mailbox knows it by.

    content: its beginning, at most LONGEST_MESSAGE bytes.
    """

    name: str
    content: bytes


class FeedbackMailbox(ABC):
    """Messages that haven't been dealt with, the newest first."""

    @abstractmethod
    def messages(self) -> Iterator[Received]: ...

    @abstractmethod
    def mark_processed(self, name: str) -> None:
        """The message isn't handed out again; doing it twice is fine."""


class ImapMailbox(FeedbackMailbox):
    """Messages without the keyword `AICMO-processed`; they get it, and are marked as read."""

    def __init__(self, folder: ImapFolder) -> None:
        self._folder = folder

    def messages(self) -> Iterator[Received]:
        for uid in self._folder.search("UNKEYWORD", PROCESSED, "UNDELETED")[: -_MOST - 1 : -1]:
            content = self._folder.fetch(uid, LONGEST_MESSAGE)
            if content is not None:
                yield Received(uid, content)

    def mark_processed(self, name: str) -> None:
        self._folder.flag(name, r"\Seen", PROCESSED)


class MaildirMailbox(FeedbackMailbox):
    """Files in `new/`; they go to `cur/`, read (maildir's own rule)."""

    def __init__(self, path: Path) -> None:
        self._new, self._cur = path / "new", path / "cur"
        if not all(each.is_dir() and os.access(each, os.W_OK) for each in (self._new, self._cur)):
            raise FixConfiguration(
                f"{path} is not a Maildir that can be used",
                next_step="It needs the folders cur, new and tmp, and you must be able to write them.",
            )

    def messages(self) -> Iterator[Received]:
        files = sorted(self._new.iterdir(), reverse=True)  # a name begins with its time
        for file in files[:_MOST]:
            content = None if file.name.startswith(".") else _beginning(file)
            if content is not None:
                yield Received(file.name, content)

    def mark_processed(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self._new / name).rename(self._cur / f"{name}:2,S")


class MboxMailbox(FeedbackMailbox):
    """One file that is only read: what is known from an earlier reading isn't counted again."""

    def __init__(self, path: Path) -> None:
        if not (path.is_file() and os.access(path, os.R_OK)):
            raise FixConfiguration(
                f"There is no mbox file that can be read at {path}",
                next_step="Check the path in AICMO_FEEDBACK_URL.",
            )
        self._path = path

    def messages(self) -> Iterator[Received]:
        box = mailbox.mbox(self._path, create=False)
        try:
            for key in list(box.keys())[: -_MOST - 1 : -1]:
                with box.get_file(key) as file:
                    yield Received(str(key), file.read(LONGEST_MESSAGE))
        finally:
            box.close()

    def mark_processed(self, name: str) -> None:
        """Nothing: the file belongs to whoever writes it."""


def feedback_address(settings: Settings) -> MailboxAddress:
    """The mailbox of AICMO_FEEDBACK_URL.

    Raises:
        FixConfiguration: it is unset or can't be read.
    """
    if settings.feedback_url is None:
        raise FixConfiguration(
            "AICMO_FEEDBACK_URL is not set, so there is no mailbox to read",
            next_step="Set it to imaps://user:password@host/INBOX, maildir:///path or mbox:///path.",
        )
    return parse_mailbox_url(settings.feedback_url.get_secret_value())


@contextmanager
def open_mailbox(
    address: MailboxAddress, *, ca_file: Path | None = None
) -> Generator[FeedbackMailbox]:
    """The mailbox, while the context is open.

    Raises:
        FixConfiguration: it isn't there, or refuses the login.
        TryLater: its server can't be reached.
    """
    if isinstance(address, ImapAddress):
        with open_imap(address, ca_file=ca_file) as folder:
            yield ImapMailbox(folder)
    else:
        yield _of_files(address)


def _of_files(address: FileAddress) -> FeedbackMailbox:
    if address.kind == "maildir":
        return MaildirMailbox(address.path)
    return MboxMailbox(address.path)


def _beginning(file: Path) -> bytes | None:
    """What a message file holds; None for anything that isn't one, such as a link elsewhere."""
    try:
        if file.is_symlink() or not file.is_file():
            return None
        with file.open("rb") as opened:
            return opened.read(LONGEST_MESSAGE)
    except FileNotFoundError:
        return None
