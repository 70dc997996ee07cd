"""How a text is read that is longer than the model reads."""

from __future__ import annotations

from typing import Literal

#: sentiq/engine/long_texts.py explains each value. It has them for itself, since the engine knows nothing of the
#: service; a test holds both equal.
LongTexts = Literal["truncate", "head_tail", "windows"]
