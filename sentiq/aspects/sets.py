"""Sets of aspects: names and words, checked once; as canonical JSON they travel with a job."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sentiq.aspects.folding import folded
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.core.invisible_characters import visible

#: A table of results has a column for each aspect, and a chart a line.
MAX_ASPECTS = 64
#: Finding takes as long with many words as with few, but each process that works at a job compiles them.
MAX_WORDS = 2_000
MAX_WORDS_OF_ASPECT = 100
MAX_WORD_CHARS = 40  #: longer ones are sentences, which nobody writes twice
MAX_NAME_CHARS = 40  #: it is the heading of a column
MAX_TITLE_CHARS = 100
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FAULTS_TOLD = 20
_KEPT = 64  #: sets that `loads` keeps: those of the jobs at work


class AspectSetError(InvalidInput):
    """A set of aspects cannot be used: `errors` say where, why and what helps."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that texts speak of."""

    name: str
    words: tuple[str, ...]  #: any of them shows that a text speaks of it
    excepted: tuple[str, ...] = ()  #: longer words in which a word does not count; `except` in documents


@dataclass(frozen=True, eq=False)
class AspectSet:
    """Aspects that are looked for together. Made by `parse_set` or `loads`; two are equal when they say the same."""

    id: str
    title: str
    aspects: tuple[Aspect, ...]

    @cached_property
    def version(self) -> str:
        """12 hexadecimal digits, which stand for this content and no other."""
        return hashlib.sha256(self.dumps().encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """`id@version`."""
        return f"{self.id}@{self.version}"

    def document(self) -> dict[str, Any]:
        """Return what `parse_set` reads."""
        return {
            "id": self.id,
            "title": self.title,
            "aspects": [
                {"name": aspect.name, "words": list(aspect.words)}
                | ({"except": list(aspect.excepted)} if aspect.excepted else {})
                for aspect in self.aspects
            ],
        }

    def dumps(self) -> str:
        """Return the set as JSON, always the same text for the same set."""
        return json.dumps(self.document(), ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def loads(text: str) -> AspectSet:
        """Read what `dumps` wrote; equal texts give the same object. Raises AspectSetError."""
        return _loads(text)

    # The hash of thousands of words would be made anew at each look into a cache.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, AspectSet) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.version)


@lru_cache(_KEPT)
def _loads(text: str) -> AspectSet:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AspectSetError(f"The set of aspects is not JSON: {error}") from error
    return parse_set(document)


def parse_set(document: Any) -> AspectSet:
    """Check a set of aspects as JSON or YAML has it. Raises AspectSetError with all that is wrong, up to a limit.

    `{"id": "food", "title": "…", "aspects": [{"name": "味道", "words": ["味道", "好吃"], "except": ["味道十足"]}]}`;
    `title` and `except` may be left out.
    """
    check = _Check()
    found = check.read(document)
    if check.faults:
        first, more = check.faults[0], len(check.faults) - 1
        raise AspectSetError(
            first.detail + (f" {more} more {'faults' if more > 1 else 'fault'} below." if more else ""),
            errors=tuple(check.faults[:_FAULTS_TOLD]),
        )
    return found


class _Check:
    """Reads a document and notes what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[FieldError] = []
        self._owners: dict[str, str] = {}  # folded word → name of the aspect that has it
        self._names: set[str] = set()

    def read(self, document: Any) -> AspectSet:
        fields = self._fields(document, "", {"id", "title", "aspects"}, "a set of aspects")
        id_ = fields.get("id")
        if not isinstance(id_, str) or not _ID.fullmatch(id_):
            self._fault(
                "/id", "id: 1 to 64 small letters, digits, - and _ are needed, beginning with a letter or digit."
            )
            id_ = ""
        title = self._text(fields.get("title", ""), "/title", "title", MAX_TITLE_CHARS, is_blank_fine=True)
        given = self._list(fields.get("aspects"), "/aspects", "aspects", MAX_ASPECTS, "put the rest into another set")
        aspects = tuple(self._aspect(aspect, f"/aspects/{at}", at + 1) for at, aspect in enumerate(given))
        total = sum(len(aspect.words) + len(aspect.excepted) for aspect in aspects)
        if total > MAX_WORDS:
            self._fault("/aspects", f"The set has {total:,} words; at most {MAX_WORDS:,} are possible: leave some out.")
        return AspectSet(id_, title or id_, aspects)

    def _aspect(self, document: Any, pointer: str, number: int) -> Aspect:
        fields = self._fields(document, pointer, {"name", "words", "except"}, f"aspect {number}")
        name = self._text(fields.get("name"), f"{pointer}/name", f"name of aspect {number}", MAX_NAME_CHARS)
        if name and name in self._names:
            self._fault(f"{pointer}/name", f"Two aspects are named {name!r}: name each of them differently.")
        self._names.add(name)
        shown = f"aspect {name!r}" if name else f"aspect {number}"
        words = self._words(fields.get("words"), f"{pointer}/words", f"words of {shown}")
        for at, word in enumerate(words):
            key = folded(word)
            owner = self._owners.setdefault(key, shown)
            if owner != shown:
                self._fault(
                    f"{pointer}/words/{at}", f"{word!r} is a word of {owner} and of {shown}: it can show only one."
                )
        excepted: tuple[str, ...] = ()
        if fields.get("except") not in (None, []):
            excepted = self._words(fields["except"], f"{pointer}/except", f"except of {shown}")
            known = [folded(word) for word in words]
            for at, word in enumerate(excepted):
                key = folded(word)
                if not any(inner in key and inner != key for inner in known):
                    self._fault(
                        f"{pointer}/except/{at}",
                        f"{word!r} is excepted of {shown}, but contains none of its words: name a longer word that "
                        "contains one, or leave it out.",
                    )
        return Aspect(name, words, excepted)

    def _words(self, value: Any, pointer: str, shown: str) -> tuple[str, ...]:
        given = self._list(value, pointer, shown, MAX_WORDS_OF_ASPECT, "leave some out")
        texts = [self._text(word, f"{pointer}/{at}", shown, MAX_WORD_CHARS) for at, word in enumerate(given)]
        found: dict[str, str] = {}
        for at, word in enumerate(texts):
            if word and not folded(word):
                self._fault(f"{pointer}/{at}", f"{shown}: {word!r} has nothing to look for: leave it out.")
            found.setdefault(folded(word), word)
        return tuple(found.values())

    def _fields(self, value: Any, pointer: str, known: set[str], shown: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self._fault(pointer, f"{shown}: an object with {', '.join(sorted(known))} is needed.")
            return {}
        for key in [key for key in value if key not in known][:_FAULTS_TOLD]:
            self._fault(pointer, f"{shown} has no field {str(key)[:40]!r}: there are {', '.join(sorted(known))}.")
        return value

    def _list(self, value: Any, pointer: str, shown: str, limit: int, remedy: str) -> list[Any]:
        if not isinstance(value, list) or not value:
            self._fault(pointer, f"{shown}: a list with one or more is needed.")
            return []
        if len(value) > limit:
            self._fault(pointer, f"{shown}: there are {len(value):,}, and at most {limit} are possible: {remedy}.")
        return value[:limit]

    def _text(self, value: Any, pointer: str, shown: str, limit: int, *, is_blank_fine: bool = False) -> str:
        if not isinstance(value, str):
            self._fault(pointer, f"{shown}: a text is needed.")
            return ""
        text = visible(value).strip()
        if not text and not is_blank_fine:
            self._fault(pointer, f"{shown}: a text is needed, and this one is blank.")
        elif len(text) > limit:
            self._fault(
                pointer, f"{shown}: {text[:limit]!r} … has {len(text):,} characters; at most {limit} are possible."
            )
        elif not text.isprintable():
            self._fault(pointer, f"{shown}: {text!r} holds a line break or a control character: leave that out.")
        else:
            return text
        return ""

    def _fault(self, pointer: str, detail: str) -> None:
        self.faults.append(FieldError("invalid_aspects", detail[0].upper() + detail[1:], pointer))
