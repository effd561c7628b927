"""A form with one file, as uploads take it (RFC 7578)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping


def multipart(
    fields: Mapping[str, str], name: str, content: bytes, media_type: str
) -> tuple[str, bytes]:
    """The Content-Type and the body of a form: `fields`, then a file in the field `name`.

    The names, values and types are ours, in plain ASCII; only the content comes from outside.
    """
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="file"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    body = ("".join(parts) + head).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body
