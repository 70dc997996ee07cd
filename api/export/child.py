"""The process that makes one document of the chunks of a job.

Run by api/export/apart.py as `python -I child.py ROOT MODULE …`: the folder of the checkout, the module whose `work`
makes the document, and its arguments. Standard input brings msgpack: a list of what `work` is to know, then chunks as
they are stored, then nil. If it ends before that, the document is no longer wanted. Standard output brings what `work`
returns, or, of what goes wrong, the type of the exception and the places it went through: never its text, which may be
the job's.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

NICE = 5  #: requests that wait go before documents
READ_BYTES = 262_144  #: at once
MESSAGE_BYTES = 2**31 - 1  #: of the longest message


def main(root: str, module: str, *arguments: str) -> str:
    """Return what the module makes of what standard input brings."""
    os.nice(NICE)
    gc.disable()  # rows have no cycles, and there are many of them
    sys.path.insert(0, root)

    import msgpack

    messages = msgpack.Unpacker(io.FileIO(0), read_size=READ_BYTES, max_buffer_size=MESSAGE_BYTES)
    asked = next(messages)
    made: str = import_module(module).work(asked, _chunks(messages), *arguments)
    return made


def _chunks(messages: Iterable[Any]) -> Iterator[Any]:
    for message in messages:
        if message is None:
            return
        yield message
    raise EOFError


if __name__ == "__main__":
    try:
        said, status = main(*sys.argv[1:]), 0
    except BaseException as error:  # noqa: BLE001  # told below
        from sentiq.core.tracebacks import places

        said, status = f"{type(error).__name__} {places(error)}", 1
    sys.stdout.buffer.write(said.encode())
    sys.stdout.flush()
    sys.exit(status)
