"""Database servers that are started for the moment, with their data in a temporary folder, and what they write."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.writers.texts import HEADINGS
from tools.writers.written import Written, cells

#: Debian keeps servers outside the usual folders.
PATH = os.pathsep.join(
    [os.environ.get("PATH", ""), "/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))]
)
ENVIRONMENT = {**os.environ, "PATH": PATH}
QUERY = f"SELECT {', '.join(HEADINGS)} FROM reviews"  # noqa: S608 - names of ours


def postgresql(folder: Path) -> Iterator[Written]:
    """Yield what PostgreSQL and its client write."""
    with _place("postgres") as (place, user):
        _run(
            [*user, "initdb", "--pgdata", "data", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8"], place
        )
        start = ["pg_ctl", "--pgdata", "data", "--wait", "--log", "log", "--options", f"-k {place} -h ''"]
        _run([*user, *start, "start"], place)
        try:
            psql = [*user, "psql", "--host", str(place), "--dbname", "postgres", "--no-psqlrc", "--quiet"]
            number = _run([*psql, "-Atc", "SHOW server_version"], place).decode().split()[0]
            _run(psql, place, _statements())
            for format_, suffix, options in (
                ("COPY, text", "tsv", ["-c", f"COPY ({QUERY}) TO STDOUT"]),
                ("COPY, csv", "csv", ["-c", f"COPY ({QUERY}) TO STDOUT (FORMAT csv, HEADER)"]),
                ("psql --csv", "csv", ["--csv", "-c", QUERY]),
                ("psql --html", "html", ["--html", "-c", QUERY]),
                ("psql --no-align", "txt", ["--no-align", "--pset", "footer=off", "-c", QUERY]),
                ("json_agg", "json", ["-Atc", f"SELECT json_agg(reviews) FROM ({QUERY}) AS reviews"]),  # noqa: S608
            ):
                name = f"PostgreSQL-{format_.replace(' ', '_').replace(',', '')}.{suffix}"
                (folder / name).write_bytes(_run([*psql, *options], place))
                yield Written("PostgreSQL", number, format_, name)
        finally:
            _run([*user, "pg_ctl", "--pgdata", "data", "--mode", "immediate", "stop"], place)


def mariadb(folder: Path) -> Iterator[Written]:
    """Yield what MariaDB and its client write."""
    with _place("mysql") as (place, user):
        (place / "data").mkdir()
        socket = place / "socket"
        _run([*user, "true"], place)
        own = [
            "--no-defaults",
            f"--datadir={place}/data",
            f"--socket={socket}",
            "--skip-networking",
            "--skip-grant-tables",
        ]
        if user:
            _run(["chown", "mysql", f"{place}/data"], place)
        with (place / "log").open("wb") as log:
            server = subprocess.Popen([*user, "mariadbd", *own], cwd=place, env=ENVIRONMENT, stdout=log, stderr=log)
        try:
            client = ["mariadb", "--no-defaults", f"--socket={socket}", "--default-character-set=utf8mb4"]
            for _ in range(300):
                if socket.exists() or server.poll() is not None:
                    break
                time.sleep(0.1)
            number = _run([*client, "-BNe", "SELECT version()"], place).decode().split("-")[0]
            create = (
                "CREATE DATABASE writers CHARACTER SET utf8mb4; USE writers; SET sql_mode = 'NO_BACKSLASH_ESCAPES';\n"
            )
            _run(client, place, create + _statements())
            outfile = place / "data" / "outfile"
            for format_, suffix, options in (
                ("mariadb --batch", "tsv", ["--batch", "-e", QUERY]),
                ("mariadb --batch --raw", "tsv", ["--batch", "--raw", "-e", QUERY]),
                ("mariadb --html", "html", ["--html", "-e", QUERY]),
                ("INTO OUTFILE", "txt", ["-e", f"{QUERY} INTO OUTFILE '{outfile}' CHARACTER SET utf8mb4"]),
            ):
                name = f"MariaDB-{format_.replace(' ', '_')}.{suffix}"
                said = _run([*client, "writers", *options], place)
                (folder / name).write_bytes(said or outfile.read_bytes())
                yield Written("MariaDB", number, format_, name)
        finally:
            server.terminate()
            server.wait()


@contextmanager
def _place(user: str) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder of that user's, and the words that start a command as the user, who must not be root."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() != 0:
            yield Path(name), []
            return
        _run(["chown", user, name], Path(name))
        yield Path(name), ["runuser", "-u", user, "--"]


def _run(command: list[str], place: Path, given: str = "") -> bytes:
    """Run a command to its end and return its standard output. Raises CalledProcessError."""
    quiet = (place / "said").open("ab")
    with quiet:
        stdout = subprocess.PIPE if "pg_ctl" not in command else quiet  # a server would keep a pipe open
        done = subprocess.run(
            command, cwd=place, env=ENVIRONMENT, input=given.encode(), stdout=stdout, stderr=quiet, check=False
        )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, stderr=(place / "said").read_text())
    return done.stdout or b""


def _statements() -> str:
    """Return the SQL that makes a table of the rows."""
    rows = ",\n".join(f"({number}, {_quoted(text)}, {rating})" for number, text, rating in cells())
    columns = f"{HEADINGS[0]} BIGINT, {HEADINGS[1]} TEXT, {HEADINGS[2]} INTEGER"
    return f"CREATE TABLE reviews ({columns});\nINSERT INTO reviews VALUES\n{rows};\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
