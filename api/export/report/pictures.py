"""Draws the aspects and the timeline of a job as SVG: pictures that need nothing else, whatever shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise

from api.export.aspect_counts import NEGATIVE
from api.export.periods import begin_of, period, step_after
from api.export.report.words import Words
from api.schemas.aspect_sets import AspectCounts, JobAspects
from api.schemas.timeline import Timeline, TimelinePoint

COLOURS: Mapping[str, str] = {"negative": "#b4232c", "neutral": "#8a94a0", "positive": "#1f7a4d"}
OTHER_COLOURS = ("#2b5fa8", "#a86a1f", "#6d3fa0", "#1f7f8a", "#7a7a1f")
WIDTH = 760
BAR, GAP, NAMES, FIGURES = 22, 8, 150, 190  #: of the aspects: height of a bar, space below, room for names and figures
ASPECTS = 20  #: drawn at most
NAME_CHARS = 11  #: of a name that has room
HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 260, 48, 16, 24, 34  #: of the timeline
DATES = 6  #: written below the timeline
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def colours(labels: Sequence[str]) -> dict[str, str]:
    """Return the colour of each label."""
    others = [label for label in labels if label not in COLOURS]
    return {label: COLOURS.get(label) or OTHER_COLOURS[others.index(label) % len(OTHER_COLOURS)] for label in labels}


def aspects_svg(aspects: JobAspects, words: Words) -> str:
    """Draw a bar for each aspect of which a text speaks: as long as its rows are many, divided by label."""
    shown = [aspect for aspect in aspects.data if aspect.rows][:ASPECTS]
    labels = list(shown[0].counts) if shown else []
    most = max((aspect.rows for aspect in shown), default=1)
    height = 34 + len(shown) * (BAR + GAP)
    parts = [_legend(labels, words)]
    for number, aspect in enumerate(shown):
        parts += _bar(aspect, 30 + number * (BAR + GAP), most, words)
    return _svg(height, words("aspects"), parts)


def _bar(aspect: AspectCounts, top: int, most: int, words: Words) -> Iterator[str]:
    scale = (WIDTH - NAMES - FIGURES) / most
    name = aspect.aspect if len(aspect.aspect) <= NAME_CHARS else aspect.aspect[: NAME_CHARS - 1] + "…"
    yield _text(NAMES - 8, top + BAR - 6, name, "end")
    left = float(NAMES)
    colour = colours(list(aspect.counts))
    for label, count in aspect.counts.items():
        width = count * scale
        if count:
            yield (
                f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{colour[label]}">'
                f"<title>{_e(words.label(label))}: {count:,}</title></rect>"
            )
        left += width
    negative = aspect.shares.get(NEGATIVE)
    said = f"{aspect.rows:,}" if negative is None else f"{aspect.counts[NEGATIVE]:,} / {aspect.rows:,} · "
    yield _text(left + 8, top + BAR - 6, said + ("" if negative is None else f"{negative.value:.0%}"))


def timeline_label(timeline: Timeline) -> str:
    """Return the label that the picture shows: negative, or the first one."""
    labels = [label for point in timeline.points for label in point.shares]
    return NEGATIVE if NEGATIVE in labels or not labels else labels[0]


def timeline_svg(timeline: Timeline, words: Words) -> str:
    """Draw the share of negative in each step with its interval, its moving average, and the marks.

    Steps that have rows stand side by side; the line is broken where steps between them have none.
    """
    label = timeline_label(timeline)
    points = [point for point in timeline.points if label in point.shares]
    top = _ceiling(max((point.shares[label].high for point in points), default=1.0))
    wide = (WIDTH - LEFT - RIGHT) / max(len(points), 1)

    def x(at: int) -> float:
        return LEFT + (at + 0.5) * wide

    def y(value: float) -> float:
        return TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM)

    parts = list(_axis(y, top))
    for run in _runs(timeline, points):
        upper = [f"{x(at):.1f},{y(points[at].shares[label].high):.1f}" for at in run]
        lower = [f"{x(at):.1f},{y(points[at].shares[label].low):.1f}" for at in reversed(run)]
        line = " ".join(f"{x(at):.1f},{y(points[at].shares[label].value):.1f}" for at in run)
        mean = " ".join(f"{x(at):.1f},{y(points[at].averages.get(label, 0)):.1f}" for at in run)
        colour = colours([label])[label]
        parts.append(
            f'<polygon points="{" ".join(upper + lower)}" fill="{colour}" stroke="{colour}" opacity=".16"/>'
            f'<polyline points="{mean}" fill="none" stroke="#333" stroke-width="1.5" stroke-dasharray="5 4"/>'
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        if len(run) == 1:
            parts.append(f'<circle cx="{x(run[0]):.1f}" cy="{y(points[run[0]].shares[label].value):.1f}" r="3"/>')
    for at, point in enumerate(points):
        parts += [
            _triangle(x(at), y(point.shares[label].value), change.difference, _said(point, change.difference, words))
            for change in point.changes
            if change.label == label
        ]
    for at in range(0, len(points), max(-(-len(points) // DATES), 1)):
        parts.append(_text(x(at), HEIGHT - 12, points[at].start.replace("T", " "), "middle", 11))
    title = words("timeline_of", label=words.label(label), step=words(timeline.step))
    return _svg(HEIGHT, title, [_text(LEFT, 14, title), *parts])


def _runs(timeline: Timeline, points: Sequence[TimelinePoint]) -> Iterator[range]:
    """Yield the places of points that follow each other without a step between them."""
    begins = list(map(begin_of(timeline.step), (period(point.start)[0] for point in points)))  # the first may be cut
    breaks = [at for at, (one, two) in enumerate(pairwise(begins), 1) if step_after(timeline.step, one) != two]
    yield from (range(first, last) for first, last in pairwise([0, *breaks, len(points)]) if last > first)


def _ceiling(highest: float) -> float:
    """Return the upper end of the axis, in tenths."""
    return min(max(-(-highest * 10 // 1) / 10, 0.1), 1.0)


def _axis(y: Callable[[float], float], top: float) -> Iterator[str]:
    for number in range(5):
        value = top * number / 4
        yield (
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#d5d9de"/>'
            + _text(LEFT - 6, y(value) + 4, f"{100 * value:g}%", "end", 11)
        )


def _triangle(x: float, y: float, difference: float, title: str) -> str:
    rises = difference > 0
    tip, base = (y - 20, y - 9) if rises else (y + 20, y + 9)
    colour = COLOURS["negative" if rises else "positive"]
    return (
        f'<polygon points="{x:.1f},{tip:.1f} {x - 6:.1f},{base:.1f} {x + 6:.1f},{base:.1f}" fill="{colour}" '
        f'stroke="#fff"><title>{_e(title)}</title></polygon>'
    )


def _said(point: TimelinePoint, difference: float, words: Words) -> str:
    return f"{point.start}: {words('rises' if difference > 0 else 'falls')} ({100 * difference:+.1f})"


def _legend(labels: Sequence[str], words: Words) -> str:
    colour = colours(labels)
    left, parts = NAMES, []
    for label in labels:
        name = words.label(label)
        parts.append(
            f'<rect x="{left}" y="6" width="12" height="12" fill="{colour[label]}"/>' + _text(left + 17, 16, name)
        )
        left += 40 + sum(13 if ord(character) > 0x2E80 else 8 for character in name)
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{_e(text)}</text>'


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{_e(title)}" font-family="system-ui, Noto Sans CJK SC, Microsoft YaHei, sans-serif" '
        f'fill="#1c2329"><rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )


def _e(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), quote=True)
