"""Reading a project document from a JSON or YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aicmo.errors import FixDocument
from aicmo.plans.assets import read_assets
from aicmo.plans.cross_posts import as_written
from aicmo.plans.document import ProjectDocument
from aicmo.plans.parsing import parse_json, parse_yaml
from aicmo.plans.validation import validate
from aicmo.problems import Problem
from aicmo.public_hosts import PublicHosts

_PARSERS = {".json": parse_json, ".yaml": parse_yaml, ".yml": parse_yaml}
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class ReadDocument:
    """A document without errors; `source` is the name of its file.

    files: the content of the files that the document refers to, by their paths there.
    """

    document: ProjectDocument
    warnings: tuple[Problem, ...]
    source: str
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


def read_document(path: Path, hosts: PublicHosts | None = None) -> ReadDocument:
    """The project document in a `.json`, `.yaml` or `.yml` file in UTF-8, at most 64 MB.

    Args:
        path: of the file.
        hosts: fetch what it names by its address; without it, from the public internet.

    Raises:
        FixDocument: with every problem and its place; nothing else is raised for bad input.
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise _unreadable(path.name, f"is not one of {', '.join(_PARSERS)}")
    # Nothing holds the text while the models are made: with many contacts it weighs.
    data = parse(read_text(path, _MAX_BYTES), path.name)
    document, warnings = validate(data, path.name)
    try:
        files = read_assets(document, path.parent, path.name, hosts)
    except FixDocument as error:
        raise FixDocument(path.name, as_written(data, error.problems)) from None
    return ReadDocument(document, warnings, path.name, files)


def read_text(path: Path, max_bytes: int) -> str:
    """The text of a UTF-8 file, with or without a byte order mark.

    Raises:
        FixDocument: it can't be opened, is too large, or isn't UTF-8.
    """
    raw = read_bytes(path, max_bytes)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unreadable(path.name, f"is not UTF-8 (line {line}); save it as UTF-8") from None


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        FixDocument: it can't be opened, or is too large.
    """
    try:
        if not path.is_file():
            raise _unreadable(path.name, "is not a file")
        if path.stat().st_size > max_bytes:
            raise _unreadable(path.name, f"is larger than {max_bytes // 1024**2} MB")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(path.name, f"can't be opened: {reason}") from None


def _unreadable(source: str, message: str) -> FixDocument:
    return FixDocument(source, [Problem(source, message)])
