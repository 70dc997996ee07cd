"""How well a set of aspects finds what texts speak of, and how well each aspect of a text is judged.

Of texts and aspects that people judged (tools/evaluation/opinions.py). A text needs a row for each of its aspects.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.evaluation.__main__ import BUNDLED_MODELS, NEEDED, REMEDY
from tools.evaluation.opinions import Opinion, add_options, read_opinions
from tools.needs import need
from tools.prepare.report import say, table

if TYPE_CHECKING:
    from sentiq.aspects.sets import AspectSet

COMMAND = "python -m tools.evaluation.aspects"
BANDS = (0.0, 0.05, 0.1, 0.2, 0.3)  #: of neutral aspects, as the service has them


@dataclass(frozen=True, slots=True)
class Answered:
    """What the service says of one aspect of a text, as log-odds of positive against negative."""

    whole: float
    clauses: float  #: their mean
    both: float  #: as `aspect_probabilities` has it


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("model", metavar="MODEL", help="id, id@version, or a model's directory")
    add_options(made)
    made.add_argument(
        "--learned",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="texts that the model has learned from; the others are also told apart (may be repeated)",
    )
    made.add_argument("--store", type=Path, default=BUNDLED_MODELS, help="folder of models (default: the bundled ones)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    need(COMMAND, REMEDY, "yaml", *NEEDED)
    from sentiq.aspects.sets import AspectSetError
    from sentiq.engine.registry import ModelError
    from tools.exit_status import exit_status
    from tools.labelled import LabelledError

    refusals = (AspectSetError, LabelledError, ModelError)
    return exit_status(COMMAND, lambda: _measure(options), *refusals, unwritten="nothing was measured")


def _measure(options: argparse.Namespace) -> None:
    from tools.labelled import read_texts

    aspects, opinions = read_opinions(options)
    names = [aspect.name for aspect in aspects.aspects]
    texts = list(dict.fromkeys(opinion.text for opinion in opinions))
    answers = _answers(options, aspects, texts)
    say(f"{aspects.name}: {len(texts):,} texts, {len(opinions):,} aspects in them")
    _tell_found(names, opinions, answers)
    _tell_judged(opinions, answers, {text for path in options.learned for text in read_texts(path)})
    _tell_neutral(opinions, answers)


def _answers(options: argparse.Namespace, aspects: AspectSet, texts: Sequence[str]) -> dict[str, dict[str, Answered]]:
    """Return what the service says of each text's aspects, by their names; "" is the text itself."""
    from sentiq.aspects.judging import aspect_probabilities
    from sentiq.aspects.mentions import clause_text, mentions
    from sentiq.engine.registry import ModelError
    from sentiq.engine.routing import StoredRoutes
    from tools.evaluation.command import answers, find

    model = find(options.model, [options.store, BUNDLED_MODELS])
    if isinstance(model, StoredRoutes):
        raise ModelError(f"{options.model} are routes: measure each of their models")
    labels = model.manifest.labels
    if not {"negative", "positive"} <= set(labels):
        raise ModelError(f"{model.manifest.name} has no labels negative and positive, but {', '.join(labels)}")
    found = {text: mentions(text, aspects) for text in texts}
    clauses = {(text, span): clause_text(text, span) for text in texts for each in found[text] for span in each.spans}
    asked = list(dict.fromkeys([*texts, *clauses.values()]))
    given = dict(zip(asked, answers(model, asked, "openvino").tolist(), strict=True))
    said: dict[str, dict[str, Answered]] = {}
    for text in texts:
        whole = given[text]
        said[text] = {"": Answered(*[_log_odds(whole, labels)] * 3)}
        for mention in found[text]:
            parts = [given[clauses[text, span]] for span in mention.spans]
            said[text][aspects.aspects[mention.aspect].name] = Answered(
                _log_odds(whole, labels),
                sum(_log_odds(part, labels) for part in parts) / len(parts),
                _log_odds(aspect_probabilities(whole, parts, len(found[text])), labels),
            )
    return said


