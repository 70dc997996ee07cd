"""Sets of aspects as files of YAML or JSON. They need PyYAML, which takes long to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from sentiq_client.errors import SentiqError


class _Loader(yaml.BaseLoader):
    """Refuses a key that is there twice, of which the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        for at, name in enumerate(names):
            if name in names[:at]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name!r} is there twice", node.value[at][0].start_mark
                )
        return super().construct_mapping(node, deep)


def read_yaml(data: bytes, name: str) -> dict[str, Any]:
    """Read a set from YAML; JSON is YAML too. Every scalar is a text, as for the service. Raises SentiqError."""
    try:
        found = yaml.load(data.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506  # makes texts, lists and dicts alone
    except UnicodeDecodeError:
        raise SentiqError(f"{name} is not UTF-8: save it as that.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise SentiqError(f"{name} is not YAML{where}: {getattr(error, 'problem', None) or error}.") from None
    if not isinstance(found, dict):
        raise SentiqError(f"{name} is no set of aspects: it begins with `id: …` and has a list `aspects`.")
    return found


def write_yaml(definition: Mapping[str, Any]) -> str:
    """Return a set as YAML for people, which the service and `read_yaml` take."""
    text: str = yaml.safe_dump(
        dict(definition), allow_unicode=True, sort_keys=False, default_flow_style=None, width=100
    )
    return text
