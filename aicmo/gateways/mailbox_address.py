"""Where a mailbox is: the URLs of AICMO_FEEDBACK_URL and AICMO_JOURNAL_URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

from aicmo.errors import FixConfiguration

_FORMS = (
    "imaps://user:password@host/INBOX, imap://user:password@host/INBOX?tls=starttls, "
    "maildir:///path or mbox:///path"
)
_PORTS = {"imaps": 993, "imap": 143}
_PRINTABLE = range(0x20, 0x7F)


@dataclass(frozen=True)
class ImapAddress:
    """A folder on an IMAP server (RFC 9051), always encrypted (RFC 8314)."""

    host: str
    port: int
    tls: Literal["implicit", "starttls"]
    username: str
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    folder: str = "INBOX"


@dataclass(frozen=True)
class FileAddress:
    """A mailbox in the file system: a Maildir folder, or one mbox file (RFC 4155)."""

    kind: Literal["maildir", "mbox"]
    path: Path


MailboxAddress = ImapAddress | FileAddress


def parse_mailbox_url(url: str, variable: str = "AICMO_FEEDBACK_URL") -> MailboxAddress:
    """The mailbox that `url` names; `variable` is where the URL stands.

    Raises:
        FixConfiguration: the URL isn't of a known form; its text never holds the password.
    """
    try:
        return _parse(url)
    except ValueError as error:
        raise FixConfiguration(
            f"{variable} can't be read: {error}", next_step=f"Write it as {_FORMS}."
        ) from None


def _parse(url: str) -> MailboxAddress:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port can't be read") from None
    if parts.scheme == "maildir":
        return FileAddress("maildir", _path(parts.netloc, parts.path))
    if parts.scheme == "mbox":
        return FileAddress("mbox", _path(parts.netloc, parts.path))
    if parts.scheme not in _PORTS:
        raise ValueError("it has none of the schemes imaps, imap, maildir, mbox")
    if not (parts.hostname and parts.username):
        raise ValueError("it has no host or no user")
    _require_encryption(parts.scheme, parts.query)
    return ImapAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        tls="implicit" if parts.scheme == "imaps" else "starttls",
        username=unquote(parts.username),
        password=SecretStr(unquote(parts.password or "")),
        folder=_folder(unquote(parts.path).strip("/")),
    )


def _path(host: str, path: str) -> Path:
    if host or not path:
        raise ValueError("a path on this machine begins after three slashes")
    return Path(unquote(path))


def _require_encryption(scheme: str, query: str) -> None:
    options = parse_qs(query, keep_blank_values=True)
    if set(options) - {"tls"}:
        raise ValueError("it has an option other than tls")
    wanted = {"imaps": "implicit", "imap": "starttls"}[scheme]
    if options.get("tls", [wanted]) != [wanted]:
        raise ValueError(f"{scheme}:// goes with tls={wanted} only")


def _folder(name: str) -> str:
    if any(ord(char) not in _PRINTABLE for char in name):
        raise ValueError("the folder has a character outside printable ASCII")
    return name or "INBOX"
