"""One file from the hub to the disk: resumed where it was cut, asked for again when that can help, checked before use.

modelscope-hub has a downloader of its own, which resumes and checks too. In 0.5.1 its progress bars cannot be switched
off, it first asks for an address inside Alibaba's cloud, its retries have no jitter and their delays no setting. So its
requests are used, with their login and errors, and what is made of the answers is here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modelscope_hub.errors import HubError
from requests import RequestException, Response
from requests.exceptions import ChunkedEncodingError
from tqdm import tqdm

from sentiq.engine.registry import ModelError
from tools.prepare.store import checksum

ATTEMPTS = 6  #: requests in a row that bring no byte, before giving up
DELAY_S = 1.0  #: before the second of them; doubled before each further one
CHUNK = 1 << 16  #: bytes read at once; what has come of one is lost when the connection is cut within it

#: Requests a file from this byte on.
Request = Callable[["RemoteFile", int], Response]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    path: str
    size: int  # bytes
    sha256: str  # "" where the hub lists none: then the size must do

    def is_at(self, path: Path) -> bool:
        """Whether these very bytes are at `path`."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        return not self.sha256 or checksum(path) == self.sha256

    def partial(self, directory: Path) -> Path:
        """Where its bytes gather. Those of another state of the file have another name, so that they never mix."""
        return directory / f".{self.path}.{self.sha256[:16] or 'unlisted'}.partial"


def fetch(file: RemoteFile, directory: Path, request: Request, bar: tqdm[None]) -> None:
    """Put `file` into `directory`, where it appears complete or not at all.

    Raises ModelError for wrong content, and the request's or the disk's error; what has come by then is kept.
    """
    partial = file.partial(directory)
    if not file.sha256:
        partial.unlink(missing_ok=True)  # nothing would tell whether it is of the same content
    for _ in range(2):  # a damaged copy may be the network's or a cache's doing; a second one is not
        _receive(file, partial, request, bar)
        if file.is_at(partial):
            partial.replace(directory / file.path)
            return
        bar.update(-partial.stat().st_size)
        partial.unlink()
    raise ModelError(
        f"{file.path} came twice with other content than the hub lists (size {file.size}, SHA-256"
        f" {file.sha256 or 'not listed'}); it was deleted: try again later, or from another network"
    )


def _receive(file: RemoteFile, partial: Path, request: Request, bar: tqdm[None]) -> None:
    """Append to `partial` until all bytes are there, over as many requests as it takes."""
    partial.touch()
    have = partial.stat().st_size
    bar.update(have)
    failures = 0
    while have < file.size:
        try:
            with request(file, have) as response:
                if response.status_code != 206:  # a server that sends all of it, whatever is asked
                    bar.update(-have)
                    partial.write_bytes(b"")
                with partial.open("ab") as out:
                    for chunk in response.iter_content(CHUNK):
                        out.write(chunk)
                        bar.update(len(chunk))
        except (HubError, RequestException) as error:
            failures = 0 if partial.stat().st_size > have else failures + 1
            if failures == ATTEMPTS or (isinstance(error, HubError) and not error.retryable):
                raise
            delay_s = DELAY_S * 2 ** (failures - 1) * random.uniform(0.5, 1.5)
            bar.write(f"  {file.path}: {cause(error)}; going on in {delay_s:.0f} s")
            time.sleep(delay_s)
        have = partial.stat().st_size


def cause(error: BaseException) -> str:
    """What went wrong at the bottom of it, in one short line."""
    status = getattr(error, "status_code", None)
    if status:
        return f"HTTP {status}"
    if isinstance(error, ChunkedEncodingError):
        return "the connection was cut"
    while below := error.__cause__ or error.__context__:
        error = below
    return f"{error or type(error).__name__}".splitlines()[0][:200]
