"""The names and domains of the other clients in this database, none of which belongs in a copy."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from aicmo.gateways.email_links import domain_of
from aicmo.models import Plan, Project
from aicmo.plans.document import ProjectDocument
from aicmo.plans.proofreading import own_names, phrase_pattern

_SHORTEST_NAME = 3


def other_clients(session: Session, document: ProjectDocument) -> dict[str, str]:
    """Brand names, websites and senders' domains of other clients, each with its client's name.

    What the client's own brand carries, or `language_rules.may_mention` allows, is left out.
    """
    brand = Plan.document["brand"]
    query = (
        select(
            brand["name"].as_string(),
            brand["website"].as_string(),
            brand["sender"]["email"].as_string(),
        )
        .join(Project, and_(Project.id == Plan.project_id, Project.plan_version == Plan.version))
        .where(Project.client != document.client_key)
        .order_by(Project.id)
    )
    own = own_names(document)
    found: dict[str, str] = {}
    for name, website, sender in session.execute(query):
        for phrase in (name, _host(website), domain_of(sender or "")):
            if len(phrase) >= _SHORTEST_NAME and not phrase_pattern(phrase).search(own):
                found.setdefault(phrase, name)
    return found


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""
