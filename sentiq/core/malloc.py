"""How the C library keeps memory that was given back."""

from __future__ import annotations

import ctypes

M_ARENA_MAX = -8  #: of glibc's malloc.h


def share_one_arena() -> None:
    """Let all threads allocate from one arena. To be called before any other thread allocates.

    glibc gives each thread an arena, up to eight for each core, and what one has free no other can use. Threads of
    Python take turns at the interpreter anyway. Other C libraries have no arenas, and nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
