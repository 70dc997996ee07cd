"""The Rust tokenizer of a checkpoint, proven to give the ids of the slow one that ModelScope's pipeline uses."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.normalizers import NFC, Sequence
from transformers import BertTokenizer, BertTokenizerFast, RobertaTokenizerFast

from sentiq.engine.registry import ModelError
from tools.prepare.labels import read_json

#: Files of which one is needed, for each kind of network.
VOCABULARIES = {"bert": ("tokenizer.json", "vocab.txt"), "roberta": ("tokenizer.json", "vocab.json")}


def read_tokenizer(directory: Path, config: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer of the checkpoint, without padding and truncation, which are the engine's.

    Made from ``tokenizer.json`` where there is one, otherwise from ``vocab.txt`` (BERT) or ``vocab.json`` and
    ``merges.txt`` (RoBERTa), with the settings of ``tokenizer_config.json``. A ``tokenizer.json`` that comes without
    these settings, or has no word pieces but SentencePiece's, is taken as it is: the classes of transformers would
    change its normaliser and add special tokens of their own. Raises ModelError naming the file.
    """
    kind = config["model_type"]
    if not any((directory / name).exists() for name in VOCABULARIES[kind]):
        expected = " or ".join(VOCABULARIES[kind])
        raise ModelError(f"no vocabulary in {directory}: expected {expected}; copy it from the original model")
    if kind == "bert" and not (directory / "tokenizer.json").exists():
        check_vocabulary(directory / "vocab.txt")
    make = BertTokenizerFast if kind == "bert" else RobertaTokenizerFast
    tokenizer: Tokenizer
    try:
        if is_whole(directory):
            tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        else:
            tokenizer = make.from_pretrained(directory, local_files_only=True).backend_tokenizer
    except Exception as error:  # the Rust library raises bare Exception
        raise ModelError(f"no tokenizer can be made from the files in {directory}: {error}") from error
    if kind == "bert" and not (directory / "tokenizer.json").exists():
        # The slow tokenizer composes characters first, the fast one leaves them apart.
        tokenizer.normalizer = Sequence([NFC(), tokenizer.normalizer])
    tokenizer.no_padding()
    tokenizer.no_truncation()
    entries = tokenizer.get_vocab_size()
    rows = config.get("vocab_size", 30522 if kind == "bert" else 50265)
    if entries > rows:
        raise ModelError(
            f"the vocabulary has {entries} entries but config.json says vocab_size {rows}: it is another model's"
        )
    return tokenizer


def is_whole(directory: Path) -> bool:
    """Whether ``tokenizer.json`` says all there is to say of the tokenizer."""
    path = directory / "tokenizer.json"
    if not path.exists():
        return False
    model = read_json(path).get("model")
    return not (directory / "tokenizer_config.json").exists() or (
        isinstance(model, dict) and model.get("type") == "Unigram"
    )


def check_vocabulary(path: Path) -> None:
    """Raises ModelError when a special token is missing: its id would lie beyond the network's embeddings."""
    try:
        entries = set(path.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError as error:
        raise ModelError(f"{path} is not UTF-8 ({error}): fetch it again") from error
    missing = [token for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if token not in entries]
    if missing:
        raise ModelError(f"{path} lacks {', '.join(missing)}: it is damaged or no BERT vocabulary; fetch it again")


def pad_id(tokenizer: Tokenizer, config: Mapping[str, Any]) -> int:
    """The id of padding: RoBERTa counts positions by it, so it is the network's word that counts."""
    named = tokenizer.token_to_id("[PAD]") if config["model_type"] == "bert" else None
    return int(config.get("pad_token_id", 0 if config["model_type"] == "bert" else 1) if named is None else named)


def max_tokens(config: Mapping[str, Any]) -> int:
    """The longest input in tokens. RoBERTa's positions start after the id of padding."""
    positions = int(config.get("max_position_embeddings", 512))
    return positions if config["model_type"] == "bert" else positions - int(config.get("pad_token_id", 1)) - 1


def check_against_slow(directory: Path, tokenizer: Tokenizer, texts: list[str]) -> int | None:
    """Compare with transformers' slow BertTokenizer; return the number of texts, or None where it is not the measure.

    It is for a checkpoint with a ``vocab.txt`` and no ``tokenizer.json`` of its own. Raises ModelError with the first
    text of which the ids differ.
    """
    if (directory / "tokenizer.json").exists() or not (directory / "vocab.txt").exists():
        return None
    slow = BertTokenizer.from_pretrained(directory, local_files_only=True)
    for text in texts:
        if tokenizer.encode(text).ids != slow(text, verbose=False)["input_ids"]:
            raise ModelError(f"the tokenizer made from vocab.txt gives other ids than BertTokenizer for {text!r}")
    return len(texts)
