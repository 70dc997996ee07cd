"""What the peer of front_door.py does in each of its worker processes; see mosec_server.py, which is the command."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from mosec import Worker
from numpy.typing import NDArray
from tokenizers import Tokenizer

MODEL_VARIABLE = "PEER_MODEL"  #: of the environment: the directory of the model
WARM = "this worker is warm"  #: printed by each worker

STEP = 16  #: widths are multiples of it, in tokens
BATCH_TOKENS = 512  #: of one forward pass at most, padding included; a longer text is alone
# One core a worker, as a child of ours has.
SETTINGS = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}


class Classifier(Worker):
    """Answers `{"text": …}` with the text, its label and its score, and `{"texts": […]}` with a list of such."""

    def __init__(self) -> None:
        super().__init__()
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        directory = Path(os.environ[MODEL_VARIABLE])
        manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
        self._labels, self._pad_id = manifest["labels"], manifest["pad_id"]
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.enable_truncation(manifest["max_tokens"])
        self._request = ov.Core().compile_model(directory / "model.xml", "CPU", SETTINGS).create_infer_request()
        self._warm(manifest["max_tokens"])
        print(WARM, flush=True)

    def forward(self, data: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Classify the texts of a dynamic batch of requests together."""
        asked = [request["texts"] if "texts" in request else [request["text"]] for request in data]
        answers = iter(self._classify(list(chain.from_iterable(asked))))
        documents = [[next(answers) for _ in texts] for texts in asked]
        return [
            {"data": found} if "texts" in request else found[0] for request, found in zip(data, documents, strict=True)
        ]

    def serialize(self, data: Any) -> bytes:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()

    def _classify(self, texts: list[str]) -> list[dict[str, Any]]:
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
        logits = np.empty((len(rows), len(self._labels)), dtype=np.float32)
        for batch, width in cut([len(row) for row in rows]):
            ids = np.full((len(batch), width), self._pad_id, dtype=np.int64)
            mask = np.zeros_like(ids)
            for line, at in enumerate(batch):
                ids[line, : len(rows[at])] = rows[at]
                mask[line, : len(rows[at])] = 1
            logits[batch] = self._run(ids, mask)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        best = probabilities.argmax(axis=1)
        scores = probabilities.max(axis=1).tolist()
        return [
            {"text": text, "label": self._labels[label], "score": score}
            for text, label, score in zip(texts, best, scores, strict=True)
        ]

    def _run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        self._request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
        logits: NDArray[np.float32] = self._request.get_output_tensor().data
        return logits

    def _warm(self, max_tokens: int) -> None:
        """Run every shape that `cut` gives, so that no request waits for kernels to be built."""
        for width in range(widen(max_tokens), 0, -STEP):
            for size in range(max(1, BATCH_TOKENS // width), 0, -1):
                ids = np.full((size, width), self._pad_id, dtype=np.int64)
                self._run(ids, np.ones_like(ids))


def cut(lengths: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """Yield the positions and the width in tokens of each forward pass, the shortest texts first."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * widen(lengths[at]) > BATCH_TOKENS:
            yield batch, widen(lengths[batch[-1]])
            batch = []
        batch.append(at)
    if batch:
        yield batch, widen(lengths[batch[-1]])


def widen(length: int) -> int:
    """Return the width in tokens to which a text of this length is padded."""
    return -(-length // STEP) * STEP
