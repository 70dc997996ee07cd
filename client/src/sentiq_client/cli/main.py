"""Entry and exit codes of `sentiq`."""

from __future__ import annotations

import sys

import typer

from sentiq_client.cli import steering, submitting, watching
from sentiq_client.cli.output import say
from sentiq_client.errors import ApiError, ConnectionFailed, JobNotCompleted, SentiqError, WaitTimeout

EXIT_CODES = """
Exit codes: 0 done. 1 an error of this machine, such as a file that is not there. 2 wrong usage. 3 the service refused
the request. 4 the service cannot be reached or failed. 5 the job failed, was cancelled or expired. 6 the job did not
end in time and goes on. 130 interrupted; a submitted job goes on.

SENTIQ_URL names the service (default http://127.0.0.1:8000), SENTIQ_API_KEY holds your key if it wants one.
"""

app = typer.Typer(
    help="Chinese sentiment as a job service: submit texts and files, wait, fetch results." + EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (submitting, steering, watching):
    module.register(app)


def main() -> None:
    """Run the command line; what goes wrong is one line on standard error and an exit code."""
    try:
        app(prog_name="sentiq")
    except ApiError as error:
        say(f"sentiq: {error}")
        sys.exit(3 if error.status < 500 else 4)
    except ConnectionFailed as error:
        say(f"sentiq: {error}")
        sys.exit(4)
    except JobNotCompleted as error:
        say(f"sentiq: {error}")
        sys.exit(5)
    except WaitTimeout as error:
        say(f"sentiq: {error}")
        sys.exit(6)
    except (SentiqError, OSError) as error:
        say(f"sentiq: {error}")
        sys.exit(1)
