"""Entry and exit codes of `sentiq`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sentiq_client.cli import analysing, counting, hooks, manage, reading, serving, sets, submitting, watching
from sentiq_client.cli.output import flush, plain, say
from sentiq_client.errors import ApiError, ConnectionFailed, JobNotCompleted, SentiqError, UnexpectedAnswer, WaitTimeout
from sentiq_client.version import __version__

EXIT_CODES = """
Exit codes: 0 done. 1 an error of this machine, such as a file that is not there. 2 wrong usage. 3 the service refused
the request. 4 the service cannot be reached or failed. 5 the job failed, was cancelled or expired, or a line could not
be classified. 6 the job did not end in time and goes on. 70 a fault of this program. 130 interrupted; a submitted job
goes on. 141 the reader of the output has gone, as after `| head`.

SENTIQ_URL names the service (default http://127.0.0.1:8000), SENTIQ_API_KEY holds your key if it wants one.
"""

app = typer.Typer(
    help="Chinese sentiment as a job service: submit texts and files, wait, fetch results." + EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (submitting, analysing, manage, reading, counting, watching, hooks, sets, serving):
    module.register(app)


def _version(asked: bool) -> None:
    if asked:
        plain(f"sentiq {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="print the version and end", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass  # the help of the command stands with `app`


def main() -> None:
    """Run the command line; what goes wrong is one line on standard error and an exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115  # open until we end
    code = _run()
    flush()
    sys.exit(code)


def _run() -> int | str | None:
    try:
        app(prog_name="sentiq")
    except SystemExit as done:
        return done.code
    except ApiError as error:
        return _failed(error, 3 if error.status < 500 else 4)
    except (ConnectionFailed, UnexpectedAnswer) as error:
        return _failed(error, 4)
    except JobNotCompleted as error:
        return _failed(error, 5)
    except WaitTimeout as error:
        return _failed(error, 6)
    except SentiqError as error:
        return _failed(error, 1)
    except OSError as error:
        say(f"sentiq: {error.strerror}: {error.filename}" if error.filename else f"sentiq: {error}")
        return 1
    except Exception as error:  # noqa: BLE001  # nobody should have to read a traceback
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = "" if at is None else f" in {Path(at.tb_frame.f_code.co_filename).name}, line {at.tb_lineno}"
        say(f"sentiq: a fault of this program: {type(error).__name__}{place}: {error}. Please report it.")
        return 70
    return 0


def _failed(error: Exception, code: int) -> int:
    say(f"sentiq: {error}")
    return code
