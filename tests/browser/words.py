"""The words that the page shows, read from the files it reads them from."""

from __future__ import annotations

import json
import re
from functools import cache

from tests.support.paths import REPOSITORY

FOLDER = REPOSITORY / "api" / "static" / "app" / "words"
_ENTRY = re.compile(r'^  (?:"([\w.]+)"|(\w+)):\s+("(?:[^"\\]|\\.)*"),$', re.MULTILINE)


@cache
def words(language: str) -> dict[str, str]:
    text = (FOLDER / f"{language}.js").read_text(encoding="utf-8")
    return {quoted or plain: json.loads(value) for quoted, plain, value in _ENTRY.findall(text)}


class Words:
    """`t("rows.where", page=1)` is what the page says in this language. Numbers are taken as they are."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        return re.sub(r"\{(\w+)\}", lambda name: str(values[name[1]]), words(self.language)[key])
