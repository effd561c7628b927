"""An upload's form, read by Python's own MIME parser."""

from __future__ import annotations

from email import message_from_bytes, policy

from tests.peers.http_exchange import Request
from tests.peers.routes import require


def read_form(request: Request, file_field: str) -> tuple[dict[str, str], bytes, str]:
    """The other fields, the file's bytes and its media type.

    Raises:
        Misshapen: it is no form with exactly one such file.
    """
    kind = request.headers.get("content-type", "")
    require(kind.startswith("multipart/form-data; boundary="), f"content type {kind!r}")
    head = f"MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n".encode()
    form = message_from_bytes(head + request.body, policy=policy.HTTP)
    fields: dict[str, str] = {}
    files: list[tuple[bytes, str]] = []
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename():
            require(name == file_field, f"a file in the field {name!r}")
            files.append((content, part.get_content_type()))
        else:
            fields[str(name)] = content.decode()
    require(len(files) == 1, f"{len(files)} files")
    return fields, *files[0]
