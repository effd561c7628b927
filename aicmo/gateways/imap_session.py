"""A folder on an IMAP server (RFC 9051), as `imaplib` shows it, with its errors in words."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from aicmo.errors import FixConfiguration, TryLater
from aicmo.gateways.mailbox_address import ImapAddress

_SECONDS = 60.0
_NEXT = "Nothing is lost; run again later."


class ImapFolder:
    """An opened folder; messages are named by their UIDs."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._client = client

    def search(self, *criteria: str) -> list[str]:
        """UIDs, ascending.

        criteria: ASCII; a value that isn't a plain word is quoted by `quoted`.
        """
        found = self._ask("SEARCH", *criteria)
        numbers = b" ".join(each for each in found if isinstance(each, bytes)).split()
        return [str(number) for number in sorted(map(int, numbers))]

    def fetch(self, uid: str, most_bytes: int) -> bytes | None:
        """The beginning of a message, which stays unread; None if it has gone meanwhile."""
        for part in self._ask("FETCH", uid, f"(BODY.PEEK[]<0.{most_bytes}>)"):
            if isinstance(part, tuple):
                _, content = cast("tuple[bytes, bytes]", part)
                return content
        return None

    def flag(self, uid: str, *flags: str) -> None:
        self._ask("STORE", uid, "+FLAGS.SILENT", f"({' '.join(flags)})")

    def _ask(self, command: str, *arguments: str) -> list[Any]:
        with _in_words():
            status, data = self._client.uid(command, *arguments)
            if status != "OK":
                raise imaplib.IMAP4.error
            return [part for part in data if part is not None]


@contextmanager
def open_imap(
    address: ImapAddress, *, read_only: bool = False, ca_file: Path | None = None
) -> Generator[ImapFolder]:
    """The folder, while the context is open.

    ca_file: PEM file of the authorities to trust instead of the system's.

    Raises:
        TryLater: the server can't be reached, or isn't the one its certificate says.
        FixConfiguration: it refuses the login, or has no such folder.
    """
    with _in_words():
        client = _connect(address, ssl.create_default_context(cafile=ca_file))
    try:
        with _in_words():
            _log_in(client, address)
            _select(client, address.folder, read_only=read_only)
        yield ImapFolder(client)
    finally:
        with suppress(Exception):  # what was done is done; a failed goodbye changes nothing
            client.logout()


def quoted(text: str) -> str:
    """`text` as an IMAP string; ASCII without control characters."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _connect(address: ImapAddress, context: ssl.SSLContext) -> imaplib.IMAP4:
    if address.tls == "implicit":
        return imaplib.IMAP4_SSL(address.host, address.port, ssl_context=context, timeout=_SECONDS)
    client = imaplib.IMAP4(address.host, address.port, timeout=_SECONDS)
    try:
        client.starttls(context)
    except BaseException:
        with suppress(OSError):  # the failure itself is what is told
            client.shutdown()
        raise
    return client


def _log_in(client: imaplib.IMAP4, address: ImapAddress) -> None:
    """By PLAIN (RFC 4616): LOGIN would send neither every name nor every password."""
    both = f"\0{address.username}\0{address.password.get_secret_value()}".encode()
    try:
        client.authenticate("PLAIN", lambda _challenge: both)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        raise FixConfiguration(
            f"The mail server {address.host} refuses the login",
            next_step="Check the user and the password in the mailbox's URL.",
        ) from None


def _select(client: imaplib.IMAP4, folder: str, *, read_only: bool) -> None:
    status, _ = client.select(quoted(folder), readonly=read_only)
    if status != "OK":
        raise FixConfiguration(
            f"The mailbox has no folder {folder!r}",
            next_step="Name the folder at the end of the URL, such as /INBOX.",
        )


@contextmanager
def _in_words() -> Generator[None]:
    """Says which kind of failure it was: an error's own text may repeat what was sent."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise TryLater(
            f"The mail server can't be trusted: {error.verify_message}",
            next_step="Check the host in the mailbox's URL, and the server's certificate.",
        ) from None
    except (OSError, imaplib.IMAP4.error) as error:
        raise TryLater(
            f"The mail server doesn't answer as it should: {type(error).__name__}",
            next_step=_NEXT,
        ) from None
