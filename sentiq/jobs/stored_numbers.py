"""How numbers are stored: probabilities as whole ones, arrays in one byte order on any machine."""

from __future__ import annotations

import array
import sys
from collections.abc import Iterable

SCALE = 65_535  #: probability 1.0 as uint16


def scaled(probabilities: Iterable[float]) -> array.array[int]:
    """Return probabilities in units of 1/65,535: an error of at most 8e-6."""
    return array.array("H", [round(p * SCALE) for p in probabilities])


def packed(numbers: array.array[int]) -> bytes:
    """Return numbers as little-endian bytes."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def unpacked(code: str, data: bytes) -> array.array[int]:
    """Return what `packed` was given. `code` is that of the array: H for uint16, I for uint32."""
    numbers = array.array(code, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
