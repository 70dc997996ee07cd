"""The thin HTTP side: takes texts in, hands work to the lanes, shows jobs and results. No model library in here."""

import sentiq.core  # noqa: F401  # first of all: `sentiq` imports structlog, and without rich
