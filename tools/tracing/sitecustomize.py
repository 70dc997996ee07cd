"""Record which functions run in a process; Python imports this at its start where this folder is on the path.

Writes one line a function, with its file, at most once in SPARSE_S; `tools.request_paths` reads the lines. Folders that
begin with a dot, such as an environment inside the checkout, do not count.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from types import FrameType
from typing import Any

SPARSE_S = 0.01

_folder = os.environ["TRACED_FOLDER"] + os.sep
_own = len(_folder)
_calls = os.open(os.environ["TRACED_TO"], os.O_WRONLY | os.O_APPEND)
_recorded_s: dict[Any, float] = {}


def _record(frame: FrameType, event: str, _: object) -> None:
    code = frame.f_code
    if event != "call" or code.co_name == "<module>":
        return
    if not code.co_filename.startswith(_folder) or code.co_filename[_own] == ".":
        return
    now_s = time.monotonic()
    if now_s - _recorded_s.get(code, 0.0) > SPARSE_S:
        _recorded_s[code] = now_s
        os.write(_calls, f"{code.co_filename[_own:]}\t{code.co_qualname}\n".encode())


sys.setprofile(_record)
threading.setprofile(_record)
