"""Batches: padding and absence are marked, and never reach the network as values."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from healnet.data.case import Case
from healnet.data.cohort import Cohort, Patient
from healnet.data.collate import collate
from healnet.data.dataset import SurvivalDataset, collate_labelled, encode_cohort
from healnet.data.encoded_case import EncodedCase, encode_case
from healnet.data.input_spec import InputSpec
from healnet.data.token_arrays import TokenArrays
from healnet.exceptions import ShapeError
from healnet.survival.time_bins import TimeBins
from tests.data.conftest import make_slide

MakeCase = Callable[..., Case]


def test_patients_are_padded_to_the_longest_and_marked(
    make_case: MakeCase, spec: InputSpec
) -> None:
    short, long = make_slide(2, 1), make_slide(5, 2)
    cases = [
        encode_case(make_case(0, slides=(short,), has="rna"), spec),
        encode_case(make_case(1, slides=(long,), has="rna"), spec),
    ]

    slide = collate(cases)["slide"]

    assert slide.values.shape == (2, 5, 6)
    assert slide.values.dtype == torch.float16  # features stay as they were stored
    assert slide.coords is not None
    assert slide.coords.dtype == torch.float32
    assert slide.is_token is not None
    assert slide.is_token.tolist() == [[True] * 2 + [False] * 3, [True] * 5]
    assert slide.present is None
    np.testing.assert_array_equal(slide.values[0, :2].numpy(), short.features)


def test_absence_is_per_patient(make_case: MakeCase, spec: InputSpec) -> None:
    cases = [
        encode_case(make_case(0, slides=(make_slide(3),), has="rna"), spec),
        encode_case(make_case(1, has="rna clinical"), spec),
        encode_case(make_case(2, has="clinical"), spec),
    ]

    batch = collate(cases)

    present = {
        name: None if t.present is None else t.present.tolist() for name, t in batch.items()
    }
    assert present == {
        "slide": [True, False, False],
        "rna": [True, True, False],
        "clinical": [False, True, True],
    }
    assert batch["rna"].is_token is not None
    assert batch["rna"].is_token[2].sum() == 0


def test_nothing_padded_missing_or_absent_needs_no_masks(
    make_case: MakeCase, spec: InputSpec
) -> None:
    batch = collate([encode_case(make_case(i, has="rna clinical"), spec) for i in range(3)])

    assert list(batch) == ["rna", "clinical"]  # nobody has a slide: no entry
    assert all(t.is_token is None and t.present is None for t in batch.values())
    assert batch["rna"].coords is None


@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any))
def test_every_token_arrives_once_in_its_place(lengths: list[int]) -> None:
    generator = np.random.default_rng(0)
    cases = []
    for number, length in enumerate(lengths):
        values = generator.normal(size=(length, 3)).astype(np.float32)
        coords = generator.normal(size=(length, 2)).astype(np.float32)
        tokens = {"slide": TokenArrays(values=values, coords=coords)} if length else {}
        cases.append(EncodedCase(case_id=str(number), tokens=tokens))

    slide = collate(cases)["slide"]

    mask = torch.ones(slide.values.shape[:2]) > 0 if slide.is_token is None else slide.is_token
    assert mask.sum(dim=1).tolist() == lengths
    given_values = np.concatenate([c.tokens["slide"].values for c in cases if c.tokens])
    np.testing.assert_array_equal(slide.values[mask].numpy(), given_values)
    assert (slide.values[~mask] == 0).all()


def test_tokens_that_do_not_belong_together_are_refused() -> None:
    def case(width: int) -> EncodedCase:
        values = np.zeros((2, width), np.float32)
        return EncodedCase(case_id="x", tokens={"rna": TokenArrays(values=values)})

    with pytest.raises(ShapeError, match=r"channels \[1, 2\]"):
        collate([case(1), case(2)])
    with pytest.raises(ShapeError, match="at least one patient"):
        collate([])
    with pytest.raises(ShapeError, match="one length above 0"):
        TokenArrays(values=np.zeros((2, 1), np.float32), coords=np.zeros((3, 2), np.float32))
    with pytest.raises(ShapeError, match="one length above 0"):
        TokenArrays(values=np.zeros((0, 1), np.float32))


def test_a_data_set_gives_batches_with_outcome(
    tables: dict[str, object], spec: InputSpec
) -> None:
    times = np.arange(1.0, 41.0)
    cohort = Cohort(
        patients=tuple(
            Patient(case_id=f"p{i}", time_months=time, event=i % 2 == 0)
            for i, time in enumerate(times.tolist())
        ),
        tables=tables,  # type: ignore[arg-type]
    )
    bins = TimeBins.fit(cohort.time_months, cohort.event)
    chosen = ["p7", "p3", "p39"]

    dataset = SurvivalDataset(encode_cohort(cohort, spec, chosen), cohort, bins)
    (batch,) = DataLoader(dataset, batch_size=8, collate_fn=collate_labelled)

    assert batch.case_ids == ("p7", "p3", "p39")  # outcome follows the patients
    assert batch.time_months.tolist() == [8.0, 4.0, 40.0]
    assert batch.event.tolist() == [False, False, False]
    assert batch.time_bin.tolist() == bins.assign(np.array([8.0, 4.0, 40.0])).tolist()
    assert batch.tokens["rna"].values.shape == (3, 7, 1)
    assert len(encode_cohort(cohort, spec)) == 40
