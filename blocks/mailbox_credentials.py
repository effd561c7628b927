"""The mailbox that bounces and complaints come back to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

if TYPE_CHECKING:
    from aicmo.gateways.mailboxes import FeedbackMailbox


class MailboxCredentials(Block):
    """Mailbox that bounces and complaints come back to; it is read, and nothing is deleted.

    Example:
        Read what came back:
        ```python
        from blocks import MailboxCredentials

        credentials = MailboxCredentials.load("BLOCK_NAME")
        with credentials.open_mailbox() as mailbox:
            messages = list(mailbox.messages())
        ```
    """

    _block_type_name = "Mailbox Credentials"
    _block_type_slug = "mailbox-credentials"
    _description = "Mailbox that bounces and complaints come back to. It is read by IMAP."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    host: str = Field(
        min_length=1, title="Host", description="Name of the IMAP server, such as imap.example.com."
    )
    port: int = Field(
        default=993,
        ge=1,
        le=65535,
        title="Port",
        description="993 for implicit TLS, 143 for STARTTLS.",
    )
    tls: Literal["implicit", "starttls"] = Field(
        default="implicit", title="Encryption", description="How the connection is encrypted."
    )
    username: str = Field(min_length=1, title="User name", description="Name to log in with.")
    password: SecretStr = Field(
        default=SecretStr(""),
        title="Password",
        description="Password to log in with; kept encrypted.",
    )
    folder: str = Field(
        default="INBOX",
        pattern=r"^[ -~]+$",
        title="Folder",
        description="Folder that reports arrive in.",
    )

    def open_mailbox(self) -> AbstractContextManager[FeedbackMailbox]:
        """The mailbox, while the context is open.

        Raises:
            TryLater, FixConfiguration: on entering, if it can't be read.
        """
        from aicmo.gateways.mailbox_address import ImapAddress  # noqa: PLC0415  (when it is read)
        from aicmo.gateways.mailboxes import open_mailbox  # noqa: PLC0415

        address = ImapAddress(
            self.host, self.port, self.tls, self.username, self.password, self.folder
        )
        return open_mailbox(address)
