"""Lua scripts on Redis: called with names, and run even where Redis has forgotten them.

The header of `lua/<name>.lua` declares what the script takes:

    --! keys leases owners pending?          `?`: may be None; these come last
    --! args lease_ms ttl_ms task_ids...     `...`: a list of any length; it comes last

Python passes each name as a keyword. In Lua each name is a local variable: a string, nil for a key that is None, a
table for a list. The prologue that makes these variables is the only place where parameters have numbers. After it come
those parts of `lua/shared/` that the script uses, then the script. Redis has no modules, so a part may use the names
that the script declares; the parts that it needs itself stand above it, or in a file named before its own. Each part
defines one name, and blank lines are between parts alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError, RedisError

LUA = Path(__file__).parent / "lua"
SHARED = ("clock", "job", "turns")  #: files of `lua/shared/`; a part uses none that comes after it
_DECLARATION = re.compile(r"^--! *(\w*) *(.*)$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_WORD = re.compile(r"\w+")
_DEFINITION = re.compile(r"^local (?:function )?(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The keys, or the arguments, that a script declares, in the order in which Redis gets them."""

    single: tuple[str, ...]
    optional: int = 0  # how many of `single`, at its end, may be None
    listed: str = ""  # the name of the list after `single`; "" where there is none

    @classmethod
    def parse(cls, words: Iterable[str]) -> Parameters:
        """Raises ValueError where the words are not in the order that the module describes."""
        found = re.fullmatch(r"((?:\w+ )*)((?:\w+\? )*)(?:(\w+)\.\.\. )?", "".join(f"{word} " for word in words))
        if found is None or (found[2] and found[3]):
            raise ValueError(f"a script cannot take {' '.join(words)!r}")
        optional = found[2].replace("?", "").split()
        return cls((*found[1].split(), *optional), len(optional), found[3] or "")

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.single, self.listed) if self.listed else self.single

    def prologue(self, table: str) -> str:
        """Lua that makes local variables from the table in which Redis passes the values, KEYS or ARGV."""
        lines = []
        if self.single:
            lines.append(f"local {', '.join(self.single)} = unpack({table}, 1, {len(self.single)})\n")
        if self.listed:  # Lua's own `unpack` takes no more than some thousand values
            first = len(self.single) + 1
            lines.append(f"local {self.listed} = {{}}\n")
            lines.append(f"for i = {first}, #{table} do {self.listed}[i - {first - 1}] = {table}[i] end\n")
        return "".join(lines)

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values in their order, without those at the end that are None and may be."""
        values = list(map(given.__getitem__, self.single))
        if self.optional:
            least = len(values) - self.optional
            while len(values) > least and values[-1] is None:
                values.pop()
        if self.listed:
            values += given[self.listed]
        return values


@dataclass(frozen=True, slots=True)
class Source:
    """A script as Redis gets it."""

    keys: Parameters
    args: Parameters
    names: frozenset[str]  # of both
    text: str
    digest: str  # SHA-1, hexadecimal

    @classmethod
    def of(cls, script: str, shared: str) -> Source:
        """Raises ValueError where the header is wrong."""
        declared: dict[str, list[str]] = {"keys": [], "args": []}
        for kind, names in _DECLARATION.findall(script):
            if kind not in declared:
                raise ValueError(f"a script declares keys and args, not {kind!r}")
            declared[kind] += names.split()
        keys, args = Parameters.parse(declared["keys"]), Parameters.parse(declared["args"])
        names = frozenset(keys.names + args.names)
        if len(names) < len(keys.names) + len(args.names):
            raise ValueError("a script declares each name once")
        text = keys.prologue("KEYS") + args.prologue("ARGV") + _with_shared(_COMMENT.sub("", script), shared)
        return cls(keys, args, names, text, sha1(text.encode(), usedforsecurity=False).hexdigest())


def _with_shared(script: str, shared: str) -> str:
    """The script after the shared parts that it uses, themselves or by others.

    Each run makes all functions anew, and the source is often sent: what is not used costs a third of a short script.
    """
    used, text = set(_WORD.findall(script)), script
    for name, part, words in _last_first(shared):
        if name in used:
            used |= words
            text = f"{part}\n{text}"
    return text


@cache
def _last_first(shared: str) -> list[tuple[str, str, frozenset[str]]]:
    """The name that each part defines, the part, and all words of it. It is the same for all scripts of a process."""
    parts = re.split(r"\n{2,}", _COMMENT.sub("", shared).strip())
    named = [(name[1], part) for part in reversed(parts) if (name := _DEFINITION.search(part))]
    return [(name, part, frozenset(_WORD.findall(part))) for name, part in named]


@cache
def shared_parts() -> str:
    """Return the parts of all files of `lua/shared/`, with their comments."""
    return "\n".join((LUA / "shared" / f"{name}.lua").read_text() for name in SHARED)


@cache
def source(name: str) -> Source:
    """`lua/<name>.lua` as Redis gets it."""
    return Source.of((LUA / f"{name}.lua").read_text(), shared_parts())


class Script:
    """Runs by its digest. Where Redis may not know that, the source is sent in the same command that runs it.

    redis-py asks and loads beforehand: between that and the run, a flush or a restart takes the script away again.
    """

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis, self._name, self.source = redis, name, source(name)

    def __call__(self, /, **values: Any) -> Any:
        """Run the script. Raises TypeError, before Redis is asked, where a name is missing or unknown."""
        words = self.words(values)
        try:
            return self._redis.evalsha(self.source.digest, *words)
        except NoScriptError:
            return self._redis.eval(self.source.text, *words)

    def words(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the number of keys, the keys and the arguments. Raises TypeError as a call does."""
        source = self.source
        if values.keys() != source.names:
            missing, unknown = sorted(source.names - values.keys()), sorted(values.keys() - source.names)
            raise TypeError(f"script {self._name!r}: missing {missing}, unknown {unknown}")
        keys = source.keys.values(values)
        return (len(keys), *keys, *source.args.values(values))


class RoundTrip:
    """Several runs of scripts in one round trip. Each is a step of its own: others may come between."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pipeline = redis.pipeline(transaction=False)
        self._runs: list[tuple[Source, tuple[Any, ...]]] = []
        self._sent: set[str] = set()  # digests

    def add(self, script: Script, /, **values: Any) -> None:
        """Run the script after those added before. Raises TypeError as a call does."""
        words, source = script.words(values), script.source
        self._runs.append((source, words))
        if source.digest in self._sent:
            self._pipeline.evalsha(source.digest, *words)
        else:  # Redis may not know it
            self._sent.add(source.digest)
            self._pipeline.eval(source.text, *words)

    def run(self) -> list[Any]:
        """Return the answers, in order. Raises the first error that Redis answered, after all have run."""
        answers = self.run_each()
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def run_each(self) -> list[Any]:
        """Return the answers, and the errors in the places of theirs.

        Redis reads a long trip in pieces. Where it was told between two to forget its scripts, those after run late.
        """
        answers = self._pipeline.execute(raise_on_error=False)
        for place, (source, words) in enumerate(self._runs):
            if isinstance(answers[place], NoScriptError):
                try:
                    answers[place] = self._redis.eval(source.text, *words)
                except RedisError as error:
                    answers[place] = error
        return answers
