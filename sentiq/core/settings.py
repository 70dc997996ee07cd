"""Defines all settings and reads them from the environment (`SENTIQ_…`).

If a value is invalid or a `SENTIQ_` name is unknown, the process does not start; the message gives the name and the
remedy. Secrets may be in files instead (`SENTIQ_SECRETS_DIR`), so that no listing of a process or container shows them.
docs/settings.md is generated from this module (`python -m sentiq.core.settings`); a test checks that they agree.
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

from sentiq.core import memory_store
from sentiq.core.errors import SettingsError
from sentiq.core.long_texts import LongTexts
from sentiq.core.networks import is_loopback, parse_networks
from sentiq.core.rate_limits import parse_rate_limits
from sentiq.core.redis_address import RedisAddress
from sentiq.core.routes import ROUTE, parse_routes

PREFIX = "SENTIQ_"
REPOSITORY = Path(__file__).resolve().parents[2]

BUNDLED_MODELS = REPOSITORY / "models"
BUNDLED_MODEL = "sentiq-small-zh"

#: Read by the client and the demo, not by the servers. Accepted here, so that all of them can share one environment.
CLIENT_NAMES = frozenset({"SENTIQ_URL", "SENTIQ_API_KEY"})


class Settings(BaseSettings):
    """All settings: each field has a default, bounds and, in `description`, its meaning and unit."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="Address of Redis, which is both the broker and the job store: `redis://`, `rediss://` (TLS), "
        "`unix://`, or `redis+sentinel://USER:PASSWORD@HOST:26379,HOST:26379/MASTER/0`. See docs/security.md.",
    )
    redis_password: SecretStr | None = Field(
        None,
        description="Password of Redis, used if `SENTIQ_REDIS_URL` contains none. It can then be stored in a separate "
        "file.",
    )
    redis_sentinel_password: SecretStr | None = Field(
        None, description="Password of the Sentinels, if they have a separate one."
    )
    redis_ca_file: Path | None = Field(
        None, description="CA certificates (PEM) for checking the TLS certificate of Redis. Unset: those of the system."
    )
    redis_cert_file: Path | None = Field(None, description="Client certificate (PEM), if Redis requires one.")
    redis_key_file: Path | None = Field(None, description="Private key (PEM) of the client certificate.")
    shard: str = Field(
        "",
        pattern=r"^[a-z0-9]{0,8}$",
        description="Short name of this stack, if several stacks, each with its own Redis, serve behind one proxy. "
        "New ids begin with it. See docs/scaling.md.",
    )
    host: str = Field("127.0.0.1", description="Address on which the API listens.")
    port: int = Field(8000, ge=1, le=65535, description="Port on which the API listens.")
    auth: Literal["keys", "off"] = Field(
        "off",
        description="`keys`: requests need an API key (`sentiq-admin keys`, docs/security.md). `off`: every client "
        "may use the API; the API then listens only on the loopback.",
    )
    admin_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token that allows every request. With `SENTIQ_AUTH=off` and without this token, the "
        "endpoints for operators are closed.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token that allows reading `/metrics` and `/health`. It also works while Redis, which "
        "stores the API keys, is down.",
    )
    rate_limit: str = Field(
        "",
        description="Limit on the requests of one API key (without keys: of one client address), such as "
        "`600/minute`. Separate several limits with `;`. Empty: no limit. A key may have its own limit.",
    )
    proxies: int = Field(
        0,
        ge=0,
        le=8,
        description="Number of proxies before the API, each of which appends to `X-Forwarded-For` or sets it. The API "
        "trusts this many addresses at the end of the header. 0: the API ignores the header.",
    )
    cors_origins: str = Field(
        "", description="Origins whose pages may call the API from a browser, separated by commas. Empty: none."
    )
    flower_host: str = Field(
        "127.0.0.1",
        description="Address on which Flower listens. Any address other than the loopback requires a login.",
    )
    flower_port: int = Field(5555, ge=1, le=65535, description="Port on which Flower listens.")
    flower_login: SecretStr | None = Field(
        None,
        min_length=16,
        description="Login for Flower, as `NAME:PASSWORD`. Separate several logins with commas. Unset: Flower asks "
        "for no login.",
    )
    flower_path: str = Field(
        "",
        pattern=r"^(/?[\w-]+)*/?$",
        description="Path under which a proxy serves Flower, such as `flower`. Empty: the root.",
    )
    flower_url: str = Field(
        "",
        pattern=r"^((https?:/)?/\S+)?$",
        description="Target of the link to Flower on the web page, such as `/flower/` behind a proxy. Empty: Flower's "
        "port on the host of the page.",
    )
    flower_db: Path | None = Field(
        None,
        description="File in which Flower saves the tasks it has seen, so that they survive a restart. Unset: Flower "
        "keeps them in memory only.",
    )
    flower_control: bool = Field(
        False, description="Whether Flower may also control workers: revoke tasks, stop workers, change their pools."
    )
    metrics_host: str = Field("127.0.0.1", description="Address on which a worker serves its metrics.")
    metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port on which a worker serves its metrics. Each worker on a host needs its own port. 0: the "
        "worker serves no metrics.",
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description="`json`: one JSON object per line. `text`: lines for people. `auto`: `text` on a terminal, "
        "otherwise `json`.",
    )
    log_texts: bool = Field(
        False, description="Whether a text on which the model fails is logged. No other text is ever logged."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level that is logged.")
    log_one_in: int = Field(
        100,
        ge=1,
        description="Frequent events (polls, probes, synchronous shortcuts, answered chunks) are sampled: one in this "
        "many is logged, with the number in its field `one_in`. 1: all are logged. Submitted jobs, errors and slow "
        "requests are always logged.",
    )

    secrets_dir: Path | None = Field(
        None,
        description="Folder of files that hold secrets. Each file is named like a setting in lower case "
        "(`sentiq_redis_password`) and holds its value: Docker's `/run/secrets`, a mounted Secret of Kubernetes, "
        "systemd's `%d`. Files with other names than `sentiq_…` are ignored.",
    )

    model: str = Field(BUNDLED_MODEL, min_length=1, description="Id of the model that workers load.")
    cascade: str = Field(
        "",
        pattern=r"^([^\s,+]+, *[^\s,+]+)?$",
        description="Ids of two models, as `STUDENT,TEACHER`, which workers load instead of `SENTIQ_MODEL`: the first "
        "answers the texts of which it is sure, the second the rest. The pair must have been fitted: docs/cascade.md. "
        "Empty: one model answers all.",
    )
    routes: str = Field(
        "",
        description="Models by language, such as `zh=sentiq-small-zh,*=my-xlmr`, which workers load instead of "
        "`SENTIQ_MODEL`: each text goes to the model of its language, `*` is every other one. See docs/languages.md. "
        "Empty: one model answers all.",
    )
    model_root: Path = Field(
        BUNDLED_MODELS,
        description="Folder of prepared models. The bundled model is always available too, even if it is in another "
        "folder.",
    )
    backend: Literal["openvino", "onnx", "torch"] = Field(
        "openvino", description="Library that runs the model. The model must have been prepared for it: docs/models.md."
    )
    if_unproven: Literal["fall_back", "warn", "refuse"] = Field(
        "fall_back",
        description="What a worker does with a model whose numbers on this processor are not those that were proven "
        "when it was prepared. `fall_back`: computes it in float32, which is slower; refuses it where no such form is "
        "stored. `warn`: uses it all the same. `refuse`: does not load it. Each is logged. See docs/models.md.",
    )
    engine_load: Literal["parent", "child"] = Field(
        "parent",
        description="Which process loads the model. `parent`: the parent loads it once and all children share it. "
        "`child`: each child loads it, for hosts where the engine fails after a fork.",
    )
    degrade_above_s: float = Field(
        0,
        ge=0,
        description="Limit in seconds on how long small jobs would wait for the model. Above it, the bundled model "
        "(of a cascade, its student alone) answers them (`degraded: true`) until the overload is over. Jobs that name "
        "a model are never answered this way. 0: never.",
    )
    idle_unload_s: float = Field(
        0, ge=0, description="Seconds without work after which a worker unloads the model to free its memory. 0: never."
    )
    token_budget: int = Field(
        512, ge=64, le=65536, description="Maximum number of tokens, including padding, in one forward pass."
    )

    long_texts: LongTexts = Field(
        "truncate",
        description="Which part of a text the model reads if the text is too long for it and the job does not choose. "
        "`truncate`: the beginning. `head_tail`: the beginning for a quarter of the tokens, the end for the rest. "
        "`windows`: the whole text, in overlapping windows whose results are averaged.",
    )
    neutral_band: float = Field(
        0,
        ge=0,
        le=0.5,
        description="A row is neutral if its probability of `positive` is nearer to 0.5 than this. Used if neither "
        "the request for results nor the job sets a band. 0: never. Only for models whose labels are negative and "
        "positive.",
    )

    time_zone: str = Field(
        "UTC", description="Time zone for the daily window of a job that names no time zone, such as Asia/Shanghai."
    )
    job_ttl_s: int = Field(
        7 * 86400, ge=60, le=365 * 86400, description="Seconds for which a job is kept after its last change of state."
    )
    upload_timeout_s: float = Field(
        60, gt=0, description="Seconds without new data after which an upload counts as broken."
    )
    max_json_bytes: int = Field(
        32 * 2**20,
        ge=1024,
        description="Maximum size of a JSON body, in bytes. Files and NDJSON are streamed and may be larger.",
    )
    max_file_bytes: int = Field(
        8 * 2**30, ge=1024, description="Maximum size of a file or of an NDJSON body as it is sent, in bytes."
    )
    max_upload_bytes: int = Field(
        256 * 2**20,
        ge=1024,
        description="Maximum size, in bytes, of a file that is uploaded for a check before a job is created. Redis "
        "stores it.",
    )
    upload_ttl_s: int = Field(3_600, ge=60, description="Seconds for which Redis stores such an uploaded file.")
    max_inflated_bytes: int = Field(
        32 * 2**30, ge=1024, description="Maximum size of a file after it is unpacked, in bytes."
    )
    max_inflate_ratio: int = Field(
        200,
        ge=2,
        description="Maximum ratio of unpacked to packed size. It applies to a file that unpacks to more than 1 MB.",
    )
    max_rows: int = Field(20_000_000, ge=1, description="Maximum number of rows in one file.")
    max_xlsx_rows: int = Field(
        2_000_000,
        ge=1,
        description="Maximum number of rows in a job whose complete results can be downloaded as XLSX. The server "
        "builds the whole workbook before it sends it, and clients time out after minutes.",
    )
    max_columns: int = Field(
        1_000, ge=1, le=16_381, description="Maximum number of columns in one file."
    )  # results have 3 more
    max_cell_chars: int = Field(
        200_000, ge=1, le=10_000_000, description="Maximum number of characters in one cell of a file."
    )
    parse_memory_mb: int = Field(
        1_024,
        ge=128,
        description="Maximum memory in MB of a process that parses a workbook or a document. Each has a process of its "
        "own; four may run at the same time for each API process.",
    )
    parse_time_s: int = Field(
        120, ge=1, description="Maximum number of seconds of CPU time that such a process may use for one file."
    )
    max_bad_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of unreadable rows up to which a job continues. Used if the job does not set its own.",
    )
    max_waiting_rows: int = Field(
        50_000_000,
        ge=1,
        description="Maximum number of rows of bulk jobs that may wait at the same time. Above it, submissions get "
        "503.",
    )
    max_waiting_requests: int = Field(
        10_000,
        ge=1,
        description="Maximum number of small jobs that may wait on the interactive lane at the same time. Above it, "
        "submissions get 503.",
    )
    max_redis_share: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Share of Redis's `maxmemory` (if unset: of the memory of its host) that may be in use. Above it, "
        "submissions get 503, so that the remaining memory is available for results.",
    )
    max_text_chars: int = Field(20_000, ge=1, le=1_000_000, description="Maximum number of characters in one text.")

    webhook_networks: str = Field(
        "",
        description="Private networks to which webhooks may be sent, separated by commas: 10.1.0.0/16, fd00::/8. "
        "Plain http is allowed for them.",
    )

    cache_entries: int = Field(
        200_000,
        ge=0,
        description="Maximum number of predictions in the result cache, for all models together. 0: the cache is off.",
    )
    cache_ttl_s: int = Field(
        86_400,
        ge=2,
        description="Maximum number of seconds for which the result cache keeps an unused prediction. It may drop the "
        "prediction after half of this time.",
    )

    interactive_texts: int = Field(
        64, ge=1, le=1024, description="Maximum number of texts in a job that takes the interactive lane."
    )
    interactive_chars: int = Field(
        16_000, ge=1, description="Maximum number of characters in a job that takes the interactive lane."
    )
    chunk_texts: int = Field(512, ge=1, le=65536, description="Maximum number of texts in one bulk chunk.")
    chunk_chars: int = Field(32_000, ge=1, description="Maximum number of characters in one bulk chunk.")
    bulk_nice: int = Field(
        19, ge=0, le=19, description="Niceness (operating system priority) of the children of the bulk lane."
    )
    lease_s: float = Field(
        8,
        gt=0,
        description="Seconds without a sign of life from a worker after which its chunks are given to other workers.",
    )
    child_memory_mb: int = Field(
        2_048,
        ge=0,
        description="Limit in MB on the unique memory of a child (USS, memory that it does not share with its "
        "parent). A child above it is replaced after its task. 0: no limit.",
    )
    scale_keepalive_s: float = Field(
        30,
        ge=1,
        description="Seconds for which fewer children must have been enough before a worker with `--autoscale` stops "
        "some: docs/autoscale.md.",
    )
    scale_reserve_mb: int = Field(
        512,
        ge=0,
        description="Memory in MB that must remain free on the host, or in the container, when such a worker adds a "
        "child.",
    )
    scale_cpu_share: float = Field(
        0.95,
        gt=0,
        le=1,
        description="Share of the CPU in use above which such a worker adds no child. For the interactive lane, the "
        "CPU time of processes with a raised niceness, such as bulk children, counts as free. 1: no limit.",
    )
    task_time_limit_s: int = Field(
        100, ge=1, description="Seconds after which a child that still works on the same task is killed."
    )
    visibility_timeout_s: int = Field(
        120, ge=2, description="Seconds after which Redis delivers an unacknowledged message to another worker."
    )
    stop_grace_s: int = Field(
        20,
        ge=0,
        description="Seconds for which a stopping worker lets its tasks finish. A supervisor must wait longer before "
        "it kills the worker.",
    )
    alive_file: str = Field(
        "",
        description="File that a worker, or the webhook deliverer, touches every second while it makes progress, and "
        "removes when it ends. A health check of a container reads its age. Empty: no file.",
    )
    sync_timeout_s: float = Field(
        30,
        gt=0,
        le=300,
        description="Maximum number of seconds for which a synchronous endpoint or `Prefer: wait` waits for a result.",
    )
    api_threads: int = Field(
        128,
        ge=8,
        le=1024,
        description="Number of requests that each API process handles at the same time. One eighth of these threads is "
        "never used to wait for results.",
    )
    api_processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Number of API processes. They share their memory as far as they can; each has its own threads, "
        "parses up to four files and writes up to four workbooks at the same time.",
    )

    @property
    def redis_address(self) -> RedisAddress:
        """The address of Redis. Raises ValueError if it is invalid, which `load` has already checked."""
        return RedisAddress.parse(self.redis_url.get_secret_value()).completed(
            password=_plain(self.redis_password),
            sentinel_password=_plain(self.redis_sentinel_password),
            ca_file=self.redis_ca_file,
            cert_file=self.redis_cert_file,
            key_file=self.redis_key_file,
        )

    @property
    def served_model(self) -> str:
        """The name by which the store finds what workers load: a model, a pair, `STUDENT+TEACHER`, or routes."""
        if self.routes:
            return ",".join(f"{language}{ROUTE}{model}" for language, model in parse_routes(self.routes).items())
        return "+".join(name.strip() for name in self.cascade.split(",")) if self.cascade else self.model

    @property
    def model_setting(self) -> str:
        """The name of the setting that says what workers load."""
        return PREFIX + ("ROUTES" if self.routes else "CASCADE" if self.cascade else "MODEL")

    @property
    def model_roots(self) -> tuple[Path, ...]:
        """The folders that are searched for models, in this order."""
        return tuple(dict.fromkeys((self.model_root, BUNDLED_MODELS)))


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
        if settings.redis_address.is_in_memory and not memory_store.is_open():
            faults.append(f"{PREFIX}REDIS_URL: memory:// is the store of `sentiq serve --embedded`. Name a Redis.")
    except ValueError as error:
        faults.append(f"{PREFIX}REDIS_URL: {error}.")
    if settings.auth == "off" and not is_loopback(settings.host):
        faults.append(
            f"{PREFIX}AUTH: off works on the loopback only, and {PREFIX}HOST is {settings.host}. Set {PREFIX}AUTH=keys "
            "and make a key with sentiq-admin keys create NAME."
        )
    if settings.routes and settings.cascade:
        faults.append(
            f"{PREFIX}ROUTES: {PREFIX}CASCADE is set too. Unset that, and write the pair as the model of a language: "
            f"zh={'+'.join(name.strip() for name in settings.cascade.split(','))}."
        )
    if settings.routes:
        try:
            parse_routes(settings.routes)
        except ValueError as error:
            faults.append(f"{PREFIX}ROUTES: {error}, got {settings.routes!r}. Or unset it: one model answers all.")
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
    # The list of all zones takes 70 ms to make.
    if settings.time_zone != "UTC" and settings.time_zone not in zoneinfo.available_timezones():
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
