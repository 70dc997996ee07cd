"""The table of all settings, read from the environment (`SENTIQ_…`).

An invalid value, or a `SENTIQ_` name that is not in the table, stops the start with the name and the remedy. Secrets
may be in files instead (`SENTIQ_SECRETS_DIR`), so that no listing of a process or container shows them.
docs/settings.md is made from this table (`python -m sentiq.core.settings`), and a test holds the two together.
"""

from __future__ import annotations

import difflib
import os
import zoneinfo
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from sentiq.core.errors import SettingsError
from sentiq.core.networks import is_loopback, parse_networks
from sentiq.core.rate_limits import parse_rate_limits
from sentiq.core.redis_address import RedisAddress

PREFIX = "SENTIQ_"
REPOSITORY = Path(__file__).resolve().parents[2]

BUNDLED_MODELS = REPOSITORY / "models"
BUNDLED_MODEL = "sentiq-small-zh"

#: How a text longer than the model reads is read; the engine says what each means (sentiq/engine/long_texts.py).
LongTexts = Literal["truncate", "head_tail", "windows"]

#: Read by the client and the demo, not by the servers; accepted, so that all may share one environment.
CLIENT_NAMES = frozenset({"SENTIQ_URL", "SENTIQ_API_KEY"})


class Settings(BaseSettings):
    """Every setting with its default, its bounds and, in `description`, its meaning and unit."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="Redis: broker and job store. `redis://`, `rediss://` (TLS), `unix://`, or "
        "`redis+sentinel://USER:PASSWORD@HOST:26379,HOST:26379/MASTER/0`: docs/security.md.",
    )
    redis_password: SecretStr | None = Field(
        None, description="Password of Redis, where `SENTIQ_REDIS_URL` has none: it may lie in a file of its own."
    )
    redis_sentinel_password: SecretStr | None = Field(
        None, description="Password of the Sentinels, where they have one of their own."
    )
    redis_ca_file: Path | None = Field(
        None, description="Certificates (PEM) that vouch for Redis, for TLS; unset: those of the system."
    )
    redis_cert_file: Path | None = Field(None, description="Our certificate (PEM), where Redis asks for one.")
    redis_key_file: Path | None = Field(None, description="Its private key (PEM).")
    shard: str = Field(
        "",
        pattern=r"^[a-z0-9]{0,8}$",
        description="Short name of this stack where several of them, each with a Redis of its own, serve behind one "
        "proxy; new ids begin with it: docs/scaling.md.",
    )
    host: str = Field("127.0.0.1", description="Address on which the API listens.")
    port: int = Field(8000, ge=1, le=65535, description="Port of the API.")
    auth: Literal["keys", "off"] = Field(
        "off",
        description="`keys`: requests need an API key (`sentiq-admin keys`, docs/security.md). `off`: every client "
        "may use the API, which then listens only on the loopback.",
    )
    admin_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="A bearer token that may do everything; `off` without one closes what operators do.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="A bearer token that may read `/metrics` and `/health`, also while Redis, where the API keys are, "
        "is away.",
    )
    rate_limit: str = Field(
        "",
        description="Requests of one API key, or without keys of one address, such as `600/minute`; several with `;`. "
        "Empty: no limit. A key may have its own.",
    )
    proxies: int = Field(
        0,
        ge=0,
        le=8,
        description="Proxies before the API, each of which adds to `X-Forwarded-For` or sets it: so many of its last "
        "addresses are believed. 0: the header is not read.",
    )
    cors_origins: str = Field(
        "", description="Origins whose pages may call the API from a browser, with commas. Empty: none."
    )
    flower_host: str = Field(
        "127.0.0.1", description="Address on which Flower listens; others than the loopback need a login."
    )
    flower_port: int = Field(5555, ge=1, le=65535, description="Port of Flower.")
    flower_login: SecretStr | None = Field(
        None, min_length=16, description="`NAME:PASSWORD` that opens Flower; several with commas. Unset: it is open."
    )
    flower_path: str = Field(
        "",
        pattern=r"^(/?[\w-]+)*/?$",
        description="Path under which a proxy shows Flower, such as `flower`. Empty: the root.",
    )
    flower_url: str = Field(
        "",
        pattern=r"^((https?:/)?/\S+)?$",
        description="Where the web page's link to Flower leads, such as `/flower/` behind a proxy. Empty: to Flower's "
        "port on the page's own host.",
    )
    flower_db: Path | None = Field(
        None, description="File in which Flower keeps the tasks it has seen over restarts; unset: in memory alone."
    )
    flower_control: bool = Field(
        False, description="Whether Flower may also steer: revoke tasks, stop workers, change their pools."
    )
    metrics_host: str = Field("127.0.0.1", description="Address on which a worker shows its metrics.")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of a worker's metrics; each worker of a host needs its own. 0: none."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="`json`: one object a line. `text`: for people. `auto`: `text` on a terminal."
    )
    log_texts: bool = Field(
        False, description="Whether a text that the model fails on is logged. Otherwise no text is ever logged."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe level logged.")
    log_one_in: int = Field(
        100,
        ge=1,
        description="Of what happens all the time (polls, probes, chunks answered) one of so many is logged, and says "
        "so in `one_in`. 1: all. Submissions, errors and slow requests are always logged.",
    )

    secrets_dir: Path | None = Field(
        None,
        description="Folder of files named like settings in small letters (`sentiq_redis_password`), each with the "
        "value of one: Docker's `/run/secrets`, a mounted Secret of Kubernetes, systemd's `%d`. Files with other names "
        "than `sentiq_…` are left alone.",
    )

    model: str = Field(BUNDLED_MODEL, min_length=1, description="Id of the model that workers load.")
    model_root: Path = Field(
        BUNDLED_MODELS, description="Folder of prepared models; the bundled one is there beside them, wherever it is."
    )
    backend: Literal["openvino", "onnx", "torch"] = Field(
        "openvino", description="What runs the network; the model must have been prepared for it: docs/models.md."
    )
    engine_load: Literal["parent", "child"] = Field(
        "parent",
        description="Where the model is loaded. `parent`: once, shared by all children. `child`: in each, "
        "for hosts where the engine does not survive a fork.",
    )
    degrade_above_s: float = Field(
        0,
        ge=0,
        description="Seconds that small jobs would have to wait for the model above which the bundled one answers them "
        "(`degraded: true`), until the overload is over; jobs that name a model excepted. 0: never.",
    )
    idle_unload_s: float = Field(
        0,
        ge=0,
        description="Seconds without work after which a worker gives the model's memory back; 0: never.",
    )
    token_budget: int = Field(
        512, ge=64, le=65536, description="Tokens, padding included, of one forward pass at most."
    )

    long_texts: LongTexts = Field(
        "truncate",
        description="How texts longer than the model reads are read, where a job does not say. `truncate`: their "
        "beginning. `head_tail`: a quarter of the room for the beginning, the rest for the end. `windows`: all of it, "
        "in overlapping windows whose answers are averaged.",
    )
    neutral_band: float = Field(
        0,
        ge=0,
        le=0.5,
        description="How far from 0.5 the probability of `positive` must be, or the row is neutral, where neither the "
        "request for results nor the job says. 0: never. For models that know negative and positive alone.",
    )

    time_zone: str = Field(
        "UTC", description="Time zone of the window of a job that names none, such as Asia/Shanghai."
    )
    job_ttl_s: int = Field(
        7 * 86400, ge=60, le=365 * 86400, description="Seconds a job lives after its last transition."
    )
    upload_timeout_s: float = Field(
        60, gt=0, description="Seconds without a sign of life after which an upload counts as broken."
    )
    max_json_bytes: int = Field(
        32 * 2**20, ge=1024, description="Bytes of a JSON body; files and NDJSON are streamed and may be larger."
    )
    max_file_bytes: int = Field(
        8 * 2**30, ge=1024, description="Bytes of a file or of an NDJSON body, as they are sent."
    )
    max_upload_bytes: int = Field(
        256 * 2**20, ge=1024, description="Bytes of a file that is uploaded to be looked at first; Redis keeps it."
    )
    upload_ttl_s: int = Field(3_600, ge=60, description="Seconds for which such a file is kept.")
    max_inflated_bytes: int = Field(32 * 2**30, ge=1024, description="Bytes of a file after it is unpacked.")
    max_inflate_ratio: int = Field(
        200, ge=2, description="How many times its size a packed file of over 1 MB may unpack to."
    )
    max_rows: int = Field(20_000_000, ge=1, description="Rows of one file.")
    max_xlsx_rows: int = Field(
        2_000_000,
        ge=1,
        description="Rows of a job up to which all its results are given as XLSX. It is made before it is sent, and "
        "clients give up after minutes.",
    )
    max_columns: int = Field(1_000, ge=1, le=16_381, description="Columns of one file.")  # results have 3 more
    max_cell_chars: int = Field(200_000, ge=1, le=10_000_000, description="Characters of one cell of a file.")
    max_bad_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of rows that cannot be read up to which a job goes on, where it does not say.",
    )
    max_waiting_rows: int = Field(
        50_000_000, ge=1, description="Rows of bulk jobs that may wait at once; beyond them submissions get 503."
    )
    max_waiting_requests: int = Field(
        10_000, ge=1, description="Small jobs that may wait on the interactive lane at once; beyond them 503."
    )
    max_redis_share: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Share of Redis's `maxmemory` (without one: of its host's memory) that may be used; beyond it "
        "submissions get 503, and the rest is left for results.",
    )
    max_text_chars: int = Field(20_000, ge=1, le=1_000_000, description="Characters of one text.")

    webhook_networks: str = Field(
        "",
        description="Networks that are not public but may receive webhooks, with commas: 10.1.0.0/16, fd00::/8. "
        "To them plain http is allowed.",
    )

    cache_entries: int = Field(
        200_000,
        ge=0,
        description="Predictions that the result cache keeps at most, of all models together; 0 switches it off.",
    )
    cache_ttl_s: int = Field(
        86_400,
        ge=2,
        description="Seconds for which the result cache keeps a prediction that is not used; at least half of it.",
    )

    interactive_texts: int = Field(64, ge=1, le=1024, description="Texts up to which a job takes the interactive lane.")
    interactive_chars: int = Field(16_000, ge=1, description="Characters up to which a job takes the interactive lane.")
    chunk_texts: int = Field(512, ge=1, le=65536, description="Texts of one bulk chunk at most.")
    chunk_chars: int = Field(32_000, ge=1, description="Characters of one bulk chunk at most.")
    bulk_nice: int = Field(19, ge=0, le=19, description="OS priority (niceness) of the bulk lane's children.")
    lease_s: float = Field(
        8, gt=0, description="Seconds after which work of a worker that fell silent is given out again."
    )
    child_memory_mb: int = Field(
        2_048,
        ge=0,
        description="Unique memory of a child (USS, what is not shared with its parent) above which it is replaced "
        "after its task. 0: no limit.",
    )
    scale_keepalive_s: float = Field(
        30,
        ge=1,
        description="Seconds for which fewer children must be enough before a worker with `--autoscale` lets some go: "
        "docs/autoscale.md.",
    )
    scale_reserve_mb: int = Field(
        512, ge=0, description="Memory of the host, or of the container, that must be left when it adds a child."
    )
    scale_cpu_share: float = Field(
        0.95,
        gt=0,
        le=1,
        description="Share of the CPU in use above which it adds none. CPU time of niced processes, such as bulk "
        "children, is free for the interactive lane. 1: it always adds.",
    )
    task_time_limit_s: int = Field(
        100, ge=1, description="Seconds after which a child that works on one task is killed."
    )
    visibility_timeout_s: int = Field(
        120, ge=2, description="Seconds after which Redis hands an unacknowledged message to another worker."
    )
    stop_grace_s: int = Field(
        20,
        ge=0,
        description="Seconds a stopping worker gives its tasks to end; a supervisor must wait longer before it kills.",
    )
    alive_file: str = Field(
        "",
        description="A file that a worker, or the deliverer of webhooks, touches each second while it makes progress "
        "and removes when it ends. Its age tells a container's health. Empty: none.",
    )
    sync_timeout_s: float = Field(
        30, gt=0, le=300, description="Seconds a synchronous endpoint or `Prefer: wait` waits at most."
    )
    api_threads: int = Field(
        128, ge=8, le=1024, description="Requests the API handles at once; an eighth of them never waits for results."
    )

    @property
    def redis_address(self) -> RedisAddress:
        """Where Redis is. Raises ValueError, but not after `load` has checked it."""
        return RedisAddress.parse(self.redis_url.get_secret_value()).completed(
            password=_plain(self.redis_password),
            sentinel_password=_plain(self.redis_sentinel_password),
            ca_file=self.redis_ca_file,
            cert_file=self.redis_cert_file,
            key_file=self.redis_key_file,
        )

    @property
    def model_roots(self) -> tuple[Path, ...]:
        """Where models are looked for, in this order."""
        return self.model_root, BUNDLED_MODELS


def load() -> Settings:
    """Read the environment.

    Raises SettingsError, one line per fault, naming the variable, the fault and the remedy.
    """
    faults = [_unknown(name) for name in sorted(os.environ) if not _is_known(name)]
    from_files, bad_files = _secrets(os.environ.get(f"{PREFIX}SECRETS_DIR", ""))
    faults += bad_files
    try:
        settings = Settings(**from_files)
    except ValidationError as error:
        faults += [
            f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}{_got(e)}. "
            "See docs/settings.md for what it takes, or unset it to use the default."
            for e in error.errors()
        ]
        raise SettingsError("\n".join(faults)) from None
    try:
        _ = settings.redis_address
    except ValueError as error:
        faults.append(f"{PREFIX}REDIS_URL: {error}.")
    if settings.auth == "off" and not is_loopback(settings.host):
        faults.append(
            f"{PREFIX}AUTH: off works on the loopback only, and {PREFIX}HOST is {settings.host}. Set {PREFIX}AUTH=keys "
            "and make a key with sentiq-admin keys create NAME."
        )
    if settings.flower_login is None and not is_loopback(settings.flower_host):
        faults.append(
            f"{PREFIX}FLOWER_LOGIN: without one, Flower listens on the loopback only, and {PREFIX}FLOWER_HOST is "
            f"{settings.flower_host}. Set it to NAME:PASSWORD."
        )
    if settings.flower_login and ":" not in settings.flower_login.get_secret_value():
        faults.append(f"{PREFIX}FLOWER_LOGIN: has no password. Write it as NAME:PASSWORD.")
    try:
        parse_rate_limits(settings.rate_limit)
    except ValueError as error:
        faults.append(f"{PREFIX}RATE_LIMIT: {error}")
    try:
        parse_networks(settings.webhook_networks)
    except ValueError as error:
        faults.append(f"{PREFIX}WEBHOOK_NETWORKS: {error}. Write networks as 10.1.0.0/16, with commas between.")
    if settings.time_zone not in zoneinfo.available_timezones():
        faults.append(f"{PREFIX}TIME_ZONE: {settings.time_zone!r} is no time zone. Use a name such as Asia/Shanghai.")
    if settings.visibility_timeout_s <= settings.task_time_limit_s:
        faults.append(
            f"{PREFIX}VISIBILITY_TIMEOUT_S: must be greater than {PREFIX}TASK_TIME_LIMIT_S "
            f"({settings.task_time_limit_s}), or long tasks run twice; got {settings.visibility_timeout_s}. "
            "Raise the first or lower the second."
        )
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


@cache
def current() -> Settings:
    """Return the settings of this process, which are read once."""
    return load()


def _secrets(directory: str) -> tuple[dict[str, Any], list[str]]:
    """Return the values in the files of SENTIQ_SECRETS_DIR, by field, and the faults. Values are stripped."""
    if not directory:
        return {}, []
    values, faults = {}, []
    try:
        files = sorted(file for file in Path(directory).iterdir() if file.name.lower().startswith(PREFIX.lower()))
    except OSError as error:
        return {}, [f"{PREFIX}SECRETS_DIR: {directory} cannot be read ({error.strerror}). Name a folder, or unset it."]
    for file in files:
        name = file.name.upper()
        if not _is_known(name):
            faults.append(f"{file}: {_unknown(name)}")
        elif name in os.environ:
            faults.append(f"{name}: set in the environment and in {file}. Leave one of them.")
        else:
            try:
                values[name.removeprefix(PREFIX).lower()] = file.read_text().strip()
            except (OSError, UnicodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "no text"
                faults.append(f"{name}: {file} cannot be read ({reason}).")
    return values, faults


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _got(error: ErrorDetails) -> str:
    """Return the invalid value for an error message, unless it is a secret."""
    secret = Settings.model_fields[str(error["loc"][0])].annotation in (SecretStr, SecretStr | None)
    return "" if secret else f", got {error['input']!r}"


def _is_known(name: str) -> bool:
    return (
        not name.startswith(PREFIX)
        or name in CLIENT_NAMES
        or name.removeprefix(PREFIX).lower() in Settings.model_fields
    )


def _unknown(name: str) -> str:
    candidates = [PREFIX + field.upper() for field in Settings.model_fields]
    close = difflib.get_close_matches(name, candidates, n=1)
    hint = f"Did you mean {close[0]}?" if close else "See docs/settings.md for the names."
    return f"{name}: no such setting. {hint}"


def markdown() -> str:
    """Return the table of docs/settings.md."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            default = default.relative_to(REPOSITORY)
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        lines.append(f"| `{PREFIX}{name.upper()}` | `{default}` | {field.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
