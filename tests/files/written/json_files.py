"""JSON lines, arrays and documents as libraries and databases write them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.files.case import Case
from tests.files.written.sentences import IDS, TEXTS


def cases() -> Iterator[Case]:
    yield from _lines()
    yield from _documents()


def _lines() -> Iterator[Case]:
    def lines(*objects: Any, ascii_only: bool = False, end: str = "\n") -> str:
        return "".join(json.dumps(one, ensure_ascii=ascii_only) + end for one in objects)

    pairs = list(zip(IDS, TEXTS, strict=True))
    shapes: dict[str, list[Any]] = {
        "our own": [{"text": text, "custom_id": i} for i, text in pairs],
        "numbers as ids": [{"id": int(i), "text": text} for i, text in pairs],
        "further members": [{"id": i, "text": text, "label": 1, "tags": ["a", "b"]} for i, text in pairs],
        "Chinese names": [{"编号": i, "评论内容": text} for i, text in pairs],
        "review_body": [{"review_id": i, "stars": 3, "review_body": text} for i, text in pairs],
        "a label first": [{"label": "正面", "id": i, "content": text} for i, text in pairs],
        "nested": [{"id": int(i), "data": {"text": text}} for i, text in pairs],
        "ids of Mongo": [{"_id": {"$oid": f"{n:024x}"}, "id": i, "comment": text} for n, (i, text) in enumerate(pairs)],
        "strings": list(TEXTS),
    }
    for name, objects in shapes.items():
        ids = None if name in ("strings", "ids of Mongo") else IDS
        yield Case(f"lines of {name}.jsonl", lines(*objects).encode(), TEXTS, ids)
        yield Case(
            f"lines of {name}, escaped.ndjson", lines(*objects, ascii_only=True, end="\r\n").encode(), TEXTS, ids
        )
    own = lines(*shapes["our own"])
    for encoding in ("gb18030", "utf-16", "utf-8-sig"):
        yield Case(f"lines in {encoding}.jsonl", own.encode(encoding), TEXTS, IDS)
    yield Case("lines by another name.txt", own.encode(), TEXTS, IDS)
    yield Case("lines by another name.csv", own.encode(), TEXTS, IDS)
    broken = own + '{"text": "没有写完\n' + '{"text": "很好", "custom_id": "9"}\n'
    yield Case("a broken line.jsonl", broken.encode(), (*TEXTS, "很好"), failed=1)
    missing = own + '{"text": null, "custom_id": "8"}\n{"custom_id": "9"}\n'
    yield Case("missing texts.jsonl", missing.encode(), TEXTS, failed=2)
    wrong = own + '{"text": {"zh": "好"}}\n{"text": ["好"]}\n'
    yield Case("texts that are none.jsonl", wrong.encode(), TEXTS, failed=2)


def _documents() -> Iterator[Case]:
    objects = [{"id": i, "text": text} for i, text in zip(IDS, TEXTS, strict=True)]
    shapes: dict[str, Any] = {
        "objects": objects,
        "objects with numbers": [{"id": int(i), "评论": text} for i, text in zip(IDS, TEXTS, strict=True)],
        "a list under data": {"data": objects, "total": 3},
        "a list under reviews": {"code": 0, "reviews": objects},
        "records of Navicat": {"RECORDS": objects},
        "a frame, split": {"columns": ["id", "text"], "index": [0, 1, 2], "data": [list(o.values()) for o in objects]},
        "a frame, by columns": {k: {str(n): o[k] for n, o in enumerate(objects)} for k in ("id", "text")},
        "a frame, as a table": {"schema": {"fields": [{"name": "id"}, {"name": "text"}]}, "data": objects},
        "hits of a search": {"took": 3, "hits": {"total": 3, "hits": [{"_id": "x", "_source": o} for o in objects]}},
    }
    for name, shape in shapes.items():
        ids = None if name == "hits of a search" else IDS
        may_be_refused = name in ("a frame, by columns", "hits of a search")
        yield Case(
            f"{name}.json", json.dumps(shape, ensure_ascii=False).encode(), TEXTS, ids, may_be_refused=may_be_refused
        )
        yield Case(
            f"{name}, indented.txt", json.dumps(shape, indent=2).encode(), TEXTS, ids, may_be_refused=may_be_refused
        )
    yield Case("strings.json", json.dumps(TEXTS, ensure_ascii=False).encode(), TEXTS)
    yield Case("objects by another name.jsonl", json.dumps(objects, indent=1).encode(), TEXTS, IDS)
    yield Case("objects by another name.csv", json.dumps(objects).encode(), TEXTS, IDS)
    yield Case("objects in gb18030.json", json.dumps(objects, ensure_ascii=False).encode("gb18030"), TEXTS, IDS)
    by_id = {f"r{i}": text for i, text in zip(IDS, TEXTS, strict=True)}
    yield Case("texts by ids.json", json.dumps(by_id).encode(), TEXTS, tuple(by_id))
    yield Case("numbers.json", b"[1, 2, 3]", is_refused=True)
    yield Case("no texts.json", b'[{"id": 1, "price": 2.5}, {"id": 2, "price": 3.5}]', is_refused=True)
    yield Case("an empty array.json", b"[]", is_refused=True)
    yield Case("cut off.json", json.dumps(objects).encode()[:-20], is_refused=True)
    yield Case("nested too deeply.json", b"[" * 5_000 + b"]" * 5_000, is_refused=True)
