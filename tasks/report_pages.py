"""What a run leaves to be read in the UI, as Markdown and table rows.

Client text is data here, too: Prefect's UI renders HTML in Markdown, so everything is escaped. Sizes are
capped, because Prefect keeps artifacts for ever and doesn't limit them.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aicmo.execution.importing import Imported
from aicmo.execution.post_card import NETWORK_NAMES
from aicmo.execution.report import ExecutionReport
from aicmo.packaging.assembly import BuiltPackage
from aicmo.redaction import redact
from aicmo.storage.contract import StoredFile

MOST_ROWS = 200
_MOST_LINES = 20
_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~])")
_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%-._~"
"""What an address may have besides letters and digits (RFC 3986 §2)."""
_MODES = {
    "disabled": "Disabled: nothing was composed or sent.",
    "preview": "Preview: everything was composed, nothing was sent.",
    "live": "Live: what is approved and due may go out.",
}
_BOOKS = ("sent", "failed", "unknown", "skipped", "held", "cancelled", "expired", "waiting")


def execution_page(report: ExecutionReport) -> str:
    """The report of a run: mode, the balance, what came back, what was left out and why, errors."""
    parts = [
        f"# Execution report: {escape(report.project_id)}",
        f"**{_MODES.get(report.mode, report.mode)}**",
        _balance(report),
        _came_back(report),
        _channels(report),
        *_listed("Published", [_published(each) for each in reversed(report.published)]),
        *_reasons(report.reasons),
        *_bullets("Errors", report.errors),
    ]
    return "\n\n".join(part for part in parts if part)


def _published(post: Mapping[str, Any]) -> str:
    part = f" (part {post['part']})" if post["part"] > 1 else ""
    by_hand = ", by a person" if post["by_hand"] else ""
    said = f"{post['item']}{part} on {NETWORK_NAMES[post['channel']]}{by_hand}"
    # Not as bare text: its underscores would be escaped, and it would lead nowhere.
    where = f"<{quote(post['url'], safe=_IN_ADDRESSES)}>" if post["url"] else "address not known"
    return f"{escape(said)}: {where}"


def execution_rows(report: ExecutionReport) -> list[dict[str, Any]]:
    """A row per item, state and reason, the first `MOST_ROWS`."""
    names = ("item", "title", "channel", "state", "reason", "count")
    results = report.execution_results
    rows = [{name: _cell(result.get(name, "")) for name in names} for result in results[:MOST_ROWS]]
    if len(results) > MOST_ROWS:
        more = f"{len(results) - MOST_ROWS} more rows: `aicmo report {report.project_id}`"
        rows.append(dict.fromkeys(names, "") | {"item": more})
    return rows


def import_page(imported: Imported) -> str:
    """What an import changed, item by item."""
    title = f"# Plan of {escape(imported.project_id)}, version {imported.version}"
    people = imported.contacts
    counts = (
        f"{imported.items} items, {imported.deliveries} new deliveries; contacts: {people.added} "
        f"added, {people.changed} changed, {people.removed} removed."
    )
    changes = [
        f"{each.change}: {each.title} ({each.item}) {', '.join(each.fields)}".strip()
        for each in imported.difference.items
    ]
    said = "Unchanged: this document is the current plan already." if imported.unchanged else counts
    other = _bullets("Other parts that changed", imported.difference.parts)
    warnings = _bullets("Warnings", imported.warnings)
    return "\n\n".join([title, said, *_bullets("Items", changes), *other, *warnings])


def problems_page(message: str, problems: Sequence[str]) -> str:
    """Why nothing was imported: every problem with its place."""
    return "\n\n".join(
        [
            "# Nothing was imported",
            escape(message),
            *_bullets("Problems", problems, at_most=MOST_ROWS),
        ]
    )


def package_page(
    package: BuiltPackage,
    stored: Sequence[StoredFile],
    failures: Mapping[str, str],
    thumbnails: str = "",
) -> str:
    """The files of a package with links, pages and size; what is missing; what it looks like.

    thumbnails: an image of the first pages, as a `data:` address.
    """
    links = {file.key.rpartition("/")[2]: file.url for file in stored}
    manifest = package.manifest
    status = escape(manifest.get("status", ""))
    missing = [f"{name}: {reason}" for name, reason in failures.items()]
    warnings = [text for entry in manifest["files"] for text in entry["warnings"]]
    parts = [
        f"# Package for {escape(package.client)}",
        f"Plan version {manifest['plan_version']}, {status}.",
        _files(manifest["files"], links),
        f"Folder: `{package.folder.resolve()}`",
        *_bullets("Missing from this package", missing),
        *_bullets("To look at", warnings),
        f"![The first pages of strategy.pdf]({thumbnails})" if thumbnails else "",
    ]
    return "\n\n".join(part for part in parts if part)


def escape(text: object) -> str:
    """One line of plain text, safe inside Markdown and its HTML; without addresses."""
    plain = " ".join(redact(str(text)).split())[:500]
    return _MARKS.sub(r"\\\1", html.escape(plain, quote=False))


def size(number: int) -> str:
    """`412 kB`, `1.3 MB` (SI)."""
    if number < 1000:  # noqa: PLR2004
        return f"{number} B"
    return f"{number / 1e3:.0f} kB" if number < 1e6 else f"{number / 1e6:.1f} MB"  # noqa: PLR2004


def _balance(report: ExecutionReport) -> str:
    counts = _counts(report)
    if report.mode == "preview":
        left = {name: count for name, count in counts.items() if count and name != "sent"}
        others = ", ".join(f"{count} {name}" for name, count in left.items())
        return f"**{report.items_previewed} would be sent**" + (f"; {others}." if others else ".")
    if report.mode == "disabled":
        return "Turn every key to do more: EXECUTION\\_ENABLED on the worker, and `enabled` here."
    planned = sum(counts.values())
    books = " + ".join(f"{n} {name}" for name, n in counts.items() if n or name == "sent")
    said = "The books balance" if report.balanced else "THE BOOKS DON'T BALANCE"
    return f"{said}: {planned} planned = {books}"


def _came_back(report: ExecutionReport) -> str:
    told = ", ".join(f"{count:,} {escape(kind)}" for kind, count in report.came_back.items())
    return f"Came back: {told}." if told else ""


def _counts(report: ExecutionReport) -> dict[str, int]:
    done = {"sent": report.items_sent_successfully, "failed": report.items_failed}
    return {
        name: done[name] if name in done else int(getattr(report, f"items_{name}"))
        for name in _BOOKS
    }


def _reasons(reasons: Mapping[str, Mapping[str, int]]) -> list[str]:
    lines = [
        f"{state}, {reason}: {count}"
        for state, of_state in reasons.items()
        for reason, count in of_state.items()
    ]
    return _bullets("Reasons", lines)


def _bullets(title: str, lines: Iterable[str], *, at_most: int = _MOST_LINES) -> list[str]:
    return _listed(title, map(escape, lines), at_most=at_most)


def _listed(title: str, lines: Iterable[str], *, at_most: int = _MOST_LINES) -> list[str]:
    """Of lines that are Markdown already."""
    every = [f"- {line}" for line in lines]
    if not every:
        return []
    more = [f"- and {len(every) - at_most} more"] if len(every) > at_most else []
    return [f"## {title}", "\n".join(every[:at_most] + more)]


def _cell(value: object) -> object:
    return value if isinstance(value, int) else redact(str(value))[:200]


def _files(entries: Iterable[Mapping[str, Any]], links: Mapping[str, str]) -> str:
    lines = ["| File | Pages | Size |", "| --- | ---: | ---: |"]
    for entry in entries:
        name = _link(links, str(entry["name"]))
        lines.append(f"| {name} | {entry['pages'] or ''} | {size(entry['size'])} |")
    if "manifest.json" in links:
        lines.append(f"| {_link(links, 'manifest.json')} | | |")
    return "\n".join(lines)


def _link(links: Mapping[str, str], name: str) -> str:
    # In the store, a file stands under its name without the package's folders.
    url = links.get(name.rpartition("/")[2])
    return f"[{name}](<{url}>)" if url else f"{name} (not stored)"


def _channels(report: ExecutionReport) -> str:
    """A row per channel, a column per state that occurs."""
    counts: dict[str, Counter[str]] = {}
    for result in report.execution_results:
        of_channel = counts.setdefault(str(result.get("channel", "")), Counter())
        of_channel[str(result.get("state", ""))] += int(result.get("count", 1))
    if not counts:
        return ""
    every = ("previewed", *_BOOKS)
    states = [state for state in every if any(each[state] for each in counts.values())]
    lines = [f"| Channel | {' | '.join(states)} |", "| --- |" + " ---: |" * len(states)]
    for channel, of_channel in counts.items():
        cells = " | ".join(str(of_channel[state] or "") for state in states)
        lines.append(f"| {escape(channel)} | {cells} |")
    return "\n".join(lines)
