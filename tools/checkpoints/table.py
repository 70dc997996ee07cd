"""The rows of the tables in docs/models.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.checkpoints.cases import Case

HEAD = ("network", "vocabulary", "weights", "outputs", "torch", "OpenVINO", "ONNX Runtime", "INT8")
REFUSED_HEAD = ("what", "reason that is given")


def described(case: Case) -> tuple[str, ...]:
    """Return what a row says of a checkpoint before its figures."""
    outputs = ", ".join(case.outputs)
    return (case.name, case.vocabulary, case.files, f"{outputs}; `--labels {case.labels}`" if case.labels else outputs)


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def heading(cells: Sequence[str]) -> Iterator[str]:
    yield line(cells)
    yield f"|{'---|' * len(cells)}"


def accepted_lines(cases: Sequence[Case]) -> Iterator[str]:
    """Yield the lines of the table of what is accepted, each when its checkpoint was tried."""
    from tools.checkpoints.compare import compare

    yield from heading(HEAD)
    for case in cases:
        with TemporaryDirectory() as folder:
            found = compare(case, Path(folder))
        figures = [f"{found.differences[name]:.0e}" for name in ("torch", "openvino", "onnx")]
        yield line((*described(case), *figures, f"{found.int8:.0%}"))


def refused_lines() -> Iterator[str]:
    """Yield the lines of the table of what is refused."""
    from tools.checkpoints.refused import REFUSED, reason

    yield from heading(REFUSED_HEAD)
    for what, spoil in REFUSED.items():
        with TemporaryDirectory() as folder:
            yield line((what, reason(spoil, Path(folder) / "checkpoint")))
