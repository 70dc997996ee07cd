"""The API on a real Redis, without workers: tests answer chunks themselves, as a worker would."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from redis import Redis

from api.app import create_app
from api.services import Services
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane, InteractiveLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef, Lane, StoredModel
from sentiq.jobs.workers import Heartbeat, beat, count_children
from tests.support.jobs import answered, claim

ADMIN_TOKEN = "a token of the tests"


@pytest.fixture
def store(redis: Redis, settings: Settings) -> JobStore:
    return JobStore(redis, settings)


@pytest.fixture
def bulk(redis: Redis, settings: Settings) -> BulkLane:
    return BulkLane(redis, settings)


@pytest.fixture
def interactive(redis: Redis, settings: Settings) -> InteractiveLane:
    return InteractiveLane(redis, settings)


@pytest.fixture
def api_settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "admin_token": SecretStr(ADMIN_TOKEN),
            "chunk_texts": 100,
            "max_text_chars": 1_000,
            "max_json_bytes": 100_000,
            "max_file_bytes": 400_000,
            "sync_timeout_s": 1.0,
            "upload_timeout_s": 60.0,
        }
    )


@pytest.fixture
def client(redis: Redis, api_settings: Settings) -> Iterator[FlaskClient]:
    app = create_app(api_settings)
    with app.test_client() as client:
        yield client
    services: Services = app.extensions["sentiq"]
    services.close()


@pytest.fixture
def answer_interactive(redis: Redis, settings: Settings) -> Callable[[], int]:
    """Answer whatever waits on the interactive lane; returns how many chunks."""
    lane = InteractiveLane(redis, settings)

    def answer() -> int:
        opened = lane.take("test") or []
        lane.record([answered(o) for o in opened])
        return len(opened)

    return answer


@pytest.fixture
def answer_bulk(redis: Redis, settings: Settings) -> Callable[[str, int, int], None]:
    """Answer one chunk of a bulk job: job id, chunk number, rows."""
    lane = BulkLane(redis, settings)

    def answer(job_id: str, chunk_no: int, rows: int) -> None:
        lane.record([answered(claim(lane, ChunkRef(job_id, chunk_no, rows)))])

    return answer


@pytest.fixture
def live_workers(redis: Redis) -> None:
    """As if a warm worker of each lane announced itself: both have two models, and have loaded the second."""
    stored = tuple(
        StoredModel(name, version, ("negative", "positive"), 512, "int8", "a test")
        for name, version in (("another-model", "7"), ("loaded-model", "2"))
    )
    for lane in Lane:
        beat(redis, Heartbeat(f"{lane}@test", lane, 1, 0, "loaded-model", "2", stored, 0.0, 0.0), ttl_s=60)
    count_children(redis, ttl_s=60)
