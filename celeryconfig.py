"""Celery's settings, each with its reason. What an operator may change comes from `sentiq.core.settings`."""

from __future__ import annotations

from sentiq.core.settings import current

_settings = current()

# -- broker: Redis, the same as the job store -----------------------------------------------------------------------
_address = _settings.redis_address
broker_url = _address.broker_url
broker_use_ssl = _address.tls
broker_connection_retry_on_startup = True  # a worker may be started before Redis
broker_connection_max_retries = None  # the default gives up after 100 tries
broker_channel_error_retry = True  # while Redis refuses writes a worker waits; else it would end, and start late
broker_transport_options = _address.broker_options | {
    # Longer than the longest task, or Redis hands out a second copy of a message whose task still runs.
    "visibility_timeout": _settings.visibility_timeout_s,
    # How often a dead worker's messages are restored; the default is every 100 s.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Detect half-open sockets.
    "socket_timeout": 15,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
}

# -- delivery: a message is acknowledged when its task is done ------------------------------------------------------
task_acks_late = True
task_reject_on_worker_lost = True  # without limit: the job store counts the crashes and isolates the culprit
worker_prefetch_multiplier = 1
worker_disable_prefetch = True  # prefetched messages would hide the backlog and wait behind a long chunk

# -- results live in the job store ----------------------------------------------------------------------------------
result_backend = None
task_ignore_result = True

# -- payloads are data only -----------------------------------------------------------------------------------------
task_serializer = "json"
accept_content = ["json"]

# -- workers --------------------------------------------------------------------------------------------------------
task_default_queue = "interactive"
task_time_limit = _settings.task_time_limit_s  # a hung child is killed; its work is released and counted
worker_proc_alive_timeout = 30  # a fork of a large parent on a busy machine needs more than the default 4 s
worker_max_memory_per_child = (
    2**40
)  # KB, never reached: it makes billiard ask worker/child/retirement.py after each task
worker_autoscaler = "worker.parent.autoscaler:Autoscaler"  # where `--autoscale=MAX,MIN` is given
worker_send_task_events = True  # Flower shows what runs
task_send_sent_event = False  # one event a task less; the queue length says the same
worker_consumer = "worker.parent.consumer:Consumer"  # reports that the worker lives while it waits for the broker
worker_hijack_root_logger = False  # sentiq.core.logs formats all logs
worker_redirect_stdouts = False
# Tasks that run when the broker is lost go on: they record results, and redelivered messages find them recorded.
worker_cancel_long_running_tasks_on_connection_loss = False
timezone = "UTC"
