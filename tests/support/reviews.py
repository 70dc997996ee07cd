"""An answered job of invented reviews of a shop, in which complaints were planted."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sentiq.aspects.sets import AspectSet, parse_set
from sentiq.jobs.dates import minutes_of
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import AspectOutcome, FileFormat, InputChunk, JobOptions, Outcome, RowError
from tests.support.jobs import answer_chunk, create_job

ASPECTS = parse_set(
    {
        "id": "shop-of-tests",
        "aspects": [
            {"name": "质量", "words": ["裂缝", "做工"]},
            {"name": "物流", "words": ["快递", "送货"]},
            {"name": "客服", "words": ["客服"]},
            {"name": "<价格>", "words": ["价钱"]},
        ],
    }
)
FILE = FileFormat(
    *("评论.csv", "csv"),
    text_column="评论",
    text_number=2,
    columns=("店铺", "评论", "日期", "单号"),
    date_column="日期",
    date_number=3,
)
BAD, GOOD = 0.93, 0.08  #: how sure it is that this is negative
MARKUP = '<script>alert("x")</script> & 客服已读不回'
#: The aspect, what is said of it, whether this is bad, and by how many of 600 rows.
SAID = (
    (1, "快递太慢了", BAD, 130),  # the planted complaint
    (1, "送货上门很及时", GOOD, 40),
    (0, "边上有裂缝", BAD, 60),
    (0, "做工精细耐看", GOOD, 150),
    (2, "客服已读不回", BAD, 25),
    (2, "客服耐心解答", GOOD, 35),
    (3, "价钱公道实惠", GOOD, 80),
    (None, "其他没什么可说", GOOD, 80),
)
SHOPS = ("南山店", "福田店", "宝安店")
COMMON = ("周末在网上下的单", "朋友也有一台", "颜色和图片一样", "放在客厅里用", "给家里长辈买的", "第二次来这家买")
START = datetime(2024, 1, 1)  # noqa: DTZ001  # as a file has it
WEEKS, WORSE_FROM = 16, 10  #: three of them are those in which parcels are late
CHUNK = 100


def reviewed(
    store: JobStore, bulk: BulkLane, *, aspects: AspectSet | None = ASPECTS, file: FileFormat | None = FILE
) -> str:
    """Make a job of these reviews, and answer it; one row fails. Return its id."""
    dice = random.Random(7)
    rows = [said[:3] for said in SAID for _ in range(said[3])]
    dice.shuffle(rows)
    texts, cells, when, outcomes = [], [], [], []
    for number, (aspect, said, negative) in enumerate(rows):
        before = "，".join(dice.sample(COMMON, 2)) + "，"
        text = MARKUP if said in MARKUP and MARKUP not in texts else f"{before}{said}。"
        start = text.index(said)
        texts.append(text)
        cells.append((dice.choice(SHOPS), "", str(number)))
        is_late = aspect == 1 and negative == BAD
        week = WORSE_FROM + dice.randrange(3) if is_late else dice.randrange(WEEKS)
        when.append(minutes_of(START + timedelta(weeks=week, hours=dice.randrange(7 * 24))))
        surely = negative + dice.random() / 20
        answer = surely, 1 - surely
        mentions = (
            () if aspect is None or aspects is None else (AspectOutcome(aspect, answer, start, start + len(said)),)
        )
        outcomes.append(Outcome(answer, aspects=mentions))
    outcomes[0] = Outcome(error=RowError("inference_failed", "why"))
    chunks = [
        InputChunk(
            first,
            tuple(texts[first : first + CHUNK]),
            cells=tuple(cells[first : first + CHUNK]) if file else None,
            when=tuple(when[first : first + CHUNK]) if file else None,
        )
        for first in range(0, len(texts), CHUNK)
    ]
    options = JobOptions(
        name="<三月> 评论.csv", keep_columns=file is not None, aspects=aspects.dumps() if aspects else ""
    )
    job, issued = create_job(store, *chunks, options=options, file=file)
    while issued:
        ref = issued.pop(0)
        issued += answer_chunk(bulk, ref, outcomes[ref.chunk_no * CHUNK :][: ref.rows])
    return job.id
