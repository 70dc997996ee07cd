"""The hub's models that we know, and answers to ids that people bring from elsewhere."""

from __future__ import annotations

import re
from difflib import get_close_matches

from sentiq.engine.registry import ModelError

_SERIES = "iic/nlp_structbert_sentiment-classification_chinese-"
DEFAULT = f"{_SERIES}base"

#: The StructBERT sentiment models → the revision to fetch when none is asked for. Their model cards name no tag, so it
#: is the branch; what is fetched is held down by the commit and checksums that the hub reports.
REVISIONS = {f"{_SERIES}{size}": "master" for size in ("tiny", "base", "large")}

_OWNER_AND_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


def check_model_id(model_id: str) -> None:
    """Raise ModelError, naming the id that was probably meant, unless this can be the id of a model on the hub."""
    if model_id in REVISIONS:
        return
    meant = _meant(model_id)
    if meant:
        raise ModelError(f"{model_id!r} is not the id of a model on the hub; use {meant}")
    if not _OWNER_AND_NAME.fullmatch(model_id):
        raise ModelError(
            f"{model_id!r} is no id of a model on the hub, which is owner/name, such as {DEFAULT}, or hf://owner/name"
            " on that of Hugging Face"
        )


def _meant(model_id: str) -> str:
    """The id that this one stands for, or ""; ids of people's own models are theirs, whatever they are called."""
    owner, _, name = model_id.strip(" /").casefold().rpartition("/")
    if owner not in ("", "damo", "iic"):
        return ""
    ours = f"iic/{name}"  # the makers' models were under damo/ once
    close = get_close_matches(ours, REVISIONS, n=1, cutoff=0.95)
    if close:
        return close[0]
    if ours.startswith(_SERIES):  # there are more of them, for shops' reviews for instance
        return "" if owner == "iic" else ours
    if "structbert" in name and "sentiment" in name:  # the ids of blog posts
        return _SERIES + next((size for size in ("tiny", "large") if size in name), "base")
    return ""
