"""Sets of aspects. Where the service has an operator (an admin token, or keys), changing them needs its key."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from sentiq_client.aio.transport import AsyncTransport
from sentiq_client.aio.waiting import call
from sentiq_client.definitions import Definition, definition_of
from sentiq_client.errors import ApiError, SentiqError
from sentiq_client.models import AspectSet, as_list

_PATH = "/api/v1/aspect-sets"


class AsyncAspectSets:
    """Those of a service; `client.aspect_sets`. A job names one: `submit(…, aspects="shop")`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> Sequence[AspectSet]:
        """The newest version of each: those that come along with the service, then the stored ones."""
        return await self._transport.ask(as_list(AspectSet.read), "GET", _PATH)

    async def get(self, name: str) -> AspectSet:
        """One of them by its `id`, in its newest version, or by `id@version`. `to_yaml()` of it is for people."""
        return await self._transport.ask(AspectSet.read, "GET", _address(name))

    async def put(self, aspects: Definition) -> AspectSet:
        """Store a set: a mapping, or a file (a Path) of YAML or JSON. Other content under an id is a new version.

        Raises ApiError, whose `errors` tell what is wrong with the set and where; SentiqError and OSError.
        """
        found = await call(definition_of, aspects)
        name = found.get("id")
        if not isinstance(name, str) or not name:
            raise SentiqError("The set of aspects has no id: begin with one, such as `id: cafe`.")
        return await self._transport.ask(AspectSet.read, "PUT", _address(name), json=found)

    async def delete(self, set_id: str) -> None:
        """All its versions; jobs that were submitted with it keep it."""
        try:
            await self._transport.ask(dict, "DELETE", _address(set_id))
        except ApiError as error:
            if not error.sent_before or error.code != "aspect_set_not_found":
                raise


def _address(name: str) -> str:
    return f"{_PATH}/{quote(name, safe='@')}"
