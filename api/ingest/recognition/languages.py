"""Which column of a table says in which language its texts are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from api.ingest.recognition.names import plain
from sentiq.core.languages import language_code

#: Headings that say it, the surest first; as `plain` gives them.
_WORDS = "language languagecode languageid lang langcode langid locale 语言 语种 语言代码 评论语言"
_HEADINGS = _WORDS.split()


def language_column(names: Sequence[str], rows: Sequence[Sequence[str]], but: Collection[int]) -> int | None:
    """Return the place of the column of languages: its heading says so, and half of its cells or more name some.

    None where there is none. `names` are the headings and `rows` the first rows; `but` are columns of another meaning.
    """
    places = [at for at, name in enumerate(names) if at not in but and plain(name) in _HEADINGS]
    places = [at for at in places if _are_languages([row[at] for row in rows if at < len(row)])]
    return min(places, key=lambda at: _HEADINGS.index(plain(names[at])), default=None)


def _are_languages(cells: Sequence[str]) -> bool:
    written = [cell for cell in cells if cell.strip()]
    return bool(written) and 2 * sum(map(bool, map(language_code, written))) >= len(written)
