"""What the processor of this host has, of what decides in which numbers a network is computed."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path

#: Sets of instructions for products of small numbers, in Linux's names: x86-64's, then Arm's.
DECISIVE = (
    "avx2", "avx_vnni", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16", "amx_fp16",
    "asimddp", "asimdhp", "i8mm", "bf16", "sve",
)  # fmt: skip

#: Of x86-64's, those that add such products in 32 bits (VNNI, AMX). Without one of them it is 16 bits, which overflow.
SUMS_OF_32_BITS = frozenset({"avx_vnni", "avx512_vnni", "amx_int8"})

#: The variable by which oneDNN, which OpenVINO computes with, is kept from instructions that the processor has.
LIMIT = "ONEDNN_MAX_CPU_ISA"


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the architecture, its decisive instruction sets, and the limit that is set on them, if one is.

    Only Linux lists instruction sets; elsewhere there is the architecture alone.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    limit = os.environ.get(LIMIT)
    return " ".join([platform.machine(), *_sets(lines), *([f"{LIMIT}={limit}"] if limit else [])])


def has_vnni() -> bool:
    """Tell whether this is a processor of x86-64 on which sums of products of 8-bit numbers do not overflow."""
    return not SUMS_OF_32_BITS.isdisjoint(processor().split())


def _sets(lines: Iterable[str]) -> list[str]:
    for line in lines:
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return [flag for flag in DECISIVE if flag in flags.split()]
    return []
