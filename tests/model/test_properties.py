"""Properties of the network, each over 200 random networks and batches.

Modalities are drawn from slides, tables, series, volumes and plain sets; every switch of the
configuration varies; padding and absence are part of every batch.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from healnet.exceptions import ModalityError, ShapeError
from healnet.model.availability import check_tokens
from healnet.model.chunks import plan_chunks
from healnet.model.healnet import HealNetOutput
from healnet.model.readout import read_attention, rollout
from healnet.model.tokens import Tokens
from tests.model.plain_network import plain_logits
from tests.model.random_nets import (
    Draw,
    RandomCase,
    one_patient,
    poisoned,
    random_case,
    real,
)

Property = Callable[..., None]


def over_random_cases_with_types(prove: Property) -> Property:
    return settings(max_examples=200)(given(seed=st.integers(0, 2**32 - 1))(prove))


def over_random_cases(prove: Property) -> Property:
    """As above, without the run-time shape types, which take half of the time."""
    return pytest.mark.usefixtures("without_types")(over_random_cases_with_types(prove))


@pytest.fixture
def without_types() -> Iterator[None]:
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@over_random_cases_with_types
def test_equals_the_plain_equations_patient_by_patient(seed: int) -> None:
    case = random_case(seed)

    logits = case.model(case.tokens).logits

    for row in range(case.batch_size):
        expected = plain_logits(case.model, one_patient(case.tokens, row))
        torch.testing.assert_close(logits[row], expected, rtol=1e-9, atol=1e-9)


@over_random_cases
def test_a_mixed_batch_equals_its_patients_one_by_one(seed: int) -> None:
    case = random_case(seed, batch_size=3)

    together = case.model(case.tokens)

    for row in range(3):
        alone = case.model(one_patient(case.tokens, row))
        torch.testing.assert_close(together.logits[row], alone.logits[0], rtol=1e-9, atol=1e-9)


@over_random_cases
def test_an_absent_modality_is_bit_for_bit_the_identity_for_that_patient(seed: int) -> None:
    case = random_case(seed, dtype=torch.float32, batch_size=3)
    first, *others = case.tokens
    lacking = torch.tensor([False, True, True])
    tokens = {first: replace(case.tokens[first], present=lacking)}
    tokens |= {name: replace(case.tokens[name], present=None) for name in others}

    mixed = case.model(tokens)

    never_came = case.model({name: tokens[name] for name in others})
    assert torch.equal(mixed.logits[0], never_came.logits[0])
    assert torch.equal(mixed.latents[0], never_came.latents[0])
    assert not torch.equal(mixed.latents[1], never_came.latents[1])


@over_random_cases
def test_garbage_under_the_mask_changes_no_bit(seed: int) -> None:
    case = random_case(seed, dtype=torch.float32)
    dirty = {name: poisoned(one, Draw(seed)) for name, one in case.tokens.items()}

    clean = case.model(case.tokens, need_attention=seed % 2 == 0)
    found = case.model(dirty, need_attention=seed % 2 == 0)

    assert torch.equal(found.logits, clean.logits)
    assert torch.equal(found.latents, clean.latents)
    for ours, theirs in zip(found.attention, clean.attention, strict=True):
        assert torch.equal(ours.weights, theirs.weights)


@over_random_cases
def test_garbage_under_the_mask_reaches_no_gradient(seed: int) -> None:
    case = random_case(seed, dtype=torch.float32)
    dirty = {name: poisoned(one, Draw(seed)) for name, one in case.tokens.items()}

    gradients = []
    for tokens in (case.tokens, dirty):
        case.model.zero_grad()
        case.model(tokens).logits.square().sum().backward()
        gradients.append([_gradient(one) for one in case.model.parameters()])

    for ours, theirs in zip(*gradients, strict=True):
        assert torch.equal(ours, theirs)


@over_random_cases
def test_token_order_permutes_attention_and_nothing_else(seed: int) -> None:
    case = random_case(seed)
    name = next(name for name in case.tokens if name not in ("rna", "clinical"))
    before = case.tokens[name]
    order = torch.randperm(before.num_tokens, generator=Draw(seed).generator)
    after = replace(
        before,
        values=before.values[:, order],
        coords=None if before.coords is None else before.coords[:, order],
        is_token=None if before.is_token is None else before.is_token[:, order],
    )

    first = case.model(case.tokens, need_attention=True)
    second = case.model({**case.tokens, name: after}, need_attention=True)

    torch.testing.assert_close(second.logits, first.logits, rtol=1e-9, atol=1e-9)
    for ours, theirs in zip(second.attention, first.attention, strict=True):
        expected = theirs.weights[..., order] if ours.modality == name else theirs.weights
        torch.testing.assert_close(ours.weights, expected, rtol=1e-9, atol=1e-9)


@over_random_cases
def test_fused_explicit_and_chunked_agree(seed: int) -> None:
    case = random_case(seed)

    fused = case.model(case.tokens)
    explicit = case.model(case.tokens, need_attention=True)

    torch.testing.assert_close(fused.logits, explicit.logits, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(fused.latents, explicit.latents, rtol=1e-9, atol=1e-9)
    name = str(Draw(seed).pick(*case.tokens))
    chunked = read_attention(case.model, case.tokens, name, chunk_size=3)
    for found in explicit.attention:
        if found.modality == name:
            expected = found.weights.mean(dim=2)
            torch.testing.assert_close(chunked[:, found.layer], expected, rtol=1e-9, atol=1e-9)


@over_random_cases
def test_weights_sum_to_one_over_real_tokens_and_are_zero_elsewhere(seed: int) -> None:
    case = random_case(seed)

    output = case.model(case.tokens, need_attention=True)

    assert len(output.attention) == case.model.config.depth * len(_came(case.tokens))
    for _, name, weights in output.attention:
        one = case.tokens[name]
        has_it = real(one).any(dim=1)
        torch.testing.assert_close(
            weights.sum(dim=-1), has_it.double()[:, None, None].expand(weights.shape[:3])
        )
        assert weights.masked_select(~real(one)[:, None, None]).count_nonzero() == 0


@over_random_cases
def test_the_same_call_gives_the_same_bits_and_leaves_no_trace(seed: int) -> None:
    case = random_case(seed, dtype=torch.float32)
    copies = {name: _cloned(one) for name, one in case.tokens.items()}
    state = {name: one.clone() for name, one in case.model.state_dict().items()}
    attributes = {name: set(vars(one)) for name, one in case.model.named_modules()}
    random_state = torch.get_rng_state()

    first = case.model(case.tokens)
    explicit = case.model(case.tokens, need_attention=True)
    second = case.model(case.tokens)

    assert torch.equal(first.logits, second.logits)
    assert first.attention == () != explicit.attention
    for name, one in case.tokens.items():
        assert _same(one, copies[name])
    assert all(torch.equal(one, state[name]) for name, one in case.model.state_dict().items())
    assert attributes == {name: set(vars(one)) for name, one in case.model.named_modules()}
    assert torch.equal(torch.get_rng_state(), random_state)


@over_random_cases
def test_a_longer_bag_than_ever_seen_is_read_exactly(seed: int) -> None:
    case = random_case(seed, batch_size=1)
    name = next(name for name in case.tokens if name not in ("rna", "clinical"))
    one = case.tokens[name]
    times = 50
    longer = replace(
        one,
        values=one.values.repeat(1, times, 1),
        coords=None if one.coords is None else one.coords.repeat(1, times, 1),
        is_token=None if one.is_token is None else one.is_token.repeat(1, times),
    )

    short = case.model(case.tokens).logits
    long = case.model({**case.tokens, name: longer}).logits

    torch.testing.assert_close(long, short, rtol=1e-9, atol=1e-9)  # the same mixture of tokens


@over_random_cases
def test_wrong_shapes_are_refused_with_what_came_and_what_was_expected(seed: int) -> None:
    case = random_case(seed)
    draw = Draw(seed)
    name = str(draw.pick(*case.tokens))
    one = case.tokens[name]
    channels = one.values.shape[-1]
    wrong = one.values.repeat(1, 1, 2)

    with pytest.raises(
        ShapeError, match=f"'{name}' came with {2 * channels} channels.*{channels}"
    ):
        case.model({**case.tokens, name: replace(one, values=wrong)})
    with pytest.raises(ModalityError, match="unknown modality proteins; this model reads"):
        case.model({**case.tokens, "proteins": one})


@over_random_cases
def test_a_patient_with_nothing_is_refused(seed: int) -> None:
    case = random_case(seed)
    row = Draw(seed).whole(0, case.batch_size - 1)
    everyone = torch.arange(case.batch_size) != row
    nothing = {name: replace(one, present=everyone) for name, one in case.tokens.items()}

    with pytest.raises(ModalityError, match=f"batch row {row}: a patient has none"):
        case.model(nothing)


@over_random_cases
def test_a_present_patient_without_a_real_token_is_refused(seed: int) -> None:
    case = random_case(seed)
    name = str(Draw(seed).pick(*case.tokens))
    one = case.tokens[name]
    empty = torch.zeros(one.values.shape[:2], dtype=torch.bool)

    with pytest.raises(ShapeError, match=f"'{name}' is marked present but has no real token"):
        case.model({**case.tokens, name: replace(one, is_token=empty, present=None)})


@over_random_cases
def test_rollout_equals_the_forward_recursion(seed: int) -> None:
    case = random_case(seed)
    output = case.model(case.tokens, need_attention=True)

    maps = rollout(case.model, case.tokens, chunk_size=4)

    expected, initial = _rolled_forward(case, output)
    for name, found in maps.items():
        torch.testing.assert_close(found, expected[name], rtol=1e-9, atol=1e-12)
    total = sum(found.sum(dim=1) for found in maps.values()) + initial
    torch.testing.assert_close(total, torch.ones_like(total))


@over_random_cases
def test_the_reading_plan_covers_every_real_token_once(seed: int) -> None:
    case = random_case(seed)
    _, available = check_tokens(case.model.config, case.tokens, torch.device("cpu"))

    for name, found in available.items():
        one = case.tokens[name]
        rows = torch.arange(case.batch_size) if found.rows is None else found.rows
        total = len(rows) * one.num_tokens
        plan = plan_chunks(found, len(rows), one.num_tokens, 3)

        everywhere, written = torch.arange(one.values[..., 0].numel()), torch.full((total,), -1)
        for chunk in plan:
            assert (written[chunk.target] == -1).all()
            written[chunk.target] = everywhere[chunk.source]
        expected = everywhere.view(case.batch_size, -1)[rows].masked_fill(~real(one)[rows], -1)
        assert torch.equal(written, expected.flatten())


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()


def _came(tokens: dict) -> list[str]:
    return [name for name, one in tokens.items() if real(one).any()]


def _cloned(one: Tokens) -> Tokens:
    return replace(one, **{name: tensor.clone() for name, tensor in _tensors(one).items()})


def _same(first: Tokens, second: Tokens) -> bool:
    return all(
        torch.equal(tensor, _tensors(second)[name]) for name, tensor in _tensors(first).items()
    )


def _tensors(one: Tokens) -> dict[str, Tensor]:
    return {name: value for name, value in vars(one).items() if isinstance(value, Tensor)}


def _rolled_forward(
    case: RandomCase, output: HealNetOutput
) -> tuple[dict[str, Tensor], Tensor]:
    """Roll attention out as it is defined: one matrix per modality, updated step by step."""
    size, config = case.batch_size, case.model.config
    latents = torch.eye(config.num_latents).double().expand(size, -1, -1).clone()
    maps = {
        name: torch.zeros(size, config.num_latents, one.num_tokens).double()
        for name, one in case.tokens.items()
    }
    reflections = list(output.latent_attention)
    for _, name, weights in output.attention:
        has_it = real(case.tokens[name]).any(dim=1)
        mean = weights.mean(dim=1)
        maps = {key: torch.where(_cube(has_it), one / 2, one) for key, one in maps.items()}
        latents = torch.where(_cube(has_it), latents / 2, latents)
        maps[name] = maps[name] + mean / 2
        for _ in range(config.self_per_cross):
            mixed = (reflections.pop(0).weights.mean(dim=1) + torch.eye(config.num_latents)) / 2
            maps = {
                key: torch.where(_cube(has_it), mixed @ one, one) for key, one in maps.items()
            }
            latents = torch.where(_cube(has_it), mixed @ latents, latents)
    return {key: one.mean(dim=1) for key, one in maps.items()}, latents.mean(dim=1).sum(dim=1)


def _cube(flags: Tensor) -> Tensor:
    return flags[:, None, None]
