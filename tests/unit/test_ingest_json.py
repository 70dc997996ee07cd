"""JSON as people send it: lines with any members, lists, documents, columns side by side, whatever its name."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ingest.files import File
from api.ingest.json_files.detect import looks_like_json
from api.ingest.limits import Limits
from api.ingest.options import Reading
from sentiq.core.errors import InvalidInput, SentiqError
from sentiq.jobs.types import Row

LIMITS = Limits(inflated_bytes=10**9, inflate_ratio=10**6, rows=10**6, columns=100, cell_chars=10_000, text_chars=1_000)
GOOD, BAD = "面料柔软，孩子穿着很舒服", "送货太慢，包装也破了"
NDJSON = "application/x-ndjson"
ROWS = [{"订单号": 123456789012345601, "评价内容": GOOD}, {"订单号": 123456789012345602, "评价内容": BAD}]


def cut(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[start : start + size] for start in range(0, len(data), size))


def read(data: bytes | str, name: str = "a.json", content_type: str = "", size: int = 7, **asked: Any) -> list[Row]:
    """Return the rows of a file that arrives in small pieces."""
    return opened(data, name, content_type, size, **asked)[1]


def opened(
    data: bytes | str, name: str = "a.json", content_type: str = "", size: int = 7, **asked: Any
) -> tuple[File, list[Row]]:
    content = data.encode() if isinstance(data, str) else data
    with File(cut(content, size), Reading(file_name=name, **asked), LIMITS, content_type) as file:
        return file, list(file.rows())


def text(document: Any, indent: int | None = None) -> str:
    return json.dumps(document, ensure_ascii=False, indent=indent)


DOCUMENTS = {
    "a list": ROWS,
    "a list in a member": {"data": ROWS},
    "as Navicat writes it": {"RECORDS": ROWS},
    "the answer of an API": {"code": 0, "msg": "成功", "data": {"total": 2, "list": ROWS, "next": None}},
    "split": {"columns": list(ROWS[0]), "index": [0, 1], "data": [list(row.values()) for row in ROWS]},
    "columns": {name: {str(n): row[name] for n, row in enumerate(ROWS)} for name in ROWS[0]},
    "index": {str(n): row for n, row in enumerate(ROWS)},
    "index, by id": {str(row["订单号"]): row for row in ROWS},
    "a database of documents": {"_default": {str(n): row for n, row in enumerate(ROWS, start=1)}},
    "names beside lists of cells": {
        "meta": [{"name": name, "type": "String"} for name in ROWS[0]],
        "data": [list(row.values()) for row in ROWS],
        "rows": 2,
    },
    "what the columns are, beside them": {
        "meta": [{"name": name, "type": "String"} for name in ROWS[0]],
        "data": ROWS,
        "statistics": {"elapsed": 0.1},
    },
    "table": {"schema": {"fields": [{"name": "评价内容", "type": "string"}]}, "data": ROWS},
    "a list a column": {name: [row[name] for row in ROWS] for name in ROWS[0]},
    "values below names": [list(ROWS[0]), *(list(row.values()) for row in ROWS)],
    "hits": {
        "took": 3,
        "_shards": {"failures": []},
        "hits": {"hits": [{"_score": 1.0, "_source": row} for row in ROWS]},
    },
}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv", "a.txt", ""])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_is_read_whatever_it_is_called(kind: str, indent: int | None, name: str) -> None:
    column = "_source.评价内容" if kind == "hits" else "评价内容"
    id_column = "_source.订单号" if kind == "hits" else "订单号"
    rows = read(text(DOCUMENTS[kind], indent), name, text_column=(column,), id_column=id_column)
    assert [(row.text, row.custom_id) for row in rows] == [(row["评价内容"], str(row["订单号"])) for row in ROWS]


#: A file, and its texts or the codes of its errors.
FILES = {
    "strings": (text([GOOD, BAD]), (GOOD, BAD)),
    "strings in a member": (text({"texts": [GOOD, BAD]}), (GOOD, BAD)),
    "a series": (text({"0": GOOD, "1": BAD}), (GOOD, BAD)),
    "a series by id": (text({"5": GOOD, "7": BAD}), (GOOD, BAD)),
    "a list a column in one of two parts": (
        text({"train": {"text": [GOOD, BAD], "x": [1, 2]}, "test": {"text": [], "x": []}}),
        (GOOD, BAD),
    ),
    "one object": (text({"text": GOOD, "tags": ["a", "b"]}, 1), (GOOD,)),
    "objects that jq wrote": ("\n".join(text({"text": t}, 2) for t in (GOOD, BAD)), (GOOD, BAD)),
    "objects without a line between": (text({"text": GOOD}) + text({"text": BAD}), (GOOD, BAD)),
    "a page a line": (f"{text([{'text': GOOD}])}\n{text([{'text': BAD}])}\n", (GOOD, BAD)),
    "a list a line": ('["id","text"]\n["1","好吃"]\n["2","难吃"]\n', ("好吃", "难吃")),
    "a list a line, without names": ('["1","好吃，推荐"]\n["2","难吃，不推荐"]\n', ("好吃，推荐", "难吃，不推荐")),
    "a comma behind each line": ('{"text": "好"},\n{"text": "坏"},\n', ("好", "坏")),
    "a comma too many": ('[{"text": "好"},\n{"text": "坏"},\n]', ("好", "坏")),
    "a text sequence (RFC 7464)": ('\x1e{"text": "好"}\n\x1e{"text": "坏"}\n', ("好", "坏")),
    "a tab in a string": ('{"text": "好\t吃"}\n', ("好\t吃",)),
    "no numbers of JSON": ('[{"text": "好", "s": NaN}, {"text": "坏", "s": -Infinity}]', ("好", "坏")),
    "a name twice": ('[{"text": "好"}, {"text": "坏", "text": "好"}, {"text": "坏"}]', ("好", "duplicate_name", "坏")),
    "a name twice, dotted": ('{"text": "好", "a": {"b": 1}, "a.b": 2}\n{"text": "坏"}\n', ("duplicate_name", "坏")),
    "lines of all kinds": (
        '{"text": "好"}\n\n{broken\n{"text": null}\n{"id": 5}\n5\n["a"]\n"坏"\nnull\n',
        ("好", "invalid_json", "empty_text", "empty_text", "invalid_item", "invalid_item", "坏", "empty_text"),
    ),
    "a line that is too long": (f'{{"text": "好"}}\n"{"长" * 40_000}"\n"坏"\n', ("好", "line_too_long", "坏")),
    "a row of a list that is too long": (
        text([{"text": "好"}, {"text": "长" * 40_000}, "坏"]),
        ("好", "line_too_long", "坏"),
    ),
    "a line that is too deep": (f'{{"text": "好"}}\n{{"a": {"[" * 5_000}\n"坏"\n', ("好", "invalid_json", "坏")),
}


@pytest.mark.parametrize("size", [1, 1_000_000])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
@pytest.mark.parametrize("kind", FILES)
def test_each_row_is_read_or_fails_alone(kind: str, name: str, size: int) -> None:
    data, expected = FILES[kind]
    rows = read(data, name, size=size)
    assert tuple(row.error.code if row.error else row.text for row in rows) == expected


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ('[{"text": "好"}, {"text": "坏', "damaged_json"),
        ('[{"text": "好"}, {"text": "坏"} {"text": "坏"}]', "damaged_json"),
        ('{"data": [{"text": "好"}], "next": }', "damaged_json"),
        ('{"text": {"0": "好", "1": "坏"}, "id": {"0": 1, "2": 2}}', "damaged_json"),
        ("[{'text': '好'}]", "damaged_json"),
        ('{"data": []}', "no_rows"),
        ("[]", "no_rows"),
        ("[" * 100_000, "nested_too_deeply"),
        ('{"a":' * 100_000, "nested_too_deeply"),
        (f'[{{"text": "{"长" * 5_000_000}"}}]', "row_too_long"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_with_its_reason(data: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(data, size=65_536)
    assert refused.value.errors[0].code == code


def test_cells_are_as_they_are_written_and_keep_their_kinds() -> None:
    line = (
        '{"_id": {"$oid": "5f1"}, "n": {"$numberLong": "123456789012345678"}, "评价内容": "很好，推荐", "x": 1.50, '
        '"y": 123456789012345678901234567890, "ok": true, "no": null, '
        '"list": [1.0, "二", {"三": null}], "a": {"b": {"c": 1e5}}}'
    )
    file, (row, short) = opened(line + '\n{"评价内容": "不好"}', "a.jsonl", keep_columns=True)
    assert file.columns.names == ("_id", "n", "评价内容", "x", "y", "ok", "no", "list", "a.b.c")
    assert row.cells == (
        *("5f1", "123456789012345678", "1.50", "123456789012345678901234567890", "TRUE", ""),
        *('[1.0, "二", {"三": null}]', "1e5"),
    )
    assert (row.kinds, short.kinds) == ("snsnnbzjn", "zzszzzzzz")
    assert short.cells == ("",) * 8


@pytest.mark.parametrize("by", ["columns", "index", "series"])
def test_names_of_rows_are_a_column_unless_they_only_count(by: str) -> None:
    for names, expected in ((("0", "1"), [None, None]), (("1", "2"), [None, None]), (("501", "502"), ["501", "502"])):
        texts = dict(zip(names, (GOOD, BAD), strict=True))
        document: Any = {"columns": {"评价内容": texts}, "series": texts}.get(by)
        document = document or {name: {"评价内容": found} for name, found in texts.items()}
        assert [(row.text, row.custom_id) for row in read(text(document))] == list(
            zip((GOOD, BAD), expected, strict=True)
        )


def test_members_that_come_later_than_the_first_rows_are_named() -> None:
    data = '{"text": "好"}\n' * 60 + '{"text": "好", "late": 1, "more": {"x": 2}}\n'
    file, rows = opened(data, "a.jsonl")
    (note,) = file.format.notes
    assert (len(rows), note.code, note.facts) == (61, "members_not_read", {"members": ["late", "more.x"]})


def test_backslashes_that_a_database_doubled_are_no_part_of_a_text() -> None:
    good = '{"text" : "第一行\\\\n第二行"}\n'
    broken = '{"text" : "他说\\\\"很好\\\\"，我信了"}\n'
    file, rows = opened(good + broken, "a.jsonl")
    assert [row.text for row in rows] == ["第一行\n第二行", '他说"很好"，我信了']
    assert [(note.code, note.facts) for note in file.format.notes] == [("escapes_undone", {"style": "backslash"})]
    for data, asked in ((good, None), (good + broken + '{"text": "\\"}\n', None), (good + broken, "none")):
        first, *others = read(data, "a.jsonl", escape=asked)
        assert first.text == "第一行\\n第二行", "nothing shows that it is meant otherwise"
        assert all(row.error and row.error.code == "invalid_json" for row in others)
    assert read(good, "a.jsonl", escape="backslash")[0].text == "第一行\n第二行"
    assert read(good, "", NDJSON)[0].text == "第一行\\n第二行"


@pytest.mark.parametrize(
    ("data", "option"),
    [
        ('{"text": "好"}\n', {"has_header": True}),
        ('[{"text": "好"}]', {"header_row": 1}),
        ('[{"text": "好"}]', {"escape": "backslash"}),
        ('{"data": [{"text": "好"}]}', {"delimiter": ";"}),
    ],
)
def test_an_option_that_says_nothing_of_json_is_refused(data: str, option: dict[str, Any]) -> None:
    for name in ("a.json", "a.jsonl"):
        with pytest.raises(InvalidInput) as refused:
            read(data, name, **option)
        assert refused.value.errors[0].code == "option_without_use"


def test_a_map_with_other_names_in_each_row_is_one_cell() -> None:
    data = "".join(
        text({"text": f"第{n}条", "scores": {f"user{n}-{i}": i for i in range(5)}}) + "\n" for n in range(40)
    )
    assert opened(data, "a.jsonl")[0].columns.names == ("text", "scores")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("kind", ["lines", "list", "document"])
def test_other_encodings_are_read_as_well(kind: str, encoding: str) -> None:
    rows = [{"text": GOOD, "id": 1}, {"text": BAD, "id": 2}]
    lines = "".join(text(row) + "\n" for row in rows)
    data = {"lines": lines, "list": text(rows), "document": text({"data": rows}, 2)}[kind].encode(encoding)
    for name, packed in (("a.jsonl", data), ("a.csv", data), ("a.json.gz", gzip.compress(data))):
        assert [(row.text, row.custom_id) for row in read(packed, name, size=1_000)] == [(GOOD, "1"), (BAD, "2")]


def test_rows_of_a_body_run_as_soon_as_they_arrive() -> None:
    taken = []

    def pieces() -> Iterator[bytes]:
        for n in range(5):
            taken.append(n)
            yield f'{{"text": "第{n}条", "label": {n}}}\n'.encode()

    with File(pieces(), Reading(), LIMITS, NDJSON) as file:
        rows = file.rows()
        assert (next(rows).text, len(taken) < 3) == ("第0条", True)
        assert [row.text for row in rows] == [f"第{n}条" for n in range(1, 5)]


@pytest.mark.parametrize("kind", ["a list", "a list in a member", "columns"])
def test_a_body_of_lines_that_is_a_document_is_read_as_one(kind: str) -> None:
    for size in (1, 1_000_000):
        rows = read(text(DOCUMENTS[kind], 2), "", NDJSON, size, text_column=("评价内容",))
        assert [row.text for row in rows] == [GOOD, BAD]


def test_a_long_list_is_never_held_whole() -> None:
    """One row is read after another: 100,000 rows that are made while they are read."""
    row = text({"id": 1, "text": GOOD}).encode()
    pending = Counter[str]()

    def pieces() -> Iterator[bytes]:
        yield b"["
        for n in range(100_000):
            pending["written"] += 1
            yield row + (b"," if n < 99_999 else b"]")

    with File(pieces(), Reading(file_name="a.json"), LIMITS) as file:
        for _ in file.rows():
            pending["read"] += 1
            assert pending["written"] - pending["read"] < 10_000
    assert pending["read"] == 100_000


@pytest.mark.parametrize(
    "data",
    [
        "\n" * 60_000 + text({"text": GOOD}),
        text({"text": "长" * 30_000}) + "\n",
        text([{"text": "长" * 30_000}, {"text": GOOD}]),
        text(["长" * 30_000]) + "\n" * 30_000,
        text({str(n): n for n in range(5_000)}),
    ],
    ids=["blank lines", "a long line", "a long row", "a long list", "many members"],
)
def test_bytes_that_come_one_by_one_are_not_looked_at_again_and_again(data: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(InvalidInput):
        read(data, "", NDJSON, 1)
    assert time.process_time() - begun < 5, "it took a minute when each byte was looked at together with all before"


def test_what_is_no_string_is_no_text_unless_its_column_is_asked_for() -> None:
    lines = '{"text": "好吃"}\n{"text": 5}\n{"text": true}\n{"text": [1]}\n{"text": {"a": 1}}\n'
    found = [row.error.code if row.error else row.text for row in read(lines, "a.jsonl")]
    assert found == ["好吃", "not_a_text", "not_a_text", "not_a_text", "empty_text"]
    asked = [row.error.code if row.error else row.text for row in read(lines, "a.jsonl", text_column=("text",))]
    assert asked == ["好吃", "5", "TRUE", "not_a_text", "empty_text"]


def test_a_body_that_begins_without_a_text_has_ids_all_the_same() -> None:
    lines = 'null\n{"text": null}\n""\n{"text": "好吃"}\n{"text": "难吃", "custom_id": 7}\n'
    rows = read(lines, "", NDJSON, 1)
    assert [(row.text, row.custom_id) for row in rows] == [("", None)] * 3 + [("好吃", None), ("难吃", "7")]


WRITERS = {
    "phpMyAdmin": '[\n{"type":"header","version":"5.2.1","comment":"Export to JSON"},\n'
    '{"type":"database","name":"shop"},\n{"type":"table","name":"reviews","database":"shop","data":\n'
    + text(ROWS)
    + "\n}\n]\n",
    "ClickHouse, names and types": "\n".join(
        map(text, [list(ROWS[0]), ["UInt64", "LowCardinality(String)"], *(list(row.values()) for row in ROWS)])
    ),
    "DynamoDB": "\n".join(
        text({"Item": {"订单号": {"N": str(row["订单号"])}, "评价内容": {"S": row["评价内容"]}}}) for row in ROWS
    ),
    "GraphQL": text(
        {"data": {"reviews": {"edges": [{"node": row} for row in ROWS], "pageInfo": {"hasNextPage": False}}}}
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_about_the_rows_is_no_row(writer: str) -> None:
    for size in (1, 10**6):
        rows = read(WRITERS[writer], size=size)
        assert [(row.text, row.custom_id) for row in rows] == [(row["评价内容"], str(row["订单号"])) for row in ROWS]


FALSE_FRIENDS = (
    *(
        "[微笑]好吃\n[大哭]难吃\n",
        "[1] 好吃\n[2] 难吃\n",
        "[1]\n好吃\n",
        "{微笑}好\n",
        "[12:30] 张三：好的\n",
        "[5星]好吃\n",
    ),
    *(
        '{"a": 1},好\n{"a": 2},坏\n',
        "[1,2],好\n[3,4],坏\n",
        "{'text': '好'}\n",
        '["好"],1\n["坏"],0\n',
        "[INFO] 好\n",
        "[",
        "{",
    ),
    *('"好吃"\n"难吃"\n', "[2024-01-01] 好\n", '["好"]\n物流\n', "{}好\n", "[null\n好\n"),
)


@pytest.mark.parametrize("data", FALSE_FRIENDS)
def test_a_text_with_brackets_is_no_json(data: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be"):
        assert looks_like_json(data.encode(encoding)) is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), JSON_VALUES, min_size=1, max_size=4), st.integers(1, 200))
def test_json_is_known_however_early_it_is_cut_off(value: dict[str, Any], chars: int) -> None:
    for data in (json.dumps([value]), json.dumps({"data": [value]}, indent=1)):
        if len(data[:chars].strip("[{ \n")):
            assert looks_like_json(data[:chars].encode()) == "json"


def mutations(count: int) -> Iterator[tuple[bytes, random.Random]]:
    chance = random.Random(16)
    seeds = [
        text(d, n).encode(e) for d in DOCUMENTS.values() for n in (None, 1) for e in ("utf-8", "gb18030", "utf-16")
    ]
    seeds += [data.encode() for data, _ in FILES.values() if len(data) < 1_000]
    parts = [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b",",
        b":",
        b"\\",
        b"\\ud83d",
        b"null",
        b"NaN",
        b"\0",
        b"\xff",
        b"\n",
        b"\x1e",
    ]
    parts += [b'{"text":', b'"columns":["a"],', b"9" * 5_000, b"[" * 3_000, b'{"a":' * 2_000, b'{"$oid":']
    for _ in range(count):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1)
            other = chance.choice(seeds)
            new = (b"", chance.choice(parts), chance.randbytes(1), other[chance.randrange(len(other)) :])
            data[at : at + chance.choice((0, 1, 20))] = chance.choice(new)
        yield bytes(data), chance


def test_whatever_is_wrong_with_json_has_a_reason() -> None:
    found: Counter[str] = Counter()
    for data, chance in mutations(1_500):
        name = chance.choice(("a.json", "a.jsonl", "a.csv", ""))
        try:
            file, rows = opened(
                data, name, chance.choice(("", NDJSON)), chance.choice((1, 50, 10**6)), keep_columns=True
            )
            found[file.format.format] += 1
            assert all(row.error or row.text.strip() for row in rows)
        except SentiqError as error:
            found[error.errors[0].code if error.errors else error.code] += 1
    assert min(found["json"], found["jsonl"], found["damaged_json"]) > 50, found
