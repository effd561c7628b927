"""What a person needs to publish a post by hand: its text, pictures, times and steps, as a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.orm import Session

from aicmo.channels import Channel
from aicmo.execution.composing_posts import PostComposers, PostDraft
from aicmo.execution.operator_tasks import OperatorTask
from aicmo.execution.post_card import NETWORK_NAMES
from aicmo.execution.post_card_page import local_time
from aicmo.gateways.contract import Attachment
from aicmo.plans.document import ProjectDocument

_ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "video/mp4": "mp4",
}  # fmt: skip
_WHERE: Mapping[Channel, str] = {
    Channel.LINKEDIN: "Open linkedin.com and switch to the client's page.",
    Channel.INSTAGRAM: "Open Instagram and switch to the client's account.",
    Channel.TWITTER: "Open x.com and switch to the client's account.",
    Channel.BLUESKY: "Open bsky.app and switch to the client's account.",
    Channel.MASTODON: "Open the client's Mastodon server and log in as the client.",
}
_ALT_TEXT: Mapping[Channel, str] = {
    Channel.LINKEDIN: "choose Edit, then Alternative text",
    Channel.INSTAGRAM: "open Advanced settings, then Write alt text",
    Channel.TWITTER: "choose Add description under the picture",
    Channel.BLUESKY: "choose ALT on the picture",
    Channel.MASTODON: "choose Add alt text under the picture",
}


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A picture or film in the folder; `role` is `media`, or `card` for the picture of a link."""

    name: str
    media_type: str
    alt_text: str
    role: str


@dataclass(frozen=True, slots=True)
class PackedPart:
    """A post, or one part of a thread, ready to paste.

    link: where it isn't in the text, as the network shows it as a card.
    """

    number: int
    text: str
    text_file: str
    link: str
    files: tuple[PackedFile, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """The folder of one item: `page` is what to open."""

    task: OperatorTask
    network: str
    when: str
    parts: tuple[PackedPart, ...]
    steps: tuple[str, ...]
    command: str
    page: Path


def write_packs(
    session: Session,
    project_id: str,
    document: ProjectDocument,
    tasks: Sequence[OperatorTask],
    folder: Path,
) -> list[Pack]:
    """Writes a folder for each item that a person has to publish, and returns them by their time.

    The text is what was composed and approved, with its link as it is counted; pictures are the
    bytes that were approved.
    """
    composers = PostComposers(document)
    by_item: dict[str, list[OperatorTask]] = {}
    for task in tasks:
        by_item.setdefault(task.item, []).append(task)
    return [
        _write(
            project_id, parts, composers.drafts(session, item, [one.delivery_id for one in parts]),
            folder / item,
        )
        for item, parts in by_item.items()
    ]  # fmt: skip


def _write(
    project_id: str, tasks: Sequence[OperatorTask], drafts: Sequence[PostDraft], folder: Path
) -> Pack:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for former in folder.iterdir():
        former.unlink()
    first = tasks[0]
    network = Channel(first.channel)
    parts = tuple(_part(each, folder) for each in drafts)
    number = " --part N" if first.parts > 1 else ""
    pack = Pack(
        first, NETWORK_NAMES[network], local_time(first.due_at, first.timezone), parts,
        tuple(_steps(network, parts)),
        f"aicmo done {project_id} {first.item}{number} --url https://…",
        (folder / "index.html").resolve(),
    )  # fmt: skip
    pack.page.write_text(_PAGES.get_template("operator_pack.html.j2").render(pack=pack), "utf-8")
    return pack


def _part(found: PostDraft, folder: Path) -> PackedPart:
    number, post = found.delivery.part, found.draft.post
    text_file = folder / f"{number}-text.txt"
    text_file.write_text(post.text, encoding="utf-8")
    shown = len(post.pictures)
    files = tuple(
        _file(number, place, each, "media" if place <= shown else "card", folder)
        for place, each in enumerate(found.attachments, 1)
    )
    problems = tuple(each.message for each in found.draft.problems if each.severity == "error")
    link = post.card.url if post.card and post.card.url not in post.text else ""
    return PackedPart(number, post.text, text_file.name, link, files, problems)


def _file(part: int, place: int, each: Attachment, role: str, folder: Path) -> PackedFile:
    name = f"{part}-{role}-{place}.{_ENDINGS.get(each.media_type, 'bin')}"
    (folder / name).write_bytes(each.content)
    return PackedFile(name, each.media_type, each.alt_text, role)


def _steps(network: Channel, parts: Sequence[PackedPart]) -> list[str]:
    steps = [
        _WHERE[network],
        "Begin a new post and paste the text; change nothing in it.",
    ]
    if any(part.link for part in parts):
        steps.append("Paste the link as well, wait for its card, then take the address out again.")
    media = [each for part in parts for each in part.files if each.role == "media"]
    if media:
        steps.append("Add the pictures or films in the order shown here.")
    if any(each.alt_text for each in media):
        steps.append(f"Give each picture its alt text: {_ALT_TEXT[network]}.")
    steps.append("Look at the account's name once more, then publish at the time above.")
    if len(parts) > 1:
        steps.append("Answer your own post with the next part, and so on to the last one.")
    return [*steps, "Copy the address of the post, and record it with the command below."]


_PAGES = Environment(
    loader=PackageLoader("aicmo.execution"), autoescape=True, undefined=StrictUndefined
)
