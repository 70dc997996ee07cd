"""Parquet and Arrow as polars writes them: names, kinds, missing values."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

import polars
import pytest

from api.ingest.files import File
from api.ingest.limits import Limits
from api.ingest.options import Reading
from sentiq.core.errors import InvalidInput

LIMITS = Limits(
    inflated_bytes=10**9, inflate_ratio=10**6, rows=10**6, columns=100, cell_chars=10_000, text_chars=10_000
)
TEXTS = ("味道不错，还会来", "物流太慢，很失望", None)
FRAME = polars.DataFrame(
    {
        "订单号": [123456789012345601, 123456789012345602, 3],
        "评价内容": TEXTS,
        "星": [5.0, 1.5, None],
        "日期": [date(2026, 1, 2), date(2026, 1, 3), None],
        "时间": [datetime(2026, 1, 2, 3, 4, 5), None, None],  # noqa: DTZ001  # as tables have them
        "价": [Decimal("4.50"), None, None],
        "店": [{"城市": "北京", "号": 7}, {"城市": "上海", "号": None}, None],
        "标签": [["好", "快"], [], None],
        "是": [True, False, None],
    }
)


def written(how: str) -> bytes:
    out = io.BytesIO()
    if how == "parquet":
        FRAME.write_parquet(out, row_group_size=2)
    elif how == "arrow":
        FRAME.write_ipc(out, compression="zstd")
    else:
        FRAME.write_ipc_stream(out)
    return out.getvalue()


@pytest.mark.parametrize("how", ["parquet", "arrow", "stream"])
def test_a_frame_comes_with_its_names_and_kinds(how: str) -> None:
    reading = Reading(file_name="a.dat", keep_columns=True, text_column=("评价内容",), id_column="订单号")
    with File(iter([written(how)]), reading, LIMITS) as file:
        assert file.format.format == ("parquet" if how == "parquet" else "arrow")
        assert file.format.columns[-4:] == ("店.城市", "店.号", "标签", "是")
        rows = list(file.rows())
    assert [row.text or None for row in rows] == list(TEXTS)
    assert [row.custom_id for row in rows] == ["123456789012345601", "123456789012345602", "3"]
    cells = (
        "123456789012345601",
        "5",
        "2026-01-02",
        "2026-01-02 03:04:05",
        "4.50",
        "北京",
        "7",
        '["好", "快"]',
        "TRUE",
    )
    assert rows[0].cells == cells
    assert rows[0].kinds == "nsnddnsnsb"
    assert rows[2].error is not None
    assert rows[2].error.code == "empty_text"


@pytest.mark.parametrize("how", ["parquet", "arrow"])
def test_a_damaged_file_is_refused(how: str) -> None:
    data = bytearray(written(how))
    data[len(data) // 3 :] = bytes(len(data) - len(data) // 3)
    with pytest.raises(InvalidInput, match="damaged"), File(iter([bytes(data)]), Reading(), LIMITS) as file:
        list(file.rows())
