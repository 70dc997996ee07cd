"""A file is looked at, read in another way, and made a job of, without being sent twice."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from openpyxl import Workbook
from redis import Redis

from api.schemas.jobs import ReadingQuery
from sentiq.core.settings import Settings
from tests.support.jobs import stored_input

pytestmark = pytest.mark.stores("redis", "memory")

UPLOADS = "/api/v1/uploads"
TABLE = "编号;评论;日期\n1;味道不错，下次还来;周一\n2;物流太慢;周二\n"


def form(content: bytes, name: str) -> dict[str, object]:
    return {"file": (io.BytesIO(content), name)}


def test_an_upload_shows_how_it_would_be_read(client: FlaskClient) -> None:
    answer = client.post(UPLOADS, data=form(TABLE.encode("gbk"), "评论.csv"))
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{UPLOADS}/{answer.json['id']}")
    found = answer.json
    assert (found["filename"], found["bytes"]) == ("评论.csv", len(TABLE.encode("gbk")))
    format_ = found["format"]
    assert (format_["format"], format_["encoding"], format_["delimiter"]) == ("csv", "gb18030", ";")
    assert (format_["text_column"], format_["id_column"], format_["has_header"]) == ("评论", "编号", True)
    assert [column["name"] for column in found["columns"]] == ["编号", "评论", "日期"]
    assert found["columns"][1]["samples"] == ["味道不错，下次还来", "物流太慢"]
    assert found["preview"][0] == ["1", "味道不错，下次还来", "周一"]


def test_headings_that_come_twice_are_told_apart(client: FlaskClient) -> None:
    made = client.post(UPLOADS, data=form("编号,标题,标题\n1,好,不好\n".encode(), "a.csv")).json
    found = client.get(f"{UPLOADS}/{made['id']}?text_column=3").json["format"]
    assert (found["text_column"], found["text_number"], found["id_number"]) == ("标题", 3, 1)


def test_other_choices_show_another_view(client: FlaskClient) -> None:
    book = Workbook()
    book.create_sheet("第二").append(["甲"])
    out = io.BytesIO()
    book.save(out)
    refused = client.post(f"{UPLOADS}?sheet=1", data=form(out.getvalue(), "book.xlsx"))
    assert refused.json["errors"][0]["code"] == "no_rows", "its first sheet is empty"
    made = client.post(UPLOADS, data=form(out.getvalue(), "book.xlsx")).json
    assert (made["sheets"], made["preview"]) == (["Sheet", "第二"], [["甲"]])
    again = client.get(f"{UPLOADS}/{made['id']}?sheet=第二&has_header=true").json
    assert (again["columns"][0]["name"], again["preview"]) == ("甲", [])


def test_a_job_is_made_of_it(client: FlaskClient, redis: Redis, settings: Settings) -> None:
    upload = client.post(UPLOADS, data=form(TABLE.encode(), "评论.csv")).json["id"]
    asked = {"upload": upload, "text_column": "日期", "keep_columns": True, "priority": "high"}
    dry = client.post("/api/v1/jobs?dry_run=true", json=asked).json
    assert (dry["rows"], dry["format"]["text_column"]) == (2, "日期")
    job = client.post("/api/v1/jobs", json=asked).json
    assert (job["name"], job["lane"], job["options"]["priority"]) == ("评论.csv", "bulk", "high")
    chunk = stored_input(redis, job["id"], 0)
    assert chunk.texts == ("周一", "周二")
    assert chunk.cells == (("1", "味道不错，下次还来"), ("2", "物流太慢"))
    assert client.delete(f"{UPLOADS}/{upload}").status_code == 204
    assert client.post("/api/v1/jobs", json=asked).status_code == 404
    assert client.get(f"/api/v1/jobs/{job['id']}").status_code == 200


@pytest.mark.parametrize(("content", "code"), [(b"", "empty_file"), (b"\x89PNG\r\n", "not_a_table")])
def test_what_cannot_be_read_is_not_kept(client: FlaskClient, redis: Redis, content: bytes, code: str) -> None:
    answer = client.post(UPLOADS, data=form(content, "x.csv"))
    assert answer.json["errors"][0]["code"] == code
    assert list(redis.scan_iter("sentiq:upload:*")) == []


@pytest.mark.parametrize("broken", ["text,\xff\xff\nok,1\n", "text,id\n\xff,1\nok,2\n"])
@pytest.mark.parametrize("path", [UPLOADS, "/api/v1/jobs"])
def test_bytes_that_are_no_characters_are_shown_as_such(client: FlaskClient, path: str, broken: str) -> None:
    """In headings and in cells."""
    query = "?encoding=utf-8&keep_columns=true"
    answer = client.post(path + query, data=broken.encode("latin-1"), content_type="text/csv")
    assert answer.status_code in (201, 202), answer.text
    if path == UPLOADS:
        job = client.post("/api/v1/jobs", json={"upload": answer.json["id"], "encoding": "utf-8"})
        assert job.status_code == 202, job.text
        assert "\N{REPLACEMENT CHARACTER}" in str(answer.json)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"\x11", 422),
        ("好".encode("utf-16-le"), 202),
        (b"a\0\0\xdcb\0", 422),
        ("好\n坏".encode("utf-16") + b"\n", 202),
        ("好".encode("utf-16") + b"\n", 422),
    ],
)
def test_utf_16_without_a_mark_or_with_faults_is_read_as_far_as_it_goes(
    client: FlaskClient, content: bytes, status: int
) -> None:
    """A job is refused if that is no row at all."""
    answer = client.post(f"{UPLOADS}?encoding=utf-16", data=content, content_type="text/csv")
    assert answer.status_code == 201, answer.text
    job = client.post("/api/v1/jobs?encoding=utf-16", data=content, content_type="text/csv")
    assert job.status_code == status, job.text
    assert status == 202 or job.json["errors"][0]["code"] == "no_row_read"


def test_an_upload_says_which_options_its_format_obeys(client: FlaskClient) -> None:
    made = client.post(UPLOADS, data=form('"好"\n{"text": "坏"}\n'.encode(), "a.jsonl")).json
    assert "encoding" in made["options"]
    assert "header_row" not in made["options"], "JSON names its columns itself"
    assert "delimiter" not in made["options"]
    lines = client.post(UPLOADS, data=form("味道不错，下次还来\n物流太慢\n".encode(), "a.txt")).json
    assert lines["options"] == ["encoding", "keep_columns", "null_values"], "it is no table"
    refused = client.get(f"{UPLOADS}/{made['id']}?delimiter=,")
    assert refused.json["errors"][0]["code"] == "option_without_use"
    for name in made["options"]:
        assert name in ReadingQuery.model_fields


def test_options_of_a_form_are_obeyed_and_those_of_a_list_may_come_several_times(client: FlaskClient) -> None:
    fields = {"null_values": ["无", "暂无"], "has_header": "true", "text_column": "", **form(TABLE.encode(), "a.csv")}
    for path, status in ((UPLOADS, 201), ("/api/v1/jobs?dry_run=true", 200)):
        made = client.post(path, data=dict(fields, file=(io.BytesIO(TABLE.encode()), "a.csv")))
        assert made.status_code == status, made.text
        assert made.json["format"]["text_numbers"] == [2]
        twice = client.post(path, data={"has_header": ["true", "false"], **form(TABLE.encode(), "a.csv")})
        assert (twice.status_code, twice.json["errors"][0]["code"]) == (422, "repeated_parameter")
        unknown = client.post(path, data={"header": "true", **form(TABLE.encode(), "a.csv")})
        assert (unknown.status_code, unknown.json["errors"][0]["pointer"]) == (422, "/header")


def test_a_job_of_an_upload_takes_all_metadata_that_are_allowed(client: FlaskClient) -> None:
    upload = client.post(UPLOADS, data=form(TABLE.encode(), "x.csv")).json["id"]
    metadata = {f"{'名' * 60}{n}": "字" * 512 for n in range(16)}  # more than 16 KB of UTF-8
    job = client.post("/api/v1/jobs", json={"upload": upload, "metadata": metadata})
    assert (job.status_code, job.json["metadata"]) == (202, metadata)


def test_uploads_live_for_a_while(client: FlaskClient, redis: Redis, settings: Settings) -> None:
    upload = client.post(UPLOADS, data=form(TABLE.encode(), "x.csv")).json["id"]
    keys = list(redis.scan_iter(f"*{upload}*"))
    assert len(keys) == 2
    assert all(0 < redis.ttl(key) <= settings.upload_ttl_s for key in keys)
    assert client.get(f"{UPLOADS}/upl_none").json["code"] == "upload_not_found"


@pytest.mark.parametrize("how", ["body", "form"])
@pytest.mark.parametrize(
    ("charset", "codec", "code"),
    [
        *(("GBK", "gb18030", None), ("cp936", "gb18030", None), ("utf8", "utf-8", None), ("UTF-16", "utf-16-le", None)),
        *(("gbk", "utf-8", "encoding_contradicted"), ("utf-8", "gb18030", "encoding_contradicted")),
        *(("big5", "gb18030", "encoding_contradicted"), ("klingon", "utf-8", "unknown_encoding")),
    ],
)
def test_a_charset_of_the_content_type_is_obeyed_or_refused(
    client: FlaskClient, how: str, charset: str, codec: str, code: str | None
) -> None:
    """By both ways, and remembered with an upload."""
    kind, data = f"text/csv; charset={charset}", "编号;评论\n1;味道不错，还会再来\n".encode(codec)
    for path in (UPLOADS, "/api/v1/jobs"):
        if how == "form":
            answer = client.post(path, data={"file": (io.BytesIO(data), "a.csv", kind)})
        else:
            answer = client.post(path, data=data, content_type=kind)
        if code is not None:
            assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, code)
            assert answer.json["errors"][0]["pointer"] == "/encoding"
        elif path == UPLOADS:
            assert answer.json["preview"] == [["1", "味道不错，还会再来"]]
            assert client.get(answer.headers["Location"]).json["format"]["encoding"] == codec
        else:
            assert answer.json["file"]["encoding"] == codec


def test_an_encoding_is_named_by_any_label_or_refused_with_those_there_are(client: FlaskClient) -> None:
    data = "编号,评论\n1,味道不错\n".encode("gbk")
    assert client.post(f"{UPLOADS}?encoding=CP936", data=data, content_type="text/csv").status_code == 201
    refused = client.post(f"{UPLOADS}?encoding=klingon", data=data, content_type="text/csv")
    assert refused.status_code == 422
    assert "gb18030" in refused.json["errors"][0]["detail"]
