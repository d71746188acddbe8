"""A weight file is loaded whole and unchanged, or not at all."""

import json
import struct
from collections.abc import Callable

import pytest
import torch

from healnet.bundle.weights import as_stored, pack_weights, unpack_weights
from healnet.exceptions import BundleError


def raw(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def entry(first: int, last: int, *, shape: list[int] | None = None) -> dict[str, object]:
    shape = [(last - first) // 4] if shape is None else shape
    return {"dtype": "F32", "shape": shape, "data_offsets": [first, last]}


GOOD = pack_weights({"w": torch.arange(4.0), "n": torch.arange(3)})
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "FORMAT"),
    "pickle": (lambda: b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os", "FORMAT"),
    "zip of torch.save": (lambda: b"PK\x03\x04" + bytes(60), "FORMAT"),
    "cut by three bytes": (lambda: GOOD[:-3], "CUT"),
    "bytes after the end": (lambda: GOOD + b"xxxx", "TAIL"),
    "too many tensors": (
        lambda: raw({f"t{i}": entry(0, 0) for i in range(10_001)}),
        "COUNT",
    ),
    "overlap": (lambda: raw({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)), "OVERLAP"),
    "gap": (lambda: raw({"a": entry(0, 8), "b": entry(12, 16)}, bytes(16)), "GAP"),
    "same key twice": (
        lambda: raw(b'{"a":%b,"a":%b}' % ((json.dumps(entry(0, 4)).encode(),) * 2), bytes(4)),
        "TWICE",
    ),
    "shape and bytes differ": (lambda: raw({"a": entry(0, 8, shape=[5])}, bytes(8)), "FORMAT"),
    "negative shape": (lambda: raw({"a": entry(0, 8, shape=[-1, -2])}, bytes(8)), "FORMAT"),
    "shape is text": (
        lambda: raw({"a": {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]}}, bytes(8)),
        "FORMAT",
    ),
    "header is a list": (lambda: raw([1, 2]), "FORMAT"),
    "header is nested too deeply": (lambda: raw(b"[" * 100_000), "FORMAT"),
    "a number of 5000 digits": (lambda: raw(b'{"a":' + b"9" * 5000 + b"}"), "FORMAT"),
    "header longer than the file": (lambda: struct.pack("<Q", 2**40) + b"{}", "FORMAT"),
    "not a number": (lambda: pack_weights({"w": torch.tensor([1.0, torch.nan])}), "NAN"),
    "infinite": (lambda: pack_weights({"w": torch.tensor([torch.inf])}), "NAN"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_damaged_file_is_refused_by_name(name: str) -> None:
    make, code = REFUSED[name]

    with pytest.raises(BundleError) as refusal:
        unpack_weights(make())

    assert refusal.value.code == f"MODEL-WEIGHTS-{code}"


def test_what_is_packed_comes_back_bit_by_bit() -> None:
    weights = {"a": torch.randn(3, 5), "b": torch.randn(2).half(), "c": torch.arange(6)}

    back = unpack_weights(pack_weights(weights))

    assert back.keys() == weights.keys()
    assert all(torch.equal(back[name], weights[name]) for name in weights)


def test_a_weight_beyond_half_precision_is_named() -> None:
    with pytest.raises(BundleError, match="70000") as refusal:
        as_stored(torch.tensor([1.0, 7e4]), dtype=torch.float16)

    assert refusal.value.code == "MODEL-WEIGHTS-RANGE"
