r"""LinkedIn's little text, in which a post's text is written (Microsoft Learn, version 2026-05).

Unescaped, one of its reserved characters cuts the post off there, and LinkedIn answers 201.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from aicmo.posts.post import Span

_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_MARKUP = re.compile(
    r"""\\(?P<escaped>.)
    | @\[(?P<name>(?:\\.|[^\\\]])*)\]\((?:\\.|[^\\)])*\)
    | \{hashtag\|\\?\#\|(?P<tag>(?:\\.|[^\\}])*)\}""",
    re.VERBOSE | re.DOTALL,
)


def escape(spans: Iterable[Span]) -> str:
    r"""The spans as little text: tags and mentions as markup, everything else taken literally.

    A tag whose word has a reserved character is written `{hashtag|\#|word}`.
    """
    return "".join(map(_written, spans))


def _written(span: Span) -> str:
    plain = _escaped(span.text)
    if span.kind == "mention":
        return f"@[{plain}]({span.target})"
    if span.kind == "tag":
        word = _escaped(span.target)
        return f"#{word}" if word == span.target else rf"{{hashtag|\#|{word}}}"
    return plain


def _escaped(text: str) -> str:
    return _RESERVED.sub(r"\\\g<0>", text)


def unescape(text: str) -> str:
    """What readers see of a little text."""
    return _MARKUP.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    if found["escaped"] is not None:
        return found["escaped"]
    if found["name"] is not None:
        return unescape(found["name"])
    return "#" + unescape(found["tag"])
