"""The one sweep: the numbers and gradients of LayerNorm and projection, at any precision."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck

from healnet.exceptions import FeatureError
from healnet.model.availability import Availability
from healnet.model.chunks import TokenSource, token_source
from healnet.model.config import PositionConfig
from healnet.model.positions import encode_positions
from healnet.model.product import MIN_CHANNELS, MIN_ROWS, multiply, suits_convolution
from healnet.model.projection import FoldedWeights, fold_norm, project_tokens
from healnet.model.tokens import Tokens

POSITIONS = PositionConfig(kind="grid", num_bands=2, max_frequency=4.0)
CODES = 5
PLACES = pytest.mark.parametrize("codes", ["none", "inside", "behind"])


def _source(
    values: Tensor, coords: Tensor | None, is_token: Tensor | None = None, chunk_size: int = 4
) -> TokenSource:
    tokens = Tokens(values, coords=coords, is_token=is_token)
    positions = None if coords is None else POSITIONS
    return token_source(tokens, Availability(None, is_token), positions, chunk_size)


def _random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def _coords(codes: str) -> Tensor | None:
    return None if codes == "none" else _random(2, 7, 1)


def _weights(codes: str, channels: int, columns: int) -> FoldedWeights:
    return FoldedWeights(
        _random(channels, columns).requires_grad_(),
        None if codes == "none" else _random(CODES, columns).requires_grad_(),
        _random(columns).requires_grad_(),
        codes_inside=codes == "inside",
    )


@PLACES
@pytest.mark.parametrize("is_padded", [False, True])
def test_gradients_are_exact(codes: str, is_padded: bool) -> None:
    coords, weights = _coords(codes), _weights(codes, channels=3, columns=4)
    is_token = torch.tensor([[1, 1, 0, 1, 1, 0, 1], [1] * 7]).bool() if is_padded else None
    values = _random(2, 7, 3).requires_grad_()

    def project(values: Tensor, *tensors: Tensor) -> Tensor:
        folded = FoldedWeights(
            tensors[0],
            tensors[2] if len(tensors) > 2 else None,
            tensors[1],
            codes_inside=weights.codes_inside,
        )
        return project_tokens(folded, _source(values, coords, is_token))

    inputs = [values, weights.values, weights.constant]
    inputs += [] if weights.codes is None else [weights.codes]

    assert gradcheck(project, inputs, eps=1e-6, atol=1e-6)


@PLACES
def test_equals_layernorm_and_projection(codes: str) -> None:
    coords, values = _coords(codes), _random(2, 7, 3) + 2
    width = 3 + (CODES if codes == "inside" else 0)
    norm, project = nn.LayerNorm(width).double(), nn.Linear(width, 4, bias=False).double()
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    behind = _random(CODES, 4)
    weight, constant = fold_norm(norm, project)
    codes_weight = {"none": None, "inside": weight[3:], "behind": behind}[codes]
    folded = FoldedWeights(weight[:3], codes_weight, constant, codes_inside=codes == "inside")

    found = project_tokens(folded, _source(values, coords))

    expected = values.flatten(0, 1)
    code = None if coords is None else encode_positions(coords.flatten(0, 1), POSITIONS)
    if codes == "inside":
        expected = torch.cat([expected, code], dim=1)
    expected = project(norm(expected)) + (code @ behind if codes == "behind" else 0)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_no_gradient_of_the_size_of_the_bag_is_made_unless_asked_for() -> None:
    weights, values = _weights("none", channels=3, columns=4), _random(2, 7, 3)

    project_tokens(weights, _source(values, None)).sum().backward()

    assert values.grad is None
    assert weights.values.grad is not None


@pytest.mark.parametrize("chunk_size", [1, 3, 14, 1000])
def test_the_size_of_the_chunks_does_not_matter(chunk_size: int) -> None:
    weights, values, coords = _weights("inside", 3, 4), _random(2, 7, 3), _random(2, 7, 1)

    whole = project_tokens(weights, _source(values, coords))
    pieces = project_tokens(weights, _source(values, coords, chunk_size=chunk_size))

    torch.testing.assert_close(pieces, whole, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("offset", [0.0, 1e2, 1e4])
def test_a_large_common_offset_costs_no_more_than_float32_must(offset: float) -> None:
    values = torch.randn(1, 50, 64) + offset
    norm, project = nn.LayerNorm(64), nn.Linear(64, 8, bias=False)
    folded = FoldedWeights(*_folded(norm, project), codes_inside=False)

    found = project_tokens(folded, _source(values, None))[:, :]

    exact = project.double()(norm.double()(values.double()))[0].float()
    error = (found - exact).abs().max()
    assert error < 3e-6 * max(1.0, offset)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float16, 2e-3), (torch.bfloat16, 2e-2)]
)
def test_short_floats_are_stored_short_and_computed_long(
    dtype: torch.dtype, tolerance: float
) -> None:
    values = torch.randn(1, 3000, 512)
    norm, project = nn.LayerNorm(512), nn.Linear(512, 8, bias=False)
    folded = FoldedWeights(*_folded(norm, project), codes_inside=False)

    short = project_tokens(folded, _source(values.to(dtype), None, chunk_size=1024))

    as_stored = project_tokens(folded, _source(values.to(dtype).float(), None, chunk_size=1024))
    assert short.dtype == torch.float32
    assert torch.equal(short, as_stored)  # nothing is lost but what storing lost
    full = project_tokens(folded, _source(values, None, chunk_size=1024))
    assert (short - full).abs().max() < tolerance


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("where", ["values", "coords"])
def test_a_real_token_that_is_not_finite_is_refused(value: float, where: str) -> None:
    values, coords = _random(2, 7, 3), _random(2, 7, 1)
    (values if where == "values" else coords)[1, 2, 0] = value
    weights = _weights("behind", channels=3, columns=4)

    with pytest.raises(FeatureError, match="NaN or an infinite value"):
        project_tokens(weights, _source(values, coords))


def test_the_bag_is_read_in_place() -> None:
    values = torch.randn(2, 5000, 300)
    source = _source(values, None, chunk_size=4096)

    chunks = [source.read(chunk, torch.float32).values for chunk in source.chunks]

    assert sum(len(chunk) for chunk in chunks) == 10000
    assert all(
        chunk.untyped_storage().data_ptr() == values.untyped_storage().data_ptr()
        for chunk in chunks
    )


def test_long_runs_between_padding_are_read_in_place_too() -> None:
    values, is_token = torch.randn(3, 2000, 8), torch.ones(3, 2000, dtype=torch.bool)
    is_token[0, 700:], is_token[2, 1500:] = False, False

    source = _source(values, None, is_token, chunk_size=4096)

    assert [chunk.source for chunk in source.chunks] == [
        slice(0, 700),
        slice(2000, 5500),
    ]


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("rows", [MIN_ROWS - 1, MIN_ROWS])
def test_both_ways_to_multiply_agree(rows: int) -> None:
    left, right = torch.randn(rows, MIN_CHANNELS), torch.randn(MIN_CHANNELS, 24)

    product = multiply(left, right)

    assert suits_convolution(left) == (rows >= MIN_ROWS)
    assert product.is_contiguous()
    exact = (left.double() @ right.double()).float()
    torch.testing.assert_close(product, exact, rtol=1e-4, atol=1e-4)


def _folded(norm: nn.LayerNorm, project: nn.Linear) -> tuple[Tensor, None, Tensor]:
    with torch.no_grad():
        weight, constant = fold_norm(norm, project)
    return weight.contiguous(), None, constant
