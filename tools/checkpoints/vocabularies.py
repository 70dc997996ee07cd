"""Tokenizers of every kind, learned from our own texts and written by the library that people have them from."""

# torch and what goes with it is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tokenizers import ByteLevelBPETokenizer, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AlbertTokenizerFast,
    BertTokenizerFast,
    DebertaV2TokenizerFast,
    PreTrainedTokenizerFast,
    RobertaTokenizerFast,
    XLMRobertaTokenizerFast,
)

from tools.prepare import prove
from tools.prepare.__main__ import CALIBRATION

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SENTENCE_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]

#: Writes the files of a vocabulary into a directory; returns the original tokenizer.
Vocabulary = Callable[[Path], Any]


def corpus() -> list[str]:
    return [*prove.read_texts(CALIBRATION), "Very good, fast delivery! 100% recommended.", "так себе", "とても良い"] * 2


def word_pieces(directory: Path) -> Any:
    """``vocab.txt`` alone, with capital letters."""
    characters = sorted({character for text in corpus() for character in text if not character.isspace()})
    pieces = [*SPECIAL, *characters, *(f"##{character}" for character in characters if character.isalnum())]
    (directory / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    (directory / "tokenizer_config.json").write_text('{"do_lower_case": false, "model_max_length": 512}')
    return BertTokenizerFast.from_pretrained(directory)


def word_pieces_of_the_library(directory: Path) -> Any:
    """All that `save_pretrained` writes of BERT's tokenizer."""
    word_pieces(directory)
    tokenizer = BertTokenizerFast.from_pretrained(directory, do_lower_case=True)
    tokenizer.save_pretrained(directory)
    return tokenizer


def byte_pairs(directory: Path) -> Any:
    """RoBERTa's ``vocab.json`` and ``merges.txt``."""
    learned = ByteLevelBPETokenizer()
    learned.train_from_iterator(corpus(), vocab_size=600, special_tokens=SENTENCE_SPECIAL, show_progress=False)
    learned.save_model(str(directory))
    return RobertaTokenizerFast.from_pretrained(directory)


def byte_pairs_with_brackets(directory: Path) -> Any:
    """ModernBERT's ``tokenizer.json``: bytes in pairs, and the special tokens of BERT."""
    learned = Tokenizer(models.BPE())
    learned.normalizer = normalizers.NFC()
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learned.train_from_iterator(corpus(), trainer)
    learned.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    return _saved(learned, directory, SPECIAL)


def sentence_pieces_alone(directory: Path) -> Any:
    """``tokenizer.json`` with sentence pieces for BERT, as multilingual-e5-small has it."""
    learned = Tokenizer(models.Unigram())
    learned.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    learned.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=2500, special_tokens=SENTENCE_SPECIAL, unk_token="<unk>", show_progress=False
    )
    learned.train_from_iterator(corpus(), trainer)
    learned.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 0), ("</s>", 2)])
    return _saved(learned, directory, SENTENCE_SPECIAL)


def _saved(learned: Tokenizer, directory: Path, special: list[str]) -> Any:
    roles = ("cls_token", "pad_token", "sep_token", "unk_token", "mask_token")
    order = special if special is SENTENCE_SPECIAL else [special[place] for place in (2, 0, 3, 1, 4)]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=learned, **dict(zip(roles, order, strict=True)))
    tokenizer.save_pretrained(directory)
    return tokenizer


def xlm_roberta_model(directory: Path) -> Any:
    """``sentencepiece.bpe.model`` alone, as of XLM-RoBERTa's first release."""
    return XLMRobertaTokenizerFast(str(_sentence_pieces(directory / "sentencepiece.bpe.model")))


def xlm_roberta_of_the_library(directory: Path) -> Any:
    """All that `save_pretrained` writes of XLM-RoBERTa's tokenizer."""
    tokenizer = xlm_roberta_model(directory)
    tokenizer.save_pretrained(directory)
    return tokenizer


def albert_model(directory: Path) -> Any:
    """``spiece.model`` alone, as of ALBERT."""
    path = _sentence_pieces(directory / "spiece.model", user_defined_symbols=["[CLS]", "[SEP]", "[MASK]"], pad_id=3)
    return AlbertTokenizerFast(str(path))


def deberta_model(directory: Path) -> Any:
    """``spm.model`` alone, as of DeBERTa-v3."""
    path = _sentence_pieces(
        directory / "spm.model", pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]",
        eos_piece="[SEP]", unk_piece="[UNK]",
    )  # fmt: skip
    return DebertaV2TokenizerFast(str(path))


def _sentence_pieces(path: Path, **settings: Any) -> Path:
    """Write a model as SentencePiece's own program does."""
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()),
        model_writer=model,
        vocab_size=1500,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
        **settings,
    )
    path.write_bytes(model.getvalue())
    return path


#: What the table calls a vocabulary → what writes it.
VOCABULARIES: Mapping[str, Vocabulary] = {
    "WordPiece, `vocab.txt`": word_pieces,
    "WordPiece, `tokenizer.json`": word_pieces_of_the_library,
    "byte-level BPE, `vocab.json`": byte_pairs,
    "byte-level BPE, `tokenizer.json`": byte_pairs_with_brackets,
    "SentencePiece, `tokenizer.json`": sentence_pieces_alone,
    "SentencePiece, `sentencepiece.bpe.model`": xlm_roberta_model,
    "SentencePiece, XLM-R's `tokenizer.json`": xlm_roberta_of_the_library,
    "SentencePiece, `spiece.model`": albert_model,
    "SentencePiece, `spm.model`": deberta_model,
}
