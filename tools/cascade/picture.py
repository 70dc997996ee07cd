"""Draws the curve of a pair: what the student may answer, what of it changes, and how fast the pair becomes."""

from __future__ import annotations

from collections.abc import Sequence

import pygal

from tools.cascade.fit import Point
from tools.pictures import STYLE, still


def picture(pair: str, curve: Sequence[Point], chosen: Point) -> str:
    """Return an SVG without scripts and without anything from elsewhere."""
    points = sorted([*curve, chosen], key=lambda point: point.share)
    quality = [(point.share, point.agreement) for point in points]
    accuracy = [(point.share, point.accuracy) for point in points if point.accuracy is not None]
    # Without the student alone, which is so fast that nothing could be seen of the others.
    speeds = [(point.share, point.texts_per_s) for point in points if point.share < 1 or point is chosen]
    shown = [value for _, value in (*quality, *accuracy)]
    chart = pygal.XY(
        style=STYLE,
        js=[],
        dots_size=0,
        width=900,
        height=420,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        truncate_legend=-1,
        title=f"{pair}: chosen at {chosen.threshold:.4f}, where the student answers {chosen.share:.0%}",
        x_title="share of the texts that the student answers",
        y_title="agreement and accuracy",
        range=(min(shown), max(shown)),
        secondary_range=(0, max(speed for _, speed in speeds)),
        show_y_guides=False,
        value_formatter=lambda y: f"{y:.3f}" if 0 < y <= 1 else f"{y:,.0f}",
        x_value_formatter=lambda x: f"{x:.0%}",
    )
    chart.add("answers that are the teacher's own", quality)
    if accuracy:
        chart.add("accuracy", accuracy)
    chart.add("texts/s of a process", speeds, secondary=True)
    marks = [(chosen.share, value) for value in (min(shown), max(shown))]
    chart.add("chosen", marks, stroke_style={"width": 2, "dasharray": "6, 4"}, show_dots=False)
    return still(chart.render())
