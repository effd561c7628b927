"""The name under which a browser saves a stored file."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote


def attachment(name: str) -> str:
    """Content-Disposition with `name` for all browsers (RFC 6266 §4.3, Appendix D; RFC 8187).

    Always an attachment: an HTML package must not run on the bucket's origin.
    """
    clean = "".join(c for c in name if unicodedata.category(c)[0] != "C" and c not in '/\\"')
    clean = clean.strip(" .")[:120] or "download"
    plain = unicodedata.normalize("NFKD", clean).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", plain).strip()
    plain = f"download{plain}" if plain[:1] in {"", "."} else plain
    extended = "" if plain == clean else f"; filename*=UTF-8''{quote(clean, safe='')}"
    return f'attachment; filename="{plain}"{extended}'