def _log_odds(probabilities: Sequence[float], labels: Sequence[str]) -> float:
    """Return the logarithm of how many times more probable positive is than negative."""
    positive, negative = (probabilities[labels.index(label)] for label in ("positive", "negative"))
    return math.log(max(positive, 1e-9) / max(negative, 1e-9))


def _tell_found(
    names: Sequence[str], opinions: Sequence[Opinion], answers: Mapping[str, Mapping[str, Answered]]
) -> None:
    """Print precision, recall and F1 of finding the aspects."""
    said = {(text, name) for text, by_name in answers.items() for name in by_name if name}
    meant = {(opinion.text, opinion.aspect) for opinion in opinions}
    rows = [["finding", "meant", "found", "precision", "recall", "F1"]]
    for name in ("all", *names):
        mine, theirs = ({pair for pair in pairs if name in ("all", pair[1])} for pairs in (said, meant))
        if not mine and not theirs:
            continue
        both = len(mine & theirs)
        precision, recall = both / max(len(mine), 1), both / max(len(theirs), 1)
        f1 = 2 * both / max(len(mine) + len(theirs), 1)
        rows.append([name, f"{len(theirs):,}", f"{len(mine):,}", f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}"])
    table(rows)


def _tell_judged(
    opinions: Sequence[Opinion], answers: Mapping[str, Mapping[str, Answered]], learned: Collection[str]
) -> None:
    """Print the share of judged aspects whose polarity is right, by what it was taken from.

    Of `learned` texts the model knows whether they are positive: figures for the others say more of new texts.
    """
    signs: dict[str, set[int]] = {}
    for opinion in opinions:
        signs.setdefault(opinion.text, set()).add(opinion.sign)
    judged = [opinion for opinion in opinions if opinion.sign]
    groups = {
        "all": judged,
        "of those found": [each for each in judged if each.aspect in answers[each.text]],
        "texts with mixed polarity": [each for each in judged if len(signs[each.text]) > 1],
    }
    found, mixed = set(groups["of those found"]), groups["texts with mixed polarity"]
    groups["… of those found"] = [each for each in mixed if each in found]
    if learned:
        groups["texts not learned"] = [each for each in judged if each.text not in learned]
    rows = [["polarity", "aspects", "whole text", "clauses", "both", "either one"]]
    for group, members in groups.items():
        if not members:
            continue
        # Where an aspect was not found, what is known of it is what is known of the text.
        said = [(each.sign, answers[each.text].get(each.aspect) or answers[each.text][""]) for each in members]
        right = [
            [sign * odds > 0 for odds in (answer.whole, answer.clauses, answer.both)]
            + [max(sign * answer.whole, sign * answer.clauses) > 0]
            for sign, answer in said
        ]
        rows.append([group, f"{len(members):,}", *(_share(column) for column in zip(*right, strict=True))])
    table(rows)


def _tell_neutral(opinions: Sequence[Opinion], answers: Mapping[str, Mapping[str, Answered]]) -> None:
    """Print how well neutral bands tell mentions without a judgement, of the aspects that were found."""
    said = [(each.sign, answers[each.text][each.aspect].both) for each in opinions if each.aspect in answers[each.text]]
    judged, neutral = sum(sign != 0 for sign, _ in said), sum(sign == 0 for sign, _ in said)
    if not judged or not neutral:
        return
    rows = [["neutral band", "are neutral", "called so", "precision", "recall", "judged that keep one", "its polarity"]]
    for band in BANDS:
        limit = math.log((0.5 + band) / (0.5 - band))
        called = [sign for sign, odds in said if abs(odds) < limit]
        kept = [sign * odds > 0 for sign, odds in said if sign and abs(odds) >= limit]
        right = called.count(0)
        precision = f"{right / len(called):.3f}" if called else ""
        figures = [precision, f"{right / neutral:.3f}", f"{len(kept) / judged:.3f}", _share(kept)]
        rows.append([f"{band:g}", f"{neutral:,}", f"{len(called):,}", *figures])
    table(rows)


def _share(right: Sequence[bool]) -> str:
    from sentiq.evaluation.intervals import wilson

    figure = wilson(sum(right), len(right))
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


if __name__ == "__main__":
    sys.exit(main())
