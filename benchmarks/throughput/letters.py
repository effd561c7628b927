"""The letter that every contestant sends: about 5 KB as multipart/alternative, standard library only.

Subject, greeting and four offers are each person's own; some names aren't ASCII. `people.jsonl` has
one person a line: number, email, first_name, and offers of name, note and price.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FROM, FROM_NAME = "studio@example.com", "Tarn & Ember"
LEAVE = "https://mail.example.com/u/"
SUBJECT = "{{ first_name }}, four coffees for your March"
_NAMES = ("Ana", "Björn", "Chloé", "Dmitri", "Elif", "Farid", "Grace", "Hiroko")
_COFFEES = ("Huila washed", "Guji natural", "Sidamo, lot 12", "Nariño honey", "Kivu “Lac”")
_NOTES = ("plum & cocoa", "jasmine, “very” light", "orange peel", "brown sugar, fig")
_LOTS = """The last of the autumn lots has landed, and we have been roasting small batches all week
to find where each is best. Below are the four that suit what you bought from us before."""
_PROMISE = """Every bag is roasted on Monday and leaves on Tuesday. If one of them isn't for you, write
back within a month and we send another: no form, no questions, and you keep the first bag."""
_OPEN_DAY = """On the last Saturday of the month we open the roastery from ten to four. There will be
filter on the bar, cupping at eleven and two, and someone to look at your grinder if you bring it."""

TEXT = f"""Hello {{{{ first_name | default("there") }}}},

{_LOTS}

{{% for offer in offers -%}}
- {{{{ offer.name }}}}, {{{{ offer.note }}}}: £{{{{ "%.2f" | format(offer.price) }}}}
{{% endfor %}}
{_PROMISE}

{_OPEN_DAY}

See the offers: https://tarnember.example/march

--
Tarn & Ember, 4 Mill Row, Leeds LS1 1AA
Unsubscribe: {{{{ leave }}}}
"""

_CELL = "padding:8px 12px;border-bottom:1px solid #e4e7ec;font-size:15px"
HTML = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Four coffees</title></head>
<body style="margin:0;background:#f5f5f2"><table role="presentation" width="100%"><tr><td align="center">
<table role="presentation" width="600" style="background:#ffffff;font-family:Helvetica,Arial,sans-serif">
<tr><td style="padding:24px;font-size:20px;color:#1f3d36">Tarn &amp; Ember</td></tr>
<tr><td style="padding:0 24px"><p style="margin:0 0 16px">Hello {{{{ first_name | default("there") }}}},</p>
<p style="margin:0 0 16px;line-height:1.5">{_LOTS}</p>
<table role="presentation" width="100%">
{{% for offer in offers -%}}
<tr><td style="{_CELL}"><b>{{{{ offer.name }}}}</b><br>{{{{ offer.note }}}}</td><td style="{_CELL}">£{{{{ "%.2f" | format(offer.price) }}}}</td></tr>
{{% endfor %}}</table>
<p style="margin:16px 0;line-height:1.5">{_PROMISE}</p><p style="margin:0 0 16px">{_OPEN_DAY}</p>
<p><a href="https://tarnember.example/march" style="background:#1f3d36;color:#ffffff;padding:12px 20px">See the offers</a></p>
</td></tr><tr><td style="padding:24px;font-size:12px;color:#667085">Tarn &amp; Ember, 4 Mill Row, Leeds LS1 1AA<br>
<a href="{{{{ leave }}}}" style="color:#667085">Unsubscribe</a></td></tr></table></td></tr></table></body></html>
"""

_OFFERS = "\n".join(
    f"- **{{{{ contact.offer_{at} }}}}**, {{{{ contact.note_{at} }}}}: £{{{{ contact.price_{at} }}}}"
    for at in range(1, 5)
)
MARKDOWN = f"""Hello {{{{ contact.first_name | default("there") }}}},

{_LOTS}

{_OFFERS}

{_PROMISE}

{_OPEN_DAY}
"""


def people(count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        yield {
            "number": number,
            "email": f"person{number}@example.com",
            "first_name": _NAMES[number % len(_NAMES)],
            "offers": [
                {
                    "name": _COFFEES[(number + at) % len(_COFFEES)],
                    "note": _NOTES[(number * 3 + at) % len(_NOTES)],
                    "price": 7.5 + (number * 3 + at) % 9,
                }
                for at in range(4)
            ],
        }


def write_people(folder: Path, count: int) -> None:
    with (folder / "people.jsonl").open("w") as file:
        file.writelines(f"{json.dumps(each)}\n" for each in people(count))


def read_people(folder: Path | None = None) -> Iterator[dict[str, Any]]:
    with ((folder or Path.cwd()) / "people.jsonl").open() as file:
        yield from map(json.loads, file)


def leave_link(number: int) -> str:
    return f"{LEAVE}{number:026d}"
