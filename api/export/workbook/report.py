"""Writes the sheets of a report behind the summary: what to mend, aspects, time, groups and phrases, with charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from xlsxwriter.chart import Chart

from api.cell_kinds import Number, Value
from api.export.aspect_counts import NEGATIVE
from api.export.report.document import Report
from api.export.report.pictures import colours, timeline_label
from api.export.report.words import Words
from api.export.shares import share
from api.export.workbook.xlsx import Book, Sheet
from api.schemas.aspect_sets import JobAspects
from api.schemas.evaluation import Figure
from api.schemas.findings import Findings
from api.schemas.phrases import PhraseExample, Phrases
from api.schemas.results import Language
from api.schemas.timeline import Cross, Timeline

SHARE = "0.0%"  #: number format
TOP_TEXTS = 5  #: of an aspect
WIDE, NARROW = 24, 14  #: width of the first column, and of the others
CHART = {"width": 720, "height": 360}  #: pixels
CHARTED = 30  #: rows of a bar chart at most, which are the first ones


def write_report(book: Book, report: Report, language: Language, places: Mapping[int, Value]) -> None:
    """Add a sheet for each part that the report has. `places`: where rows are in the workbook, by their numbers."""
    words = Words(language)
    if report.findings and report.findings.data:
        _findings(book, report.findings, words)
    if report.aspects and any(aspect.rows for aspect in report.aspects.data):
        _aspects(book, report.aspects, words)
        if report.surest:
            _texts(book, report.surest, words, places)
    if report.timeline:
        _timeline(book, report.timeline, words)
    if report.groups and report.column and report.groups.rows:
        _groups(book, report.groups, report.column, words)
    if report.heat and report.column and report.heat.rows:
        _heat(book, report.heat, report.column, words)
    if report.phrases and report.phrases.data:
        _phrases(book, report.phrases, words)


def _sheet(book: Book, name: str, headings: Sequence[str], wide: Iterable[int] = ()) -> Sheet:
    sheet = book.sheet(name)
    sheet.frame.freeze_panes(1, 0)
    sheet.frame.set_column(0, max(len(headings) - 1, 0), NARROW)
    for column in (0, *wide):
        sheet.frame.set_column(column, column, WIDE if column == 0 else 2 * WIDE)
    sheet.add(headings, bold=True)
    return sheet


def _figure(figure: Figure | None) -> list[Value]:
    """Return the cells of a share and of both ends of its interval."""
    if figure is None:
        return [None, None, None]
    return [Number(value, SHARE) for value in (figure.value, figure.low, figure.high)]


def _share_headings(words: Words, name: str) -> list[str]:
    return [name, words("low"), words("high")]


def _findings(book: Book, findings: Findings, words: Words) -> None:
    headings = [words("finding"), words("negative_rows"), words("rows"), *_share_headings(words, words("negative"))]
    headings += [words("of_all"), words("they_say"), words("example")]
    sheet = _sheet(book, words("mend"), headings, wide=(7, 8))
    for finding in findings.data:
        said = words.between.join(phrase.phrase for phrase in finding.phrases)
        first: list[Value] = [finding.name, finding.negative, finding.rows, *_figure(finding.share)]
        first += [Number(finding.of_all.value, SHARE), said]
        for at, example in enumerate(finding.examples or [None]):
            sheet.add([*(first if at == 0 else [None] * len(first)), example.text if example else None])


def _aspects(book: Book, aspects: JobAspects, words: Words) -> None:
    shown = [aspect for aspect in aspects.data if aspect.rows]
    labels = list(shown[0].counts)
    headings = [words("aspect"), words("rows"), *map(words.label, labels), *_share_headings(words, words("negative"))]
    sheet = _sheet(book, words("aspects"), headings)
    for aspect in shown:
        counts = [aspect.counts[label] for label in labels]
        sheet.add([aspect.aspect, aspect.rows, *counts, *_figure(aspect.shares.get(NEGATIVE))])
    chart = book.frame.add_chart({"type": "bar", "subtype": "stacked"})
    last, colour = min(sheet.rows - 1, CHARTED), colours(labels)
    for at, label in enumerate(labels, 2):
        chart.add_series(_series(sheet, last, at, words.label(label)) | {"fill": {"color": colour[label]}})
    chart.set_y_axis({"reverse": True})
    _insert(sheet, chart, words("aspects"), len(headings) + 1)


def _texts(book: Book, surest: dict[str, list[PhraseExample]], words: Words, places: Mapping[int, Value]) -> None:
    sheet = _sheet(book, words("texts"), [words("aspect"), words("number"), words("text")], wide=(2,))
    for name, examples in surest.items():
        for example in examples[:TOP_TEXTS]:
            sheet.add([name, places.get(example.index), example.text])


def _timeline(book: Book, timeline: Timeline, words: Words) -> None:
    shown = timeline_label(timeline)
    labels = sorted({label for point in timeline.points for label in point.shares})
    averaged = words("mean", averaged=words.steps(timeline.step, timeline.averaged))
    headings = [words("begins"), words("rows"), *map(words.label, labels)]
    headings += [*_share_headings(words, words("share_of", label=words.label(shown))), averaged, words("mark")]
    sheet = _sheet(book, words("timeline"), headings)
    for point in timeline.points:
        changes = [change.difference for change in point.changes if change.label == shown]
        average = point.averages.get(shown)
        row: list[Value] = [point.start, point.rows, *(point.counts.get(label, 0) for label in labels)]
        row += [*_figure(point.shares.get(shown)), None if average is None else Number(average, SHARE)]
        row.append(words("rises" if changes[0] > 0 else "falls") if changes else None)
        sheet.add(row)
    chart, at = book.frame.add_chart({"type": "line"}), 2 + len(labels)
    line = {"line": {"color": colours([shown])[shown]}, "marker": {"type": "circle", "size": 4}}
    chart.add_series(_series(sheet, sheet.rows - 1, at, words.label(shown)) | line)
    dashed = {"line": {"color": "#333333", "dash_type": "dash", "width": 1.25}}
    chart.add_series(_series(sheet, sheet.rows - 1, at + 3, averaged) | dashed)
    chart.set_y_axis({"min": 0, "num_format": "0%"})
    title = words("timeline_of", label=words.label(shown), step=words(timeline.step))
    _insert(sheet, chart, title, len(headings) + 1)


def _groups(book: Book, groups: Cross, column: str, words: Words) -> None:
    headings = [column, words("rows"), *_share_headings(words, words("negative"))]
    sheet = _sheet(book, words("by_group"), headings)
    at = next((place for place, group in enumerate(groups.columns) if group.value == NEGATIVE), None)
    for group, line in zip(groups.rows, groups.cells, strict=True):
        negative = 0 if at is None else line[at].rows
        labelled = sum(cell.rows for cell in line if cell.shares)
        figure = share(negative, labelled) if labelled else None
        sheet.add([words.value(group.value), group.rows, *_figure(figure)])
    chart = book.frame.add_chart({"type": "bar"})
    bar = {"fill": {"color": colours([NEGATIVE])[NEGATIVE]}}
    chart.add_series(_series(sheet, min(sheet.rows - 1, CHARTED), 2, words("negative")) | bar)
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"min": 0, "num_format": "0%"})
    _insert(sheet, chart, words("negative"), len(headings) + 1)


def _heat(book: Book, heat: Cross, column: str, words: Words) -> None:
    """Add the negative share of each group and aspect, with a colour that says the same, and below the numbers."""
    names = [words.value(group.value) for group in heat.columns]
    sheet = _sheet(book, words("by_group_and_aspect"), [f"{column} – {words('negative')}", *names])
    for group, line in zip(heat.rows, heat.cells, strict=True):
        shares = [cell.shares.get(NEGATIVE) for cell in line]
        cells = [None if figure is None else Number(figure.value, SHARE) for figure in shares]
        sheet.add([words.value(group.value), *cells])
    colour = {"type": "2_color_scale", "min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1}
    colour |= {"min_color": "#FFFFFF", "max_color": "#D98A8E"}
    sheet.frame.conditional_format(1, 1, len(heat.rows), len(names), colour)
    sheet.add([])
    sheet.add([f"{column} – {words('rows')}", *names], bold=True)
    for group, line in zip(heat.rows, heat.cells, strict=True):
        sheet.add([words.value(group.value), *(cell.rows for cell in line)])


def _phrases(book: Book, phrases: Phrases, words: Words) -> None:
    headings = [words("phrase"), words("negative_rows"), *_share_headings(words, words("negative")), words("example")]
    sheet = _sheet(book, words("phrases"), headings, wide=(5,))
    for phrase in phrases.data:
        example = phrase.examples[0].text if phrase.examples else None
        sheet.add([phrase.phrase, phrase.rows, *_figure(phrase.negative), example])
    chart = book.frame.add_chart({"type": "bar"})
    bar = {"fill": {"color": colours([NEGATIVE])[NEGATIVE]}}
    chart.add_series(_series(sheet, min(sheet.rows - 1, CHARTED), 1, words("negative_rows")) | bar)
    chart.set_y_axis({"reverse": True})
    _insert(sheet, chart, words("negative_rows"), len(headings) + 1)


def _series(sheet: Sheet, last: int, column: int, name: str) -> dict[str, object]:
    """Return a series of the rows from the second to `last`, counted from 0; the first column names them."""
    tab = sheet.frame.get_name()
    return {"name": name, "categories": [tab, 1, 0, last, 0], "values": [tab, 1, column, last, column]}


def _insert(sheet: Sheet, chart: Chart, title: str, column: int) -> None:
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_size(CHART)
    sheet.frame.insert_chart(1, column, chart)
