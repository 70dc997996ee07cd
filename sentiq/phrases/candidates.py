"""Counts the phrases of texts: sequences of words within a clause, by the number of texts that have them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from sentiq.phrases.kinds import Kind
from sentiq.phrases.segmenting import END, Word, glue
from sentiq.phrases.word_lists import FUNCTION_WORDS, VERDICTS, simplified

MIN_CHARS, MAX_CHARS = 2, 8  #: of a phrase; a word of Latin letters counts as two
MAX_WORDS = 6

NOT_ALONE = FUNCTION_WORDS | VERDICTS  #: also where they are several words
SAYING = {"等"}  #: an opening that says something: 等了两个小时
LATE = {"到", "来", "送", "发", "回", "给", "修"}  #: behind 才 they end a phrase: 快递半个月才到

Counts = dict[str, int]


class Words:
    """The words of many texts, one text after the other."""

    def __init__(self, texts: Iterable[Sequence[Word]]) -> None:
        self.all: list[Word] = []
        self._ends = array("I")
        for words in texts:
            self.all += words
            self._ends.append(len(self.all))

    def numbers(self, positions: Iterable[int]) -> Iterable[int]:
        """Yield the number of the text in which each of the positions is; they rise."""
        number, ends = 0, self._ends
        for position in positions:
            while position >= ends[number]:
                number += 1
            yield number

    def total(self) -> int:
        """Return how many different words each text has, added up."""
        total = first = 0
        for end in self._ends:
            total += len(set(self.all[first:end]) - {END})
            first = end
        return total


def frequent(words: Words, at_least: int) -> tuple[Counts, frozenset[str]]:
    """Count every phrase that so many texts have; also return all sequences of words that so many texts have.

    A sequence is counted only where both of its parts that are one word shorter are frequent (R. Agrawal, R. Srikant,
    Fast Algorithms for Mining Association Rules, VLDB 1994). So the rare ones, which are nearly all, take no memory.
    """
    phrases: Counts = {}
    sequences: set[str] = set()
    positions = array("I", (at for at, word in enumerate(words.all) if word is not END))
    written = [words.all[at].text for at in positions]
    for length in range(1, MAX_WORDS + 1):
        counts: dict[str, list[int]] = {}
        for text, number in zip(written, words.numbers(positions), strict=True):
            count = counts.setdefault(text, [0, -1])
            if count[1] != number:
                count[0] += 1
                count[1] = number
        kept = {text for text, (count, _) in counts.items() if count >= at_least}
        sequences |= kept
        alive, texts = array("I"), []
        for at, text in zip(positions, written, strict=True):
            if text in kept:
                alive.append(at)
                texts.append(text)
                if text not in phrases and is_phrase(words.all[at : at + length]):
                    phrases[text] = counts[text][0]
        positions, written = _longer(words.all, alive, texts, length)
    return phrases, frozenset(sequences)


def count_again(words: Words, phrases: Iterable[str], sequences: frozenset[str]) -> Counts:
    """Count the phrases that `frequent` found in other texts."""
    counts = {phrase: [0, -1] for phrase in phrases}
    all_words = words.all
    positions = [at for at, word in enumerate(all_words) if word.text in sequences]
    for at, number in zip(positions, words.numbers(positions), strict=True):
        text = all_words[at].text
        for word in all_words[at + 1 : at + MAX_WORDS + 1]:
            count = counts.get(text)
            if count is not None and count[1] != number:
                count[0] += 1
                count[1] = number
            if word is END or text not in sequences:
                break
            text += glue(text, word.text) + word.text
    return {phrase: count for phrase, (count, _) in counts.items()}


def is_phrase(words: Sequence[Word]) -> bool:
    """Tell whether words make a phrase that can stand by itself."""
    if not MIN_CHARS <= _chars(words) <= MAX_CHARS:
        return False
    if len(words) == 1:
        return words[0].kind is Kind.WHOLE
    return _begins(words) and _ends(words) and _says_something(words)


def _begins(words: Sequence[Word]) -> bool:
    if words[0].kind is Kind.DEGREE:
        return len(words) == 2 and len(words[1].text) == 1
    if words[0].kind is Kind.VERDICT and words[1].text == "的":
        return False  # 最差的酒店: the verdict alone
    return words[0].kind is not Kind.INNER and words[0].kind is not Kind.WEAK


def _ends(words: Sequence[Word]) -> bool:
    before, last = words[-2:]
    if last.text == "了":
        return before.is_done
    return last.kind >= Kind.WEAK or (before.text == "才" and simplified(last.text) in LATE)


def _says_something(words: Sequence[Word]) -> bool:
    texts = [word.text for word in words]
    if simplified("".join(texts)) in NOT_ALONE or len(set(texts)) < len(texts):
        return False
    return texts[0] in SAYING or max(word.kind for word in words) >= Kind.PART


def _chars(words: Sequence[Word]) -> int:
    return sum(2 if word.is_latin else len(word.text) for word in words)


def _longer(
    words: Sequence[Word], positions: Sequence[int], written: Sequence[str], length: int
) -> tuple[array[int], list[str]]:
    """Return the sequences that are one word longer, and both of whose parts are given."""
    longer, texts = array("I"), []
    for index in range(len(positions) - 1):
        at = positions[index]
        if positions[index + 1] == at + 1 and words[at + length] is not END:
            last = words[at + length].text
            longer.append(at)
            texts.append(written[index] + glue(written[index], last) + last)
    return longer, texts
