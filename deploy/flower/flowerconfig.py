"""Flower's options, each with its reason; the same for `make run`, containers and Kubernetes.

What differs by place comes from sentiq.core.settings, passwords from its files. An option on the command line wins.
"""

from __future__ import annotations

from sentiq.core.settings import current

_settings = current()

# -- where it listens, and to whom it opens -------------------------------------------------------------------------
address = _settings.flower_host  # settings refuse others than the loopback without a login
port = _settings.flower_port
basic_auth = _settings.flower_login.get_secret_value().split(",") if _settings.flower_login else []
url_prefix = _settings.flower_path.strip("/")
read_only = not _settings.flower_control  # a click on "shut down" is no way to operate a cluster

# -- how much it keeps ----------------------------------------------------------------------------------------------
max_tasks = 10_000  # some 5 KB each; Flower's own 100,000 may need most of a gigabyte
max_workers = 500
purge_offline_workers = 86_400  # seconds; each container that was replaced leaves a name behind
persistent = _settings.flower_db is not None
db = str(_settings.flower_db or "")
state_save_interval = 60_000 if persistent else 0  # ms; a save of 10,000 tasks stops it for a moment

# -- what it shows --------------------------------------------------------------------------------------------------
# The arguments say which chunk, the result what came of it (sentiq/jobs/messages.py, worker/tasks.py); neither holds a
# text.
tasks_columns = "name,args,result,state,received,runtime,worker,uuid"
inspect_timeout = 3_000.0  # ms; a worker at full load answers within a second or two
