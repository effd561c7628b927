"""BottleCRM on loopback; run by the Python of `.peers/bottle`, and the settings that it runs with.

Prints its port once it answers. It needs no Redis: what an installation leaves to a worker (mail,
webhooks) it does before it answers, and one process can count requests in its own memory. Its mail is
written to the folder `mail`, its logs to where it is started.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import django
from crm.settings import *  # noqa: F403  (a Django project's settings build on one another so)
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from gunicorn.app.base import BaseApplication

CELERY_TASK_ALWAYS_EAGER = True
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "OPTIONS": {"file_path": "mail"},
    }
}
# Its own takes half a second for each code and password, and every test signs up with several.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Tables straight from the models: its 253 migrations take two minutes and end in the same ones, down to
# the last index, constraint and policy (compared on 1.35.0: only the ids of five join tables are wider).
MIGRATION_MODULES = dict.fromkeys(each.rpartition(".")[2] for each in INSTALLED_APPS)  # noqa: F405


def make_tables() -> None:
    from common.rls import RLS_CONFIG, get_enable_policy_sql  # noqa: PLC0415  (needs Django set up)
    from django.db import connection  # noqa: PLC0415

    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.cursor() as cursor:
        for table in RLS_CONFIG["tables"]:
            cursor.execute(get_enable_policy_sql(table))
    connection.close()


class Server(BaseApplication):
    def load_config(self) -> None:
        options = {
            "bind": "127.0.0.1:0",
            "threads": 8,
            "preload_app": True,
            "loglevel": "warning",
            "when_ready": tell_port,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return get_wsgi_application()


def tell_port(server: Any) -> None:
    print(server.LISTENERS[0].sock.getsockname()[1], flush=True)  # noqa: T201  (the parent reads it)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "bottle_process"
    sys.argv = ["bottle"]
    django.setup()
    make_tables()
    Server().run()
