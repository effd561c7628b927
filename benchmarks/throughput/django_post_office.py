"""django-post-office on SQLite: queued with `mail.send_many`, sent by `manage.py send_queued_mail`.

Its defaults: BATCH_SIZE 100, five threads, a connection each; templates from the database. Run in
its own environment: `django_post_office.py queue`, then `send PORT`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "post_office"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "post_office.db"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    EMAIL_BACKEND="post_office.EmailBackend",
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=int(os.environ.get("THROUGHPUT_PORT", "0")),
    DEFAULT_FROM_EMAIL="studio@example.com",
    POST_OFFICE={
        "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
        "LOG_LEVEL": 0,
        "LOCK_FILE_NAME": str(Path.cwd() / "post_office"),
        "MESSAGE_ID_ENABLED": True,
        "MESSAGE_ID_FQDN": "example.com",
    },
)
logging.disable(logging.INFO)
django.setup()

from post_office import mail  # noqa: E402  (Django's settings come first)
from post_office.models import Email, EmailTemplate  # noqa: E402

from benchmarks.throughput.letters import HTML, SUBJECT, TEXT, leave_link, read_people  # noqa: E402


def queue() -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
    template = EmailTemplate.objects.create(
        name="letter", subject=SUBJECT, content=_django(TEXT), html_content=_django(HTML)
    )
    mail.send_many([
        {
            "recipients": each["email"],
            "sender": settings.DEFAULT_FROM_EMAIL,
            "template": template,
            "context": {**each, "leave": leave_link(each["number"])},
            "render_on_delivery": True,
            "headers": {
                "List-Unsubscribe": f"<{leave_link(each['number'])}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        }
        for each in read_people()
    ])  # fmt: skip


def _django(template: str) -> str:
    """Jinja's spelling of a price, a default and trimmed blanks, in Django's."""
    price = template.replace('"%.2f" | format(offer.price)', "offer.price|floatformat:2")
    return price.replace(' | default("there")', '|default:"there"').replace("-%}", "%}")


def send() -> None:
    count = Email.objects.count()
    began, cpu = time.perf_counter(), time.process_time()
    call_command("send_queued_mail", verbosity=0)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    if Email.objects.filter(status=0).count() != count:
        raise SystemExit("not every letter was sent")
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "rss_mb": own_peak_mb()}))


def own_peak_mb() -> float:
    """Not `getrusage`, which also counts the process that this one was forked from."""
    status = Path("/proc/self/status").read_text()
    (line,) = (each for each in status.splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    {"queue": queue, "send": send}[sys.argv[1]]()
