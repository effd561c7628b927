"""django-post-office on SQLite: `mail.send_many` to queue, `manage.py send_queued_mail` to send.

As its README has it: templates from the database, BATCH_SIZE (100), THREADS_PER_PROCESS (5) and
BATCH_DELIVERY_TIMEOUT at their defaults, MAX_RETRIES 4 as in the README's example. Its
RETRY_INTERVAL of 15 minutes is one second here, so that the run ends; EMAIL_TIMEOUT is Django's.
People who opted out are marked in the application's own table, from which it queues; the package
has no list of its own that it would ask before it sends. The lock file is its own, in the folder.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

NONE, NOT_DONE = 3, 75

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "post_office"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "post_office.db"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    EMAIL_BACKEND="post_office.EmailBackend",
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=int(os.environ.get("SAFETY_SMTP_PORT", "0")),
    EMAIL_TIMEOUT=float(os.environ["SAFETY_TIMEOUT"]),
    DEFAULT_FROM_EMAIL="studio@example.com",
    POST_OFFICE={
        "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
        "MAX_RETRIES": 4,
        "RETRY_INTERVAL": timedelta(seconds=1),
        "LOCK_FILE_NAME": str(Path.cwd() / "post_office"),
    },
)
django.setup()

from post_office import mail  # noqa: E402  (Django's settings come first)
from post_office.models import STATUS, Email, EmailTemplate  # noqa: E402

from benchmarks.safety.campaign import read_campaign  # noqa: E402

_SAID = {STATUS.sent: "sent", STATUS.failed: "failed"}


def queue() -> None:
    call_command("migrate", verbosity=0)
    write_templates()
    people = read_campaign().recipients
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE subscriber (number INTEGER PRIMARY KEY, opted_out BOOLEAN)")
        rows = [(each.number,) for each in people]
        cursor.executemany("INSERT INTO subscriber VALUES (%s, 0)", rows)
        cursor.execute("SELECT number FROM subscriber WHERE NOT opted_out")
        subscribed = {number for (number,) in cursor.fetchall()}
    templates = {each.name: each for each in EmailTemplate.objects.all()}
    mail.send_many([
        {
            "recipients": each.email,
            "sender": settings.DEFAULT_FROM_EMAIL,
            "template": templates[each.text],
            "context": {"name": each.first_name},
        }
        for each in people
        if each.number in subscribed
    ])  # fmt: skip


def write_templates() -> None:
    for name, text in read_campaign().texts.items():
        parts = {part: words.replace("{name}", "{{ name }}") for part, words in text.items()}
        values = {"subject": parts["subject"], "content": parts["body"]}
        EmailTemplate.objects.update_or_create(name=name, defaults=values)


def send() -> int:
    call_command("send_queued_mail")
    waiting = Email.objects.filter(status__in=[STATUS.queued, STATUS.requeued])
    return NOT_DONE if waiting.exists() else 0


def opt_out(numbers: list[int]) -> None:
    with connection.cursor() as cursor:
        rows = [(number,) for number in numbers]
        cursor.executemany("UPDATE subscriber SET opted_out = 1 WHERE number = %s", rows)


def report() -> dict[int, str]:
    numbers = {each.email: each.number for each in read_campaign().recipients}
    return {numbers[each.to[0]]: _SAID.get(each.status, "open") for each in Email.objects.all()}


def main() -> int:
    match sys.argv[1:]:
        case ["queue"]:
            queue()
        case ["send"]:
            return send()
        case ["opt-out", file]:
            opt_out([int(number) for number in Path(file).read_text().split()])
        case ["edit"]:
            write_templates()
        case ["report"]:
            print(json.dumps(report()))
        case _:  # pause, resume
            return NONE
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
