"""The columns of a calendar in a spreadsheet, and the rows of its template."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("email", "post", "crm")


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `field` is its place in an item, `kinds` the content that it belongs to."""

    name: str
    field: str
    about: str
    kinds: tuple[str, ...] = KINDS
    required: bool = False


COLUMNS = (
    Column("id", "id", "Short unique name: letters, digits, - and _.", required=True),
    Column(
        "channel",
        "channel",
        "email, linkedin, instagram, twitter (or x), bluesky, mastodon or crm; of a post also several "
        "networks, with commas between them.",
        required=True,
    ),
    Column("title", "title", "What the plan calls it; recipients don't see it.", required=True),
    Column(
        "send_at",
        "send_at",
        "Date and time, 2026-03-10 07:30 in the time zone, or with an offset: "
        "2026-03-10T07:30-05:00. A date-and-time cell of the spreadsheet is fine.",
        required=True,
    ),
    Column("send_until", "send_until", "Not sent after this time; written like send_at."),
    Column("late", "late", "send, hold or drop: a day after its time; empty: as the project says."),
    Column("timezone", "timezone", "IANA name, America/Chicago; empty: the project's."),
    Column("audience", "audience", "Id of an audience; email and crm need one."),
    Column("pillar", "pillar", "Name of a pillar of the strategy."),
    Column("theme", "theme", "The theme that it belongs to."),
    Column("subject", "content.subject", "Subject line.", ("email",)),
    Column("preheader", "content.preheader", "The line shown after the subject.", ("email",)),
    Column(
        "body",
        "content.body",
        'Text in Markdown, or as `format` says; {{ contact.first_name | default("there") }} is replaced.',
        ("email",),
    ),
    Column("cta_label", "content.cta.label", "Text of the button.", ("email",)),
    Column("cta_url", "content.cta.url", "Where the button leads, https://…", ("email",)),
    Column("text", "content.text", "Text of the post.", ("post",)),
    Column("link", "content.link", "Link of the post, https://…", ("post",)),
    Column(
        "format",
        "content.format",
        "post, reel, story, carousel or article; of an email markdown (empty) or html.",
        ("post", "email"),
    ),
    Column("link_title", "content.card.title", "Title of the link's card.", ("post",)),
    Column(
        "media_file", "content.media[0].file", "Picture or film beside the calendar.", ("post",)
    ),
    Column("media_brief", "content.media[0].brief", "The picture or film to make.", ("post",)),
    Column("alt_text", "content.media[0].alt_text", "What the picture shows.", ("post",)),
    Column(
        "crm_action",
        "content.action",
        "upsert_contact, set_properties, set_stage, add_tag, add_to_list or log_activity.",
        ("crm",),
    ),
    Column("stage", "content.stage", "For set_stage.", ("crm",)),
    Column(
        "back_because",
        "content.back_because",
        "For set_stage: why contacts may move back; without it none does.",
        ("crm",),
    ),
    Column("tag", "content.tag", "For add_tag.", ("crm",)),
    Column("list_name", "content.list_name", "For add_to_list.", ("crm",)),
    Column("note", "content.note", "For log_activity.", ("crm",)),
    Column(
        "of", "content.of", "For log_activity: id of the email or post that is noted.", ("crm",)
    ),
    Column(
        "properties",
        "content.properties",
        "For set_properties and upsert_contact, by our names of fields: a=b; c=d.",
        ("crm",),
    ),
)

_POST = {
    "text": "Three classes a day, 50 minutes each. Come and try one.",
    "link": "https://www.example.com/first-class",
}

EXAMPLE_ROWS: tuple[dict[str, str], ...] = (
    {
        "id": "example-email",
        "channel": "email",
        "title": "Invitation to the open day",
        "send_at": "2026-03-10 07:30",
        "send_until": "2026-03-10 18:00",
        "audience": "everyone",
        "subject": "Come and see us on Saturday",
        "preheader": "Doors open at ten.",
        "body": 'Hi {{ contact.first_name | default("there") }},\n\nour doors are open on Saturday '
        "from ten to four. **Bring a friend.**",
        "cta_label": "Say that you are coming",
        "cta_url": "https://www.example.com/open-day",
    },
    {
        "id": "example-instagram",
        "channel": "instagram",
        "title": "A class in thirty seconds",
        "send_at": "2026-03-11 12:05",
        **_POST,
        "format": "reel",
        "media_brief": "A vertical film of one class, cut to 30 seconds.",
        "alt_text": "A small group in class, from warm-up to the last stretch.",
    },
    *(
        {
            "id": f"example-{channel}",
            "channel": channel,
            "title": "Three classes a day",
            "send_at": "2026-03-12 09:00",
            "timezone": "America/Chicago",
            **_POST,
            "format": "post",
        }
        for channel in ("linkedin", "twitter", "bluesky", "mastodon")
    ),
    {
        "id": "example-crm",
        "channel": "crm",
        "title": "Note who was invited",
        "send_at": "2026-03-13 09:00",
        "audience": "everyone",
        "crm_action": "log_activity",
        "note": "Invited to the open day.",
    },
)
