"""The three values that a parent and its children share: one page of memory, mapped before the first fork."""

from __future__ import annotations

import ctypes
import mmap


class Shared(ctypes.Structure):
    """Each value has one kind of writer at a time, so that no lock is needed."""

    _fields_ = (
        ("generation", ctypes.c_uint64),  # the parent: how many times it has replaced all children
        ("unproven", ctypes.c_uint64),  # children: how many in a row began their proof without passing it
        ("degraded", ctypes.c_bool),  # the parent: a smaller model answers jobs that name no model
    )

    generation: int
    unproven: int
    degraded: bool


#: The values of this worker. This module must be imported before the first fork.
shared = Shared.from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
