"""The table of a storm, and the same as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from tests.storm.client import Ledger
from tests.storm.conductor import Recovery
from tests.storm.plan import KINDS, Plan
from tests.storm.verify import Verdict


def document(
    plan: Plan,
    recoveries: Sequence[Recovery],
    verdict: Verdict,
    ledger: Ledger,
    requests_s: Sequence[float],
    took_s: float,
) -> dict[str, Any]:
    """Everything worth keeping."""
    return {
        "seed": plan.seed,
        "took_s": round(took_s, 1),
        "faults": len(plan.faults),
        "kinds": {kind: _kind(found) for kind in KINDS if (found := [r for r in recoveries if r.fault.kind == kind])},
        "requests_s": _figures(requests_s),
        "answers": dict(ledger.answers),
        "verdict": asdict(verdict),
    }


def _kind(found: Sequence[Recovery]) -> dict[str, Any]:
    answers = [r.answers_s for r in found if r.answers_s is not None]
    whole = [r.whole_s for r in found if r.whole_s is not None]
    return {
        "count": len(found),
        "not_mended": sum(r.answers_s is None or r.whole_s is None for r in found),
        "answers_s": _figures(answers),
        "whole_s": _figures(whole),
    }


def _figures(seconds: Sequence[float]) -> dict[str, float] | None:
    return {"median": round(median(seconds), 2), "max": round(max(seconds), 2)} if seconds else None


def markdown(result: dict[str, Any]) -> str:
    """For people and for docs."""
    lines = [
        f"Seed {result['seed']}: {result['faults']} faults in {result['took_s'] / 60:.0f} minutes.",
        "",
        "| fault | count | answers again, s: median | max | full strength, s: median | max |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for kind, found in result["kinds"].items():
        cells = [_cell(found[name], figure) for name in ("answers_s", "whole_s") for figure in ("median", "max")]
        lines.append(f"| {kind} | {found['count']} | {' | '.join(cells)} |")
    verdict = result["verdict"]
    lines += [
        "",
        f"{verdict['jobs']:,} jobs accepted, {verdict['rows']:,} rows answered, "
        f"{verdict['failed_as_marked']} of them marked to fail, and so they did, {verdict['without_text']} without a "
        f"text; {verdict['interrupted_uploads']} uploads broke and were sent anew.",
        f"What the clients met: {', '.join(f'{n:,} × {name}' for name, n in sorted(result['answers'].items()))}.",
        f"Wrong: {', '.join(f'{count} {what}' for what, count in _wrong(verdict['wrong']).items())}.",
        *(f"- {what}" for what in verdict["wrong"][:50]),
    ]
    return "\n".join(lines)


def _wrong(wrong: Sequence[str]) -> Counter[str]:
    """How much of what, also of the worst that was not met."""
    counts = Counter(dict.fromkeys(("lost", "doubled", "mixed up", "unmarked failed", "stuck", "left over"), 0))
    counts.update(what.partition(":")[0] for what in wrong)
    return counts


def _cell(figures: dict[str, float] | None, name: str) -> str:
    return "-" if figures is None else f"{figures[name]:.1f}"
