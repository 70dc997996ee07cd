"""A teacher in a running service: what it answers as a bulk job is what it answers in a process of ours."""

from __future__ import annotations

import numpy as np
import pytest

from sentiq.engine.registry import find_model
from sentiq_client import Client
from tests.support.cluster import Cluster
from tests.support.models import BUNDLED
from tests.support.paths import BUNDLED_MODEL
from tests.support.texts import sentences
from tools.distilling.teachers import OwnTeacher, ServiceTeacher

pytestmark = pytest.mark.cluster


def test_a_service_answers_what_its_model_answers(cluster: Cluster) -> None:
    texts = sentences(300, 61)
    pieces = [texts[:120], texts[120:240], texts[240:]]
    own = OwnTeacher(find_model([BUNDLED_MODEL.parent], BUNDLED), 1)
    with Client(cluster.url) as client:
        teacher = ServiceTeacher(client, BUNDLED)
        assert (teacher.name, tuple(teacher.labels)) == (own.name, tuple(own.labels))
        for found, expected in zip(teacher.answers(pieces), own.answers(pieces), strict=True):
            np.testing.assert_allclose(found, expected, atol=2e-3)  # a text is batched with others there
        assert list(client.jobs()) == []  # nothing of the texts stays in the service
