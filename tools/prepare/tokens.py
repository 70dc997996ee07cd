"""The Rust tokenizer of a checkpoint: the one that transformers makes of its files."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import transformers
from tokenizers import Tokenizer, normalizers
from transformers import BertTokenizer
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

from sentiq.engine.registry import ModelError
from tools.prepare.checkpoint import PADDED_POSITIONS, setting
from tools.prepare.files import preprocessor, read_json

#: Any of these is enough to make a tokenizer, byte-level pairs with ``merges.txt``.
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "spm.model", "sentencepiece.bpe.model", "spiece.model")

#: Classes that differ in their names alone.
WORD_PIECES = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer")

#: Tokens that are read of a text unless other numbers are asked for: what a text costs grows with their square.
USUAL_TOKENS = 512
FEWEST_TOKENS = 16


def read_tokenizer(directory: Path, config: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer of the checkpoint, without padding and truncation, which are the engine's.

    Its class is the one that the checkpoint names. Where it names none that this version of transformers has, a
    ``tokenizer.json`` says all there is to say and is taken as it is: the class that transformers would guess from the
    network would change its normaliser and add special tokens of its own. Raises ModelError naming the file.
    """
    if not any((directory / name).exists() for name in VOCABULARIES):
        raise ModelError(
            f"no vocabulary in {directory}: expected {' or '.join(VOCABULARIES)}; copy it from the original model"
        )
    name = class_name(directory, config)
    if name in WORD_PIECES and not (directory / "tokenizer.json").exists():
        check_vocabulary(directory / "vocab.txt")
    tokenizer: Tokenizer
    try:
        if name is None:
            tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        else:
            tokenizer = (
                getattr(transformers, f"{name}Fast").from_pretrained(directory, local_files_only=True)._tokenizer
            )
    except Exception as error:  # the Rust library raises bare Exception
        cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"no tokenizer can be made from the files in {directory}: {cause}") from error
    if is_read_slowly(directory, config):
        # The slow tokenizer composes characters first, the fast one leaves them apart.
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), tokenizer.normalizer])
    tokenizer.no_padding()
    tokenizer.no_truncation()
    entries, rows = tokenizer.get_vocab_size(), setting(config, "vocab_size")
    if entries > rows:
        raise ModelError(
            f"the vocabulary has {entries} entries but config.json says vocab_size {rows}: it is another model's"
        )
    return tokenizer


def class_name(directory: Path, config: Mapping[str, Any]) -> str | None:
    """The class of transformers that reads the vocabulary, without "Fast"; None: ``tokenizer.json`` needs none.

    Raises ModelError where transformers has the class only in Python, or there is no telling.
    """
    settings = directory / "tokenizer_config.json"
    content = read_json(settings) if settings.exists() else {}
    named = content.get("tokenizer_class") or config.get("tokenizer_class") or ""
    name = str(named).removesuffix("Fast")
    if hasattr(transformers, f"{name}Fast"):
        return name
    if (directory / "tokenizer.json").exists():
        model = read_json(directory / "tokenizer.json").get("model")
        has_pieces = isinstance(model, dict) and model.get("type") == "WordPiece"
        return "BertTokenizer" if has_pieces and settings.exists() and not named else None
    if named:
        raise ModelError(
            f"no tokenizer can be made from the files in {directory}: there is no tokenizer.json, and transformers has"
            f" no fast {named}; save the tokenizer as a fast one, or fine-tune with one"
        )
    if (directory / "vocab.txt").exists():
        return "BertTokenizer"
    return str(TOKENIZER_MAPPING_NAMES[config["model_type"]][0])


def is_read_slowly(directory: Path, config: Mapping[str, Any]) -> bool:
    """Whether the vocabulary is a ``vocab.txt`` of BERT's word pieces, of which the slow tokenizer is the original.

    It is ModelScope's, unless ``configuration.json`` says `use_fast`.
    """
    is_fast = preprocessor(directory).get("use_fast") or (directory / "tokenizer.json").exists()
    return not is_fast and class_name(directory, config) in WORD_PIECES


def check_vocabulary(path: Path) -> None:
    """Raises ModelError when a special token is missing: its id would lie beyond the network's embeddings."""
    try:
        entries = set(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise ModelError(f"no readable {path}: {error.strerror}; copy it from the original model") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{path} is not UTF-8 ({error}): fetch it again") from error
    missing = [token for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if token not in entries]
    if missing:
        raise ModelError(f"{path} lacks {', '.join(missing)}: it is damaged or no BERT vocabulary; fetch it again")


def pad_id(tokenizer: Tokenizer, config: Mapping[str, Any]) -> int:
    """The id of padding: where a network counts positions by it, it is the network's word that counts."""
    if config["model_type"] not in PADDED_POSITIONS:
        for token in ("[PAD]", "<pad>"):
            named = tokenizer.token_to_id(token)
            if named is not None:
                return int(named)
    return int(setting(config, "pad_token_id") or 0)


def max_tokens(config: Mapping[str, Any]) -> int:
    """The longest input in tokens that the network has positions for."""
    positions = int(setting(config, "max_position_embeddings"))
    return (
        positions - int(setting(config, "pad_token_id")) - 1 if config["model_type"] in PADDED_POSITIONS else positions
    )


def tokens_read(directory: Path, config: Mapping[str, Any], asked: int = 0) -> int:
    """The tokens that are read of a text: `asked`, else as many as the checkpoint's own library reads, at most 512.

    ModelScope's pipeline reads the `max_length` of ``configuration.json``, else 512; that of transformers the
    `model_max_length` of ``tokenizer_config.json``. Raises ModelError for a number that cannot be.
    """
    most = max_tokens(config)
    if asked:
        where, number = "--max-tokens", asked
        if number > most:
            raise ModelError(f"--max-tokens: the network has positions for {most} tokens; ask for no more")
    elif (directory / "configuration.json").exists():
        where, number = "configuration.json, max_length", preprocessor(directory).get("max_length") or USUAL_TOKENS
    elif (directory / "tokenizer_config.json").exists():
        content = read_json(directory / "tokenizer_config.json")
        where, number = "tokenizer_config.json, model_max_length", content.get("model_max_length") or USUAL_TOKENS
    else:
        where, number = "", USUAL_TOKENS
    if not isinstance(number, int | float) or number < FEWEST_TOKENS:
        raise ModelError(f"{where}: {number!r} is no number of tokens from {FEWEST_TOKENS} up")
    return int(min(number, most, asked or USUAL_TOKENS))


def check_against_slow(
    directory: Path, config: Mapping[str, Any], tokenizer: Tokenizer, texts: list[str]
) -> int | None:
    """Compare with transformers' slow BertTokenizer; return the number of texts, or None where it is not the measure.

    It is for word pieces in a ``vocab.txt``, which ModelScope's pipeline reads with it. Raises ModelError with the
    first text of which the ids differ.
    """
    if not is_read_slowly(directory, config):
        return None
    slow = BertTokenizer.from_pretrained(directory, local_files_only=True)
    for text in texts:
        if tokenizer.encode(text).ids != slow(text, verbose=False)["input_ids"]:
            raise ModelError(f"the tokenizer made from vocab.txt gives other ids than BertTokenizer for {text!r}")
    return len(texts)
