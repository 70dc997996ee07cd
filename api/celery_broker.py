"""Sends Celery's messages, and writes those that a script sends with the job they are for."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from sentiq.core.settings import Settings
from sentiq.jobs.messages import wake
from sentiq.jobs.types import Lane

#: In the places of what differs between two messages.
_ID, _CAUSE, _TAG = "THE-TASK-ID", "THE CAUSE", "THE-DELIVERY-TAG"


class CeleryBroker:
    """A producer that gives up as fast as a request must be answered."""

    def __init__(self, settings: Settings, timeout_s: float) -> None:
        address = settings.redis_address
        self._app = Celery("sentiq-api", set_as_current=False)
        self._app.config_from_object("celeryconfig")
        impatient = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
        self._app.conf.update(
            broker_url=address.broker_url,
            broker_use_ssl=address.tls,
            broker_connection_timeout=timeout_s,
            broker_transport_options=self._app.conf.broker_transport_options | address.broker_options | impatient,
            task_publish_retry=False,
        )
        self.wakeup = wakeup_writer(self._app)

    def send_task(self, name: str, args: Any = None, **options: Any) -> None:
        """Send a message. Raises the errors of Redis."""
        try:
            self._app.send_task(name, args, **options)
        except OperationalError as error:
            raise redis.ConnectionError(str(error)) from error

    def close(self) -> None:
        self._app.close()


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
