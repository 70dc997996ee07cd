"""JSON by writers from PyPI."""

from __future__ import annotations

import json
import platform
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bson.json_util
import datasets
import jsonlines
import orjson
import pandas
import petl
import polars
import scrapy.exporters
import simplejson
import srsly
import tablib
import tinydb

from tools.writers.texts import HEADINGS
from tools.writers.written import records, report, save, values


def write(folder: Path) -> None:
    """Let each write its files."""
    _plain(folder)
    _frames(folder)
    _stores(folder)


def _plain(folder: Path) -> None:
    dump = json.dumps
    for writer, number, format_, written in (
        ("json of Python", platform.python_version(), "json", dump(records())),
        ("json of Python", platform.python_version(), "json, indented", dump(records(), ensure_ascii=False, indent=2)),
        ("json of Python", platform.python_version(), "json lines", "".join(f"{dump(row)}\n" for row in records())),
        ("orjson", version("orjson"), "json", orjson.dumps(records()).decode()),
        ("simplejson", version("simplejson"), "json", simplejson.dumps(records())),
        ("tablib", version("tablib"), "json", tablib.Dataset(*values(), headers=HEADINGS).export("json")),
    ):
        suffix = "jsonl" if "lines" in format_ else "json"
        report(
            folder,
            writer,
            number,
            format_,
            suffix,
            partial(save, written.encode),
        )
    report(folder, "srsly", version("srsly"), "json lines", "jsonl", lambda path: srsly.write_jsonl(path, records()))

    def write_lines(path: Path) -> None:
        with jsonlines.open(path, "w") as writer:
            writer.write_all(records())

    report(folder, "jsonlines", version("jsonlines"), "json lines", "jsonl", write_lines)


def _frames(folder: Path) -> None:
    frame = pandas.DataFrame(records())
    tell = partial(report, folder, "pandas", version("pandas"))
    tell("json", "json", frame.to_json)
    for form in ("records", "split", "index", "table", "values"):
        tell(f"json, {form}", "json", partial(frame.to_json, orient=form))
    tell("json lines", "jsonl", partial(frame.to_json, orient="records", lines=True))
    tell = partial(report, folder, "polars", version("polars"))
    tell("json", "json", polars.DataFrame(records()).write_json)
    tell("json lines", "jsonl", polars.DataFrame(records()).write_ndjson)
    datasets.disable_progress_bars()
    rows = datasets.Dataset.from_list(records())
    tell = partial(report, folder, "datasets", version("datasets"))
    tell("json", "json", rows.to_json)
    tell("csv", "csv", rows.to_csv)
    tell("parquet", "parquet", rows.to_parquet)
    table = petl.wrap([HEADINGS, *values()])
    report(folder, "petl", version("petl"), "json", "json", lambda path: petl.tojson(table, str(path)))


def _stores(folder: Path) -> None:
    for format_, suffix, exporter in (
        ("json", "json", scrapy.exporters.JsonItemExporter),
        ("json lines", "jsonl", scrapy.exporters.JsonLinesItemExporter),
        ("csv", "csv", scrapy.exporters.CsvItemExporter),
    ):

        def write_items(path: Path, exporter: Any = exporter) -> None:
            with path.open("wb") as file:
                exporting = exporter(file)
                exporting.start_exporting()
                for record in records():
                    exporting.export_item(record)
                exporting.finish_exporting()

        report(folder, "Scrapy", version("scrapy"), format_, suffix, write_items)
    documents = [{"_id": bson.Int64(id_), HEADINGS[1]: text, HEADINGS[2]: rating} for id_, text, rating in values()]
    for format_, options in (
        ("extended json, relaxed", bson.json_util.RELAXED_JSON_OPTIONS),
        ("extended json, canonical", bson.json_util.CANONICAL_JSON_OPTIONS),
    ):
        lines = "".join(f"{bson.json_util.dumps(document, json_options=options)}\n" for document in documents)
        report(
            folder,
            "PyMongo",
            version("pymongo"),
            format_,
            "jsonl",
            partial(save, lines.encode),
        )

    def insert(path: Path) -> None:
        with tinydb.TinyDB(path) as database:
            database.insert_multiple(records())

    report(folder, "TinyDB", version("tinydb"), "json", "json", insert)
