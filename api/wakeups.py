"""Writes the messages that wake a worker, so that a script can send them with the job they are for."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

from celery import Celery

from sentiq.jobs.messages import wake
from sentiq.jobs.types import Lane

#: In the places of what differs between two messages.
_ID, _CAUSE, _TAG = "THE-TASK-ID", "THE CAUSE", "THE-DELIVERY-TAG"


def wakeup_writer(producer: Celery) -> Callable[[str, str], str]:
    """Return a function that takes what `messages.wake` does and returns the message instead of sending it.

    Celery itself writes one, with words in the places of id and cause, for a broker in the memory of this process.
    """
    with producer.connection_for_write("memory://") as broker:
        wake(SimpleNamespace(send_task=partial(producer.send_task, connection=broker)), _ID, _CAUSE)
        message = broker.default_channel._get(Lane.INTERACTIVE)  # as all transports of kombu keep it
    message["properties"]["delivery_tag"] = _TAG
    written = json.dumps(message)

    def write(wakeup_id: str, cause: str) -> str:
        return written.replace(_ID, wakeup_id).replace(_CAUSE, cause).replace(_TAG, wakeup_id)

    return write
