"""Amazon's services as moto plays them; run by the Python of `.peers/moto`.

Prints its port, then answers each line of its input with the emails it took, as JSON.
"""

from __future__ import annotations

import json
import sys

from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.ses.models import ses_backends

if __name__ == "__main__":
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)  # noqa: T201  (the parent reads it)
    for line in sys.stdin:
        backend = ses_backends[DEFAULT_ACCOUNT_ID][line.strip()]
        sent = [(each.id, each.destinations, each.raw_data) for each in backend.sent_messages]
        print(json.dumps(sent), flush=True)  # noqa: T201
