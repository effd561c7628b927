"""OpenStack Swift, all four servers in one process; run by the Python of `.peers/swift`.

`swift_process.py FOLDER` prints the port of its S3 interface, which is already bound, and serves until
it is killed. One process imports Swift once instead of four times, and every socket is bound before
its port is written into a ring, so there is no race for free ports.
"""

# ruff: noqa: E402, I001  (Swift must patch the standard library before anything else is imported)
from swift.common.utils import monkey_patch

monkey_patch()

import sys
from pathlib import Path

import eventlet
from eventlet import wsgi
from eventlet.green import socket
from swift.common.ring import RingBuilder
from swift.common.utils import NullLogger, set_swift_dir
from swift.common.http_protocol import SwiftHttpProtocol
from swift.common.wsgi import loadapp

STORAGE = ("account", "container", "object")
PIPELINE = "catch_errors gatekeeper healthcheck listing_formats s3api tempauth bulk slo dlo"

SWIFT = """
[swift-hash]
swift_hash_path_prefix = a
swift_hash_path_suffix = b
[storage-policy:0]
name = default
default = yes
"""
DEFAULTS = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
log_address = /nonexistent
"""
STORAGE_SERVER = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
PROXY_SERVER = """
[pipeline:main]
pipeline = {pipeline} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""
FILTER = """
[filter:{name}]
use = egg:swift#{name}
"""
USERS = "user_test_tester = testing .admin\n"
REGION = "location = us-east-1\n"


def listen() -> socket.socket:
    return eventlet.listen(("127.0.0.1", 0))


def write_ring(folder: Path, name: str, port: int) -> None:
    """One partition power, one replica, one device: the smallest ring there is."""
    builder = RingBuilder(1, 1, 1)
    builder.add_dev(
        {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "sda", "weight": 1.0}
    )
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{name}.ring.gz"))


def write_proxy(config: Path, defaults: str) -> None:
    options = {"tempauth": USERS, "s3api": REGION}
    filters = [FILTER.format(name=n) + options.get(n, "") for n in PIPELINE.split()]
    config.write_text(defaults + PROXY_SERVER.format(pipeline=PIPELINE) + "".join(filters))


def serve(config: Path, listener: socket.socket) -> None:
    app = loadapp(str(config), global_conf={"log_name": config.stem})
    # The S3 SDK looks for "ETag", and eventlet would write "Etag" (as in Swift's own run_server).
    options = {"protocol": SwiftHttpProtocol, "capitalize_response_headers": False}
    wsgi.server(listener, app, NullLogger(), **options)


def main(folder: Path) -> None:
    (folder / "devices" / "sda").mkdir(parents=True)
    (folder / "swift.conf").write_text(SWIFT)
    set_swift_dir(str(folder))
    defaults = DEFAULTS.format(folder=folder)
    for name in STORAGE:
        listener, config = listen(), folder / f"{name}.conf"
        write_ring(folder, name, listener.getsockname()[1])
        config.write_text(defaults + STORAGE_SERVER.format(name=name))
        eventlet.spawn(serve, config, listener)
    listener, config = listen(), folder / "proxy.conf"
    write_proxy(config, defaults)
    print(listener.getsockname()[1], flush=True)  # noqa: T201  (the parent reads it)
    serve(config, listener)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
