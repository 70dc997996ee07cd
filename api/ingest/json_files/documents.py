"""JSON that is no lines: a list of rows, rows one after another, or a document that holds one or several tables."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from api.ingest.json_files.cursor import Cursor, TooLong
from api.ingest.json_files.outline import Spool, tables_of
from api.ingest.json_files.table import table_of
from api.ingest.limits import Limits
from api.ingest.source import Source
from api.ingest.table import Table

CHARS_OF_ONE = 12  #: at most, as an escaped pair of surrogates
_PHPMYADMIN = re.compile(r'\[\s*\{\s*"type"\s*:\s*"header"\s*,\s*"version"')  #: a list of tables, not of rows
OVERHEAD_CHARS = 4096  #: a row may have beside its text and a long cell: JSON syntax, ids


def max_chars(limits: Limits) -> int:
    """Return the number of characters that the JSON of a row may have."""
    return CHARS_OF_ONE * limits.text_chars + limits.cell_chars + OVERHEAD_CHARS


def read_json(source: Source) -> list[Table]:
    """Return the tables of a JSON file, the likeliest first."""
    return tables_in(source.text(), source)


def tables_in(texts: Iterator[str], source: Source) -> list[Table]:
    """Return the tables of a text in JSON. A list is read as it comes; a document waits in a temporary file."""
    most = max_chars(source.limits)
    cursor = Cursor(texts, most)
    if cursor.peek() == "[" and _PHPMYADMIN.match(cursor.ahead(200)):
        return tables_of(Spool(cursor.rest(), source.open, most), source)
    if cursor.peek() != "{":
        return [table_of(enumerate(cursor.values(), start=1), source)]
    try:
        first = cursor.value(most)
    except TooLong:
        return tables_of(Spool(cursor.rest(), source.open, most), source)
    document = cursor.text[cursor.begin : cursor.at]
    cursor.has(",")
    if cursor.peek():  # objects one after another, as jq writes them
        return [table_of(enumerate(itertools.chain([first], cursor.values()), start=1), source)]
    return tables_of(Spool(iter([document]), source.open, most), source)
