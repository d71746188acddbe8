"""Weights in safetensors: the header is checked before anything is loaded from it."""

import json
import math
import struct
from collections.abc import Mapping

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from healnet.exceptions import BundleError

MAX_BYTES = 4 * 1024**3
MAX_TENSORS = 10_000
MAX_HEADER_BYTES = 10 * 1024**2
_ITEM_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F16": 2, "BF16": 2, "I32": 4, "F32": 4, "I64": 8, "F64": 8,
}  # fmt: skip
_LENGTH_BYTES = 8


def pack_weights(tensors: Mapping[str, Tensor]) -> bytes:
    """Return tensors as the bytes of a safetensors file."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(plain)


def unpack_weights(content: bytes, *, where: str = "model.safetensors") -> dict[str, Tensor]:
    """Return the tensors of a safetensors file after checking its header.

    Args:
        content: Every byte of the file.
        where: Name of the file, for messages.

    Raises:
        BundleError: ``MODEL-WEIGHTS-...`` if the file is not safetensors, cut short, too big,
            names a tensor twice, lets tensors overlap, or holds a value that is not finite.
    """
    start, header = _read_header(content, where)
    _check_spans(header, length=len(content) - start, where=where)
    try:
        tensors = safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError) as error:
        raise _refusal("FORMAT", "the weight file cannot be read", where) from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise _refusal("NAN", f"tensor {name!r} holds values that are not numbers", where)
    return tensors


def _read_header(content: bytes, where: str) -> tuple[int, dict[str, object]]:
    if len(content) > MAX_BYTES:
        raise _refusal("SIZE", f"the file is larger than {MAX_BYTES} bytes", where)
    if len(content) < _LENGTH_BYTES:
        raise _refusal("FORMAT", "this is not a safetensors file", where)
    (length,) = struct.unpack("<Q", content[:_LENGTH_BYTES])
    if length > MAX_HEADER_BYTES or length > len(content) - _LENGTH_BYTES:
        raise _refusal("FORMAT", "this is not a safetensors file, or it is cut short", where)
    text = content[_LENGTH_BYTES : _LENGTH_BYTES + length]
    try:
        header = json.loads(text, object_pairs_hook=without_repeats)
    except (ValueError, RecursionError) as error:
        raise _refusal("FORMAT", "this is not a safetensors file", where) from error
    except KeyError as error:
        raise _refusal("TWICE", f"tensor {error.args[0]!r} is listed twice", where) from error
    if not isinstance(header, dict):
        raise _refusal("FORMAT", "this is not a safetensors file", where)
    header.pop("__metadata__", None)
    if len(header) > MAX_TENSORS:
        raise _refusal("COUNT", f"{len(header)} tensors; at most {MAX_TENSORS}", where)
    return _LENGTH_BYTES + length, header


def without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the names and values of a JSON object; a name that stands twice is a KeyError."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise KeyError(name)
        found[name] = value
    return found


def _check_spans(header: Mapping[str, object], *, length: int, where: str) -> None:
    spans = sorted(_span(name, entry, where) for name, entry in header.items())
    end = 0
    for first, last, name in spans:
        if first < end:
            raise _refusal("OVERLAP", f"tensor {name!r} overlaps another one", where)
        if first > end:
            raise _refusal("GAP", f"unused bytes before tensor {name!r}", where)
        end = last
    if end > length:
        raise _refusal("CUT", "the weight file is cut short", where)
    if end < length:
        raise _refusal("TAIL", f"{length - end} bytes that no tensor covers", where)


def _span(name: str, entry: object, where: str) -> tuple[int, int, str]:
    try:
        dtype, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]  # type: ignore[index]
        size = math.prod(shape) * _ITEM_BYTES[dtype]
        whole = all(type(number) is int and number >= 0 for number in (first, last, *shape))
    except (KeyError, TypeError, ValueError) as error:
        raise _refusal("FORMAT", f"tensor {name!r} is described wrongly", where) from error
    if not whole or last - first != size:
        raise _refusal("FORMAT", f"tensor {name!r} is described wrongly", where)
    return first, last, name


def _refusal(code: str, what: str, where: str) -> BundleError:
    return BundleError(
        what,
        code=f"MODEL-WEIGHTS-{code}",
        where=where,
        why="a model is loaded whole and unchanged, or not at all",
        fix="copy the model folder again, or train it again; weights are .safetensors files",
    )


def as_stored(tensor: Tensor, *, dtype: torch.dtype) -> Tensor:
    """Return a floating tensor rounded to the precision in which it will be stored."""
    if not tensor.is_floating_point():
        return tensor
    stored = tensor.to(dtype)
    if not bool(torch.isfinite(stored).all()):
        largest = float(np.float32(tensor.abs().max().item()))
        raise BundleError(
            f"a weight of {largest:g} does not fit into {dtype}",
            code="MODEL-WEIGHTS-RANGE",
            fix="store the weights as float32",
        )
    return stored
