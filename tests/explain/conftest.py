"""A small prediction made by hand, with values that are easy to recognise in a file."""

import numpy as np
import pytest

from healnet.data.feature_store import PatchFeatures
from healnet.exceptions import Notice
from healnet.explain.prediction import (
    FeatureAttribution,
    InputHash,
    PatchMap,
    Prediction,
    SlideExplanation,
    SubsetRisk,
)
from healnet.survival.time_bins import TimeBins


@pytest.fixture
def slide_explanation() -> SlideExplanation:
    features = PatchFeatures(
        features=np.zeros((3, 2), np.float32),
        coords=np.array([[0, 0], [256, 0], [0, 512]]),
        patch_size_l0=256,
        name="=cmd.svs",
    )
    attention = np.array([0.5, 2.0, 0.5], np.float32)
    moved = np.array([0.125, -0.25, 0.1], np.float32)
    return SlideExplanation(
        features=features,
        maps=(
            PatchMap(method="attention", values=attention, unit="x uniform"),
            PatchMap(method="attention", values=attention, unit="x uniform", layer=0),
            PatchMap(method="perturbation", values=moved, unit="risk", signed=True),
        ),
    )


@pytest.fixture
def prediction(slide_explanation: SlideExplanation) -> Prediction:
    return Prediction(
        case_id="CASE <1>",
        model_id="study",
        model_sha256="ab" * 32,
        inputs=(InputHash(role="slide", sha256="cd" * 32),),
        modalities_used=("slide", "rna"),
        risk=-1.25,
        risk_low=-1.5,
        risk_high=-1.0,
        member_risks={0: -1.5, 1: -1.0},
        risk_percentile=82.0,
        member_percentiles={0: 80.0, 1: 84.0},
        risk_group="higher",
        hazards=np.array([0.2, 0.5]),
        survival=np.array([0.8, 0.4]),
        survival_low=np.array([0.7, 0.3]),
        survival_high=np.array([0.9, 0.5]),
        bins=TimeBins(inner_months=(12.0,), horizon_months=60.0),
        headline_months=60.0,
        reference_patients=284,
        subsets={("slide",): SubsetRisk(risk=-1.0, percentile=90.0, low=-1.1, high=-0.9)},
        warnings=(Notice(code="TEST", what="a <script> in a name", where="x.svs"),),
        slides=(slide_explanation,),
        attributions=(
            FeatureAttribution(
                modality="rna",
                feature="+SUM(A1)",
                value=1 / 3,
                cohort_percentile=97.0,
                attribution=0.1,
            ),
            FeatureAttribution(
                modality="clinical",
                feature="stage=II",
                value="@II",
                cohort_percentile=None,
                attribution=-0.05,
            ),
        ),
        convergence_delta={"rna": 1e-6, "clinical": 1e-6},
    )
