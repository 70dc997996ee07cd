"""What settings mean in one process: other defaults, and those that only the whole service can have."""

from __future__ import annotations

from collections.abc import Mapping

#: For a small device. The process holds all jobs in its memory.
DEFAULTS = {
    "SENTIQ_API_THREADS": "16",
    "SENTIQ_CACHE_ENTRIES": "20000",
    "SENTIQ_JOB_TTL_S": "86400",
    "SENTIQ_MAX_FILE_BYTES": str(64 * 2**20),
    "SENTIQ_MAX_INFLATED_BYTES": str(256 * 2**20),
    "SENTIQ_MAX_UPLOAD_BYTES": str(16 * 2**20),
}

#: What cannot be had here, and why.
UNFIT = {
    "SENTIQ_REDIS_URL": "jobs are kept in this process, not in Redis",
    "SENTIQ_API_PROCESSES": "there is one process",
    "SENTIQ_AUTH": "keys are kept in Redis; here every caller on this machine may use the API",
    "SENTIQ_ENGINE_LOAD": "there is one process, which loads the model",
    "SENTIQ_DEGRADE_ABOVE_S": "no second model is held",
    "SENTIQ_IDLE_UNLOAD_S": "the model stays loaded",
    "SENTIQ_METRICS_PORT": "there are no workers of their own; /metrics of the API is there",
    "SENTIQ_ALIVE_FILE": "a health check asks /livez",
}

#: With these values they ask for nothing that is missing here.
FITTING = {
    "SENTIQ_API_PROCESSES": "1",
    "SENTIQ_AUTH": "off",
    "SENTIQ_ENGINE_LOAD": "parent",
    "SENTIQ_DEGRADE_ABOVE_S": "0",
    "SENTIQ_IDLE_UNLOAD_S": "0",
    "SENTIQ_METRICS_PORT": "0",
    "SENTIQ_ALIVE_FILE": "",
}


def unfit_settings(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each setting that asks for what only the whole service has."""
    return [
        f"{name}: {reason}. Unset it, or start the whole service (make run)."
        for name, reason in UNFIT.items()
        if name in environment and environment[name] != FITTING.get(name)
    ]
