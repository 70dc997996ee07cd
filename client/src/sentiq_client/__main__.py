"""`python -m sentiq_client` is the command `sentiq`."""

from __future__ import annotations

from sentiq_client.cli import main

main()
