"""The weights of a checkpoint by name, from whatever files hold them. A pickle is never allowed to run code."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from sentiq.engine.registry import ModelError
from tools.prepare.files import weight_files

#: Under what training programs save the weights beside their own state.
WRAPPERS = ("state_dict", "model_state_dict", "model")
#: What wrappers of a network put before all its names: DataParallel, torch.compile, Lightning.
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")


def read_weights(directory: Path) -> tuple[Path, dict[str, Tensor]]:
    """Return the file, or the first of several, and all tensors by name; raises ModelError naming the file."""
    paths = weight_files(directory)
    state: dict[str, Tensor] = {}
    for path in paths:
        state |= _tensors(path)
    return paths[0], _bare(state)


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        content = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path} is refused: it is damaged or holds more than tensors, and loading it could run any code;"
            " save the weights again with torch.save(model.state_dict(), …)"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path} cannot be read ({str(error).splitlines()[0]}): fetch or save it again") from error
    if isinstance(content, Mapping) and not _is_state(content):
        content = next((content[key] for key in WRAPPERS if key in content), content)
    if not _is_state(content):
        raise ModelError(f"{path} is not a mapping of names to tensors: save it with torch.save(model.state_dict(), …)")
    return dict(content)


def _is_state(content: Any) -> bool:
    return isinstance(content, Mapping) and all(isinstance(weight, Tensor) for weight in content.values())


def _bare(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Take away what stands before every name."""
    prefix = next((prefix for prefix in PREFIXES if state and all(name.startswith(prefix) for name in state)), None)
    return state if prefix is None else _bare({name.removeprefix(prefix): weight for name, weight in state.items()})
