"""Quantiles of every table feature among the training patients: where a value stands."""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from healnet.bundle.model_bundle import ModelBundle
from healnet.data.cohort import Cohort
from healnet.data.input_spec import InputSpec

NUM_QUANTILES = 41


def feature_quantiles(
    cohort: Cohort, inputs: InputSpec, *, start: ModelBundle | None = None
) -> dict[str, Float32[ndarray, "p q"]]:
    """Return, by table, evenly spaced quantiles of each feature; 0 where nothing was seen.

    A table that the cohort does not have keeps the quantiles of the model it started from.
    """
    grid = np.linspace(0, 1, NUM_QUANTILES)
    found = {}
    for name, schema in inputs.tables.items():
        if name in cohort.tables:
            raw = schema.raw_values(cohort.tables[name])
            filled = np.where(np.isfinite(raw).any(axis=0), raw, 0.0)
            found[name] = np.nanquantile(filled, grid, axis=0).T.astype(np.float32)
        elif start is not None and name in start.quantiles:
            found[name] = start.quantiles[name].astype(np.float32)
    return found
