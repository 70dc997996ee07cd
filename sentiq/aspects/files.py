"""Sets of aspects as YAML, for people; and the sets that come along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from sentiq.aspects.sets import AspectSet, AspectSetError, parse_set
from sentiq.core.errors import FieldError

BUILT_IN = ("shop", "food", "hotel", "car", "app", "course")
MAX_BYTES = 512 * 1024  #: twice what a set within the limits needs
_DEPTH = 4  #: a word is in a list of an aspect in a list of the set


def from_yaml(text: str | bytes) -> AspectSet:
    """Read and check a set of aspects. Raises AspectSetError.

    Every scalar is a text (`no` and `2.0` are words like others); anchors and tags have no use here and are refused.
    """
    if len(text) > MAX_BYTES:
        raise AspectSetError(f"The set of aspects has more than {MAX_BYTES // 1024} KiB: leave some words out.")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        document = _document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except UnicodeDecodeError as error:
        raise AspectSetError("The set of aspects is not UTF-8: save it as that.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = None if mark is None else mark.line + 1
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        detail = f"The set of aspects is not YAML{f' (line {line})' if line else ''}: {problem}."
        raise AspectSetError(detail, errors=(FieldError("invalid_aspects", detail, line=line),)) from error
    return parse_set(document)


def to_yaml(aspects: AspectSet) -> str:
    """Return the set as YAML, from which `from_yaml` makes an equal one."""
    return yaml.dump(
        aspects.document(),
        Dumper=yaml.CSafeDumper,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=None,
        width=100,
    )


@cache
def built_in() -> Mapping[str, AspectSet]:
    """Return the sets that come along, by their ids."""
    folder = files("sentiq.aspects") / "built_in"
    return MappingProxyType({id_: from_yaml((folder / f"{id_}.yaml").read_bytes()) for id_ in BUILT_IN})


def _document(events: Iterator[yaml.Event]) -> Any:
    """Build what is described: texts, lists and objects, without recursion that an input could deepen."""
    found = [_node(event, events, _DEPTH) for event in events if isinstance(event, yaml.NodeEvent)]
    if len(found) != 1:
        raise AspectSetError(f"One set of aspects is needed, and there are {len(found)}.")
    return found[0]


def _node(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Any:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
        raise _refused(event, "anchors (&), references (*) and tags (!) are not read here: write it out")
    if isinstance(event, yaml.ScalarEvent):
        return event.value
    if depth == 0:
        raise _refused(event, "lists and objects are nested too deeply")
    if isinstance(event, yaml.SequenceStartEvent):
        return [_node(item, events, depth - 1) for item in _until(events, yaml.SequenceEndEvent)]
    fields: dict[str, Any] = {}
    for key in _until(events, yaml.MappingEndEvent):
        name = _node(key, events, 0)
        if name in fields:
            raise _refused(key, f"{name[:40]!r} is there twice")
        fields[name] = _node(next(events), events, depth - 1)
    return fields


def _until(events: Iterator[yaml.Event], end: type[yaml.Event]) -> Iterator[yaml.Event]:
    """Yield the events that begin a node, up to this end."""
    while not isinstance(event := next(events), end):
        yield event


def _refused(event: yaml.Event, reason: str) -> AspectSetError:
    mark = event.start_mark
    line = None if mark is None else mark.line + 1
    detail = f"The set of aspects cannot be read{f' (line {line})' if line else ''}: {reason}."
    return AspectSetError(detail, errors=(FieldError("invalid_aspects", detail, line=line),))
