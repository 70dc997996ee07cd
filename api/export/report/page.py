"""Writes a report as one page of HTML, without scripts, which opens offline: nothing has to be fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import chain

from api.export.aspect_counts import NEGATIVE
from api.export.report.document import Report
from api.export.report.pictures import aspects_svg, colours, timeline_label, timeline_svg
from api.export.report.words import Words
from api.export.rows import View
from api.export.shares import share
from api.schemas.aspect_sets import JobAspects
from api.schemas.evaluation import Figure
from api.schemas.findings import Finding
from api.schemas.phrases import Phrases
from api.schemas.timeline import Cross, CrossCell, Timeline
from sentiq.aspects.sets import AspectSet
from sentiq.jobs.dates import moment_of
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, Job

HEAT_ASPECTS = 12  #: columns that have room on a printed page

_STYLE = """
body { font: 16px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #1c2329; background: #fff;
  max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; overflow-wrap: anywhere } h2 { font-size: 1.2rem; margin-top: 2.2rem } h3 { margin: 0 0 .3rem }
table { border-collapse: collapse; font-size: .92rem } caption { text-align: left; color: #4a545e }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #d5d9de; vertical-align: top }
th:first-child, td.text, .last-text th:last-child { text-align: left; overflow-wrap: anywhere }
.scroll { overflow-x: auto } svg { max-width: 100%; height: auto } .quiet { color: #4a545e }
.mend { list-style: none; padding: 0 } .mend > li { border-left: 4px solid #b4232c; padding: .2rem 0 .2rem 1rem;
  margin: 1rem 0; break-inside: avoid }
blockquote { margin: .4rem 0 .4rem .5rem; overflow-wrap: anywhere } dl { display: grid; grid-template-columns: auto 1fr;
  gap: .1rem 1rem } dt { color: #4a545e } dd { margin: 0; overflow-wrap: anywhere } summary { cursor: pointer }
@media print { body { margin: 0; max-width: none; font-size: 12px } section, tr { break-inside: avoid }
  h2 { break-after: avoid } td, th, svg { print-color-adjust: exact } }
""".strip()


def page(job: Job, view: View, report: Report) -> str:
    """Return the page, in the language of the view. `report`: of the rows that the view's filter takes."""
    words = Words(view.language)
    title = words("title", name=job.options.name or job.id)
    sections = chain(
        _labels(report, words),
        _mend(report, words),
        _aspects(report.aspects, words) if report.aspects else (),
        _timeline(report.timeline, words) if report.timeline else (),
        _groups(report, words),
        _phrases(report.phrases, words) if report.phrases and report.phrases.data else (),
        _reading(job, view, report, words),
    )
    if not any(report.counts.values()):
        sections = chain([_note(words("no_rows"))])
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if view.language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_e(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{_e(title)}</h1>\n"
        + "\n".join([_facts(job, view, words), *sections])
        + "\n</main>\n</body>\n</html>\n"
    )


def _e(text: str) -> str:
    return escape(text, quote=True)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Return a table; cells are HTML already, the first of a row is its heading, and one may be a whole `<td>`."""
    head = "".join(f'<th scope="col">{_e(heading)}</th>' if heading else "<td></td>" for heading in headings)
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    above = f"<caption>{_e(caption)}</caption>" if caption else ""
    inner = f"{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll" tabindex="0"><table>{inner}</table></div>'


def _section(heading: str, *parts: str) -> str:
    return f"<section>\n<h2>{_e(heading)}</h2>\n" + "\n".join(part for part in parts if part) + "\n</section>"


def _note(text: str) -> str:
    return f'<p class="quiet">{_e(text)}</p>'


def _facts(job: Job, view: View, words: Words) -> str:
    facts = [(words("job"), job.id)]
    if job.file and job.file.name:
        facts.append((words("file"), job.file.name))
    facts.append((words("rows_of_file"), f"{job.total:,}"))
    if job.answered_by:
        facts.append((words("model"), job.answered_by))
    if job.ended_at_ms:
        ended = datetime.fromtimestamp(job.ended_at_ms / 1000, UTC)
        facts.append((words("ended"), f"{ended:%Y-%m-%d %H:%M} UTC"))
    if job.options.aspects:
        facts.append((words("aspect_set"), AspectSet.loads(job.options.aspects).name))
    facts += [(words("chosen"), chosen) for chosen in _chosen(job, view, words)]
    return "<dl>" + "".join(f"<dt>{_e(name)}</dt><dd>{_e(fact)}</dd>" for name, fact in facts) + "</dl>"


def _chosen(job: Job, view: View, words: Words) -> Iterator[str]:
    """Yield in words which rows the filter takes."""
    chosen, columns = view.filter, job.file.columns if job.file else ()
    if chosen.contains:
        yield words("contains", words=chosen.contains)
    for at, values in chosen.cells:
        yield words("is", column=columns[at] or str(at + 1), value=" | ".join(map(words.value, values)))
    if chosen.languages:
        yield words("languages", codes=words.between.join(chosen.languages))
    if chosen.since is not None:
        yield words("since", moment=f"{moment_of(chosen.since):%Y-%m-%d %H:%M}")
    if chosen.until is not None:
        yield words("until", moment=f"{moment_of(chosen.until):%Y-%m-%d %H:%M}")


def _labels(report: Report, words: Words) -> Iterator[str]:
    labels = [label for label in report.counts if label not in (FAILED, WITHOUT_TEXT)]
    labelled = sum(report.counts[label] for label in labels)
    colour = colours(labels)
    rows = []
    for label, count in report.counts.items():
        if label in labels:
            figure = share(count, labelled) if labelled else None
            bar = _bar(figure.value if figure else 0.0, colour[label])
            rows.append([_e(words.label(label)), f"{count:,}", words.percent(figure) if figure else "–", bar])
        elif count:
            rows.append([_e(words.label(label)), f"{count:,}", "–", ""])
    yield _section(words("labels"), _table([words("label"), words("rows"), words("share"), ""], rows))


def _bar(value: float, colour: str) -> str:
    """Return a bar beside a number that says the same."""
    return (
        f'<svg aria-hidden="true" width="160" height="14" viewBox="0 0 160 14"><rect width="160" height="14" '
        f'fill="#eceff2"/><rect width="{160 * value:.1f}" height="14" fill="{colour}"/></svg>'
    )


def _mend(report: Report, words: Words) -> Iterator[str]:
    found = report.findings
    if found is None:
        return
    step = words(report.timeline.step) if report.timeline else ""
    items = "".join(_finding(finding, step, words) for finding in found.data)
    yield _section(words("mend"), f'<ol class="mend">{items}</ol>' if items else _note(words("nothing")))


def _finding(finding: Finding, step: str, words: Words) -> str:
    numbers = {"negative": f"{finding.negative:,}", "rows": f"{finding.rows:,}"}
    shares = {"share": words.percent(finding.share), "of_all": words.percent(finding.of_all)}
    parts = [
        f"<h3>{_e(finding.name)}</h3>",
        f"<p>{_e(words('of_rows' if finding.kind == 'aspect' else 'of_phrase', **numbers, **shares))}</p>",
    ]
    if finding.rise:
        points = f"{100 * finding.rise.difference:.0f}"
        rise = words("rise", start=finding.rise.start, step=step, points=points, p=f"{finding.rise.p_value:.2g}")
        parts.append(f"<p>{_e(rise)}</p>")
    if finding.phrases:
        said = words.between.join(f"<b>{_e(phrase.phrase)}</b> ({phrase.rows:,})" for phrase in finding.phrases)
        parts.append(f"<p>{_e(words('they_say'))}: {said}</p>")
    parts += [
        f"<blockquote>{_e(example.text)} "
        f'<span class="quiet">({_e(words("row", number=f"{example.index + 1:,}"))})</span></blockquote>'
        for example in finding.examples
    ]
    return f"<li>{''.join(parts)}</li>"


def _aspects(aspects: JobAspects, words: Words) -> Iterator[str]:
    shown = [aspect for aspect in aspects.data if aspect.rows]
    note = _note(words("aspects_note", with_aspects=f"{aspects.rows_with_aspects:,}", rows=f"{aspects.rows:,}"))
    if not shown:
        yield _section(words("aspects"), note)
        return
    labels = list(shown[0].counts)
    has_negative = NEGATIVE in labels
    headings = [words("aspect"), words("rows"), *map(words.label, labels), *([words("negative_share")] * has_negative)]
    rows = [
        [
            _e(aspect.aspect),
            f"{aspect.rows:,}",
            *(f"{aspect.counts[label]:,}" for label in labels),
            *([words.percent(aspect.shares[NEGATIVE])] if has_negative else []),
        ]
        for aspect in shown
    ]
    yield _section(words("aspects"), note, aspects_svg(aspects, words), _table(headings, rows))


def _timeline(timeline: Timeline, words: Words) -> Iterator[str]:
    label, step = timeline_label(timeline), words(timeline.step)
    averaged = words.steps(timeline.step, timeline.averaged)
    undated = sum(timeline.undated.values())
    rows = []
    for point in timeline.points:
        mark = "".join(
            f"{'▲' if change.difference > 0 else '▼'} {100 * change.difference:+.0f}"
            for change in point.changes
            if change.label == label
        )
        figure = point.shares.get(label)
        mean = f"{100 * point.averages[label]:.1f}%" if label in point.averages else "–"
        rows.append([_e(point.start), f"{point.rows:,}", words.percent(figure) if figure else "–", mean, mark])
    headings = [words("begins"), words("rows"), f"{words.label(label)}: {words('share')}"]
    headings += [words("mean", averaged=averaged), words("mark")]
    yield _section(
        words("timeline"),
        timeline_svg(timeline, words),
        _note(words("timeline_note", step=step, averaged=averaged)),
        _note(words("undated", rows=f"{undated:,}")) if undated else "",
        f"<details><summary>{_e(words('numbers'))}</summary>{_table(headings, rows)}</details>",
    )


def _groups(report: Report, words: Words) -> Iterator[str]:
    if report.groups is None or report.column is None:
        return
    labels = sorted({label for line in report.groups.cells for cell in line for label in cell.shares})
    label = NEGATIVE if NEGATIVE in labels else labels[0] if labels else ""
    at = {group.value: place for place, group in enumerate(report.groups.columns)}
    rows = []
    for group, line in zip(report.groups.rows, report.groups.cells, strict=True):
        counts = {name: line[at[name]].rows if name in at else 0 for name in labels}
        labelled = sum(counts.values())
        figure = share(counts[label], labelled) if labelled else None
        rows.append(
            [
                _e(words.value(group.value)),
                f"{group.rows:,}",
                *(f"{counts[name]:,}" for name in labels),
                words.percent(figure) if figure else "–",
                _bar(figure.value if figure else 0.0, colours([label])[label]),
            ]
        )
    headings = [report.column, words("rows"), *map(words.label, labels)]
    headings += [f"{words.label(label)}: {words('share')}", ""]
    yield _section(words("groups", column=report.column), _table(headings, rows))
    if report.heat and any(NEGATIVE in cell.shares for line in report.heat.cells for cell in line):
        yield _section(
            words("heat", column=report.column), _heat(report.heat, report.column, words), _note(words("heat_note"))
        )


def _heat(heat: Cross, column: str, words: Words) -> str:
    shown = range(len(heat.columns))[:HEAT_ASPECTS]
    headings = [column, *(words.value(heat.columns[at].value) for at in shown)]
    rows = [
        [_e(words.value(group.value)), *(_heat_cell(line[at]) for at in shown)]
        for group, line in zip(heat.rows, heat.cells, strict=True)
    ]
    return _table(headings, rows)


def _heat_cell(cell: CrossCell) -> str:
    figure: Figure | None = cell.shares.get(NEGATIVE)
    if figure is None:
        return "–"
    return (
        f'<td style="background: rgb(180 35 44 / {0.55 * figure.value:.2f})">{figure.value:.0%} '
        f'<span class="quiet" style="color: inherit">({cell.rows:,})</span></td>'
    )


def _phrases(phrases: Phrases, words: Words) -> Iterator[str]:
    rows = []
    for phrase in phrases.data:
        example = phrase.examples[0].text if phrase.examples else ""
        rows.append(
            [
                _e(phrase.phrase),
                f"{phrase.rows:,}",
                words.percent(phrase.negative) if phrase.negative else "–",
                f'<td class="text">{_e(example)}</td>',
            ]
        )
    headings = [words("phrase"), words("negative_rows"), words("negative_share"), words("example")]
    here = phrases.here
    sampled = words("phrases_sampled", looked_at=f"{here.looked_at:,}", rows=f"{here.rows:,}")
    yield _section(
        words("phrases"),
        _note(words("phrases_note")),
        _note(sampled) if here.looked_at < here.rows else "",
        f'<div class="last-text">{_table(headings, rows)}</div>',
    )


def _reading(job: Job, view: View, report: Report, words: Words) -> Iterator[str]:
    said = [words("reading_interval")]
    if report.timeline:
        said.append(words("reading_mark"))
    if job.answered_by:
        said.append(words("reading_model", model=job.answered_by))
    if report.aspects:
        said.append(words("reading_aspects"))
    if view.neutral_band:
        said.append(words("reading_neutral", band=view.neutral_band))
    yield _section(words("reading"), "<ul>" + "".join(f"<li>{_e(sentence)}</li>" for sentence in said) + "</ul>")
