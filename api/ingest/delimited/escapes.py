"""Escapes in the cells of delimited text, undone; and characters of a text, kept from the csv module.

The csv module knows no escape that stands for another character, and takes a CR for the end of a line. So such a
character goes past it as half a surrogate pair, which no decoder gives but U+DC80 (encodings.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN = {0xDC00 + code: code for code in range(128)}
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v", "Z": "\x1a"}
_SEQUENCE = re.compile(r"\\(\r\n|.)?", re.DOTALL)
_MARK_OR_SEQUENCE = re.compile(r'"|\\(?:\r\n|.)', re.DOTALL)
_COPY_ENDS = re.compile(r"^\\\.\r?$", re.MULTILINE)
_CERTAIN = re.compile(r"\\[nrt](?![A-Za-z])")
_WINDOWS_PATH = re.compile(r"(?<![A-Za-z])[A-Za-z]:\\[A-Za-z][\w.\\]")


def shield(character: str) -> str:
    """Return what stands for an ASCII character that the csv module must not see."""
    return chr(0xDC00 + ord(character))


NULL = shield("N")  #: a cell that holds no value
_BACKSLASH = shield("\\")

_BARE_CR = re.compile(r"\r(?!\r*(?:\n|\Z))")

has_shield = re.compile("[\udc00-\udc7f]").search


def unshielded(cells: Sequence[str]) -> tuple[Sequence[str], str]:
    """Return the cells as they are meant, and their kinds (api/cell_kinds.py)."""
    kinds = "".join(["z" if cell == NULL else "s" for cell in cells]).rstrip("s")
    return ["" if cell == NULL else cell.translate(_PLAIN) for cell in cells], kinds


def with_backslashes(line: str) -> str:
    """Return a line whose backslashes are characters like any other, for a reader that knows them as escapes."""
    return line.replace("\\", _BACKSLASH)


def with_bare_crs(line: str) -> str:
    """Return a line within which a CR is a character like any other."""
    return _BARE_CR.sub(shield("\r"), line)


class BareEscapes:
    r"""Undoes \n, \t, \\ and their like where no marks enclose cells: PostgreSQL, MySQL, ClickHouse, jq, Miller.

    What is left to the reader is a backslash before a delimiter or a line end, which MySQL writes.
    """

    def __init__(self, delimiter: str) -> None:
        edge = re.escape(delimiter) + "\r\n"
        self._ends = frozenset(("\n", "\r\n", delimiter))
        self._known = self._ends | {*_LETTERS, *"\\'\""}
        self._null = re.compile(rf"(?<![^{edge}])\\N(?![^{edge}])")

    def __call__(self, line: str) -> str:
        if "\\" not in line:
            return line
        return _SEQUENCE.sub(self._undone, self._null.sub(NULL, line))

    def _undone(self, found: re.Match[str]) -> str:
        escaped = found[1]
        if escaped is None:
            return _BACKSLASH
        if escaped == "\r\n":
            return shield("\r") + "\\\n"
        if escaped in self._ends:
            return found[0]
        if escaped in "\\'\"\r":
            return shield(escaped)
        return shield(_LETTERS[escaped]) if escaped in _LETTERS else _BACKSLASH + escaped

    def shown(self, text: str) -> bool | None:
        """Tell whether backslashes are escapes in a part of a file; None: it does not show it.

        One before a line end or a delimiter is another question: see `escapes_ends`.
        """
        rest, nulls = self._null.subn("", _COPY_ENDS.sub("", text))
        if any(found[1] not in self._known for found in _SEQUENCE.finditer(rest)):
            return False
        single = rest.replace("\\\\", "")
        if nulls or (_CERTAIN.search(single) and not _WINDOWS_PATH.search(single)):
            return True
        return None

    def escapes_ends(self, text: str) -> bool:
        """Tell whether there are backslashes before line ends or delimiters."""
        return any(found[1] in self._ends for found in _SEQUENCE.finditer(text))


class EnclosedEscapes:
    r"""Undoes \" and \\ between quotation marks: Spark, PHP, MySQL with ENCLOSED BY.

    It is called with one line after another, and knows whether a cell is still open; `everywhere`: also in cells
    without marks, as Python's csv module writes them.
    """

    def __init__(self, delimiter: str, everywhere: bool = False) -> None:
        self._everywhere = everywhere
        self._escaped = f'"\\{delimiter}'
        self._is_open = False

    def __call__(self, line: str) -> str:
        if "\\" not in line:
            self._is_open ^= bool(line.count('"') & 1)
            return line
        return _MARK_OR_SEQUENCE.sub(self._undone, line)

    def _undone(self, found: re.Match[str]) -> str:
        if found[0] == '"':
            self._is_open = not self._is_open
            return '"'
        if not self._is_open and not self._everywhere:
            return found[0]
        escaped = found[0][1:]
        if escaped in self._escaped:
            return shield(escaped) if escaped.isascii() else escaped
        return escaped if escaped[0] in "\r\n" else found[0]
