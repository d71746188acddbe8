"""A prediction is the same every time, names what it read, and never knows the outcome."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from healnet.bundle import ModelBundle
from healnet.bundle.model_bundle import Member
from healnet.bundle.reference import hash_case
from healnet.data.case import Case
from healnet.data.cohort import Cohort
from healnet.exceptions import FeatureError, ModalityError, TableError
from healnet.explain.result_json import explanation_json, result_json
from healnet.model.tokens import Tokens
from healnet.predict import Prediction, predict_case
from healnet.predict.answers import read_case
from healnet.predict.evaluation import evaluate_model


def stranger(cohort: Cohort, case_id: str = "P000", name: str = "NEW") -> Case:
    """A training patient's inputs under names and hashes the model does not know."""
    case = cohort.case(case_id)
    slides = tuple(replace(slide, slide_sha256="f" * 64) for slide in case.slides)
    return replace(case, case_id=name, slides=slides)


def bits(prediction: Prediction) -> str:
    maps = [one.values.tobytes().hex() for s in prediction.slides for one in s.maps]
    return result_json(prediction) + explanation_json(prediction) + "".join(maps)


def test_the_same_case_gives_the_same_bits_whatever_came_before(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    first = bits(predict_case(bundle, stranger(cohort)))

    for other in ("P001", "P002"):
        predict_case(bundle, replace(stranger(cohort, other), tables={}))
    torch.manual_seed(99)
    again = bits(predict_case(bundle, stranger(cohort)))

    assert again == first


def test_nothing_of_the_case_is_changed(bundle: ModelBundle, cohort: Cohort) -> None:
    case = stranger(cohort)
    before = case.slides[0].features.tobytes(), str(case.tables)

    predict_case(bundle, case)

    assert (case.slides[0].features.tobytes(), str(case.tables)) == before


def test_the_answer_is_the_mean_of_the_members_with_their_range(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    found = predict_case(bundle, stranger(cohort), explain=False)

    risks = list(found.member_risks.values())
    assert len(risks) == len(bundle.ensemble)
    assert found.risk == pytest.approx(np.mean(risks))
    assert (found.risk_low, found.risk_high) == (min(risks), max(risks))
    assert found.risk == pytest.approx(-found.survival.sum())
    assert np.all(np.diff(np.concatenate([[1.0], found.survival])) <= 0)
    assert np.all(found.survival_low <= found.survival)
    assert np.all(found.survival <= found.survival_high)
    assert np.cumprod(1 - found.hazards) == pytest.approx(found.survival)
    assert found.risk_group == bundle.groups.assign(found.risk_percentile)


def test_a_training_patient_gets_the_stored_held_out_risk(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    reference = bundle.reference
    for case_id in cohort.case_ids[:6]:
        place = reference.case_hash.index(hash_case(case_id, salt=reference.salt))

        found = predict_case(bundle, cohort.case(case_id), explain=False)

        assert list(found.member_risks) == [int(reference.fold[place])]
        assert found.risk == reference.risk[place]
        assert found.risk_percentile == reference.percentile[place]
        assert found.risk_group == reference.group[place]
        assert not found.unseen
        assert "CASE-IN-TRAINING" in {warning.code for warning in found.warnings}


def test_a_training_slide_is_known_under_any_name(bundle: ModelBundle, cohort: Cohort) -> None:
    renamed = replace(cohort.case("P003"), case_id="SOMEBODY")

    found = predict_case(bundle, renamed, explain=False)

    assert not found.unseen
    assert len(found.member_risks) == 1


def test_models_that_know_the_patient_answer_only_when_asked_for(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    found = predict_case(bundle, cohort.case("P003"), explain=False, allow_seen=True)

    assert len(found.member_risks) == len(bundle.ensemble)
    codes = {warning.code for warning in found.warnings}
    assert "CASE-SEEN" in codes
    assert "CASE-IN-TRAINING" not in codes
    assert not found.unseen


def test_what_the_answering_models_never_saw_is_not_read_and_said(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    blind = tuple(
        replace(one, inputs=replace(one.inputs, slide=None)) for one in bundle.ensemble
    )
    half = replace(bundle, ensemble=(bundle.ensemble[0], *blind[1:]))
    case = stranger(cohort)

    nobody = predict_case(replace(bundle, ensemble=blind), case)
    somebody = predict_case(half, case)

    assert nobody.modalities_used == ("rna", "clinical")
    assert nobody.slides == ()
    said = {warning.code: warning.what for warning in nobody.warnings}
    assert "slide was not read" in said["MODALITY-UNREAD"]
    assert "CASE-UNUSED" not in said
    assert somebody.modalities_used == ("slide", "rna", "clinical")
    partly = {warning.code: warning.what for warning in somebody.warnings}
    assert partly["MODALITY-PARTLY-READ"].startswith(f"1 of {len(blind)} models read slide")
    assert somebody.subsets["slide",].low == somebody.subsets["slide",].high


def test_a_new_patient_is_answered_by_everybody(bundle: ModelBundle, cohort: Cohort) -> None:
    found = predict_case(bundle, stranger(cohort), explain=False)

    assert found.unseen
    assert "CASE-IN-TRAINING" not in {warning.code for warning in found.warnings}


def test_every_subset_is_what_the_model_says_of_it_alone(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    case = stranger(cohort)
    whole = predict_case(bundle, case, explain=False)

    slide_only = predict_case(bundle, replace(case, tables={}), explain=False)
    tables_only = predict_case(bundle, replace(case, slides=()), explain=False)

    assert set(whole.subsets) == {
        ("slide",), ("rna",), ("clinical",), ("rna", "clinical"), ("slide", "rna", "clinical"),
    }  # fmt: skip
    assert whole.subsets["slide",].risk == slide_only.risk
    assert whole.subsets["rna", "clinical"].risk == tables_only.risk
    assert whole.subsets[whole.modalities_used].risk == whole.risk
    assert slide_only.modalities_used == ("slide",)
    assert slide_only.subsets.keys() == {("slide",)}


def test_what_was_used_comes_from_the_forward_pass_and_not_from_what_was_given(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    case = stranger(cohort)
    unread = {"rna": dict.fromkeys(case.tables["rna"]), "cnv": {"TP53": 1.0}}

    found = predict_case(bundle, replace(case, tables=unread))

    assert found.modalities_used == ("slide",)
    assert {one.role for one in found.inputs} == {"features", "slide"}
    assert {"CASE-UNUSED", "OMICS-NO-VALUE"} <= {warning.code for warning in found.warnings}
    assert found.attributions == ()


def test_a_result_is_bound_to_case_inputs_and_model(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    case = stranger(cohort)
    row = {**case.tables["rna"], "g0": float(case.tables["rna"]["g0"]) + 1e-9}
    changed = replace(case, tables={**case.tables, "rna": row})

    first = predict_case(bundle, case, explain=False)
    second = predict_case(bundle, changed, explain=False)

    assert first.case_id == "NEW"
    assert first.model_sha256 == bundle.sha256
    assert [one.role for one in first.inputs] == ["features", "slide", "rna", "clinical"]
    differs = [a != b for a, b in zip(first.inputs, second.inputs, strict=True)]
    assert differs == [False, False, True, False]


def test_gene_order_and_extra_genes_change_no_bit(bundle: ModelBundle, cohort: Cohort) -> None:
    case = stranger(cohort)
    shuffled = dict(reversed(case.tables["rna"].items())) | {"EXTRA": 7.0}

    first = predict_case(bundle, case, explain=False)
    second = predict_case(
        bundle, replace(case, tables={**case.tables, "rna": shuffled}), explain=False
    )

    assert first.member_risks == second.member_risks


def test_patch_order_moves_nothing_but_the_maps(bundle: ModelBundle, cohort: Cohort) -> None:
    case = stranger(cohort)
    slide = case.slides[0]
    order = np.random.default_rng(0).permutation(len(slide))
    turned = replace(slide, features=slide.features[order], coords=slide.coords[order])

    first = predict_case(bundle, case)
    second = predict_case(bundle, replace(case, slides=(turned,)))

    assert second.risk == pytest.approx(first.risk, abs=1e-5)
    for method in ("attention", "rollout", "perturbation"):
        before, after = first.slides[0].find(method), second.slides[0].find(method)
        np.testing.assert_allclose(before.values[order], after.values, atol=1e-4)


def test_two_slides_are_one_bag_with_a_map_each(bundle: ModelBundle, cohort: Cohort) -> None:
    one, two = cohort.case("P004").slides[0], cohort.case("P005").slides[0]
    case = replace(stranger(cohort), slides=(one, replace(two, name="second.svs")))

    found = predict_case(bundle, case)

    assert [slide.features.name for slide in found.slides] == [one.name, "second.svs"]
    read = [slide.find("attention").values for slide in found.slides]
    assert [len(values) for values in read] == [len(one), len(two)]
    assert float(np.concatenate(read).mean()) == pytest.approx(1.0, abs=1e-5)


def test_attention_is_in_units_of_uniform_and_heads_average_to_layers(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    slide = predict_case(bundle, stranger(cohort)).slides[0]

    layers = [one for one in slide.maps if one.layer is not None and one.head is None]
    heads = [one for one in slide.maps if one.head is not None]
    assert len(layers) == bundle.config.depth
    assert len(heads) == bundle.config.depth * bundle.config.cross_heads
    for one in (*layers, *heads, slide.find("attention"), slide.find("rollout")):
        assert one.values.mean() == pytest.approx(1.0, abs=1e-5)
        assert not one.signed
    mean = np.mean([one.values for one in layers], axis=0)
    np.testing.assert_allclose(slide.find("attention").values, mean, atol=1e-5)


def mean_step(bundle: ModelBundle, case: Case) -> float:
    """How far the members' mean risk is from that of the average training patient."""
    domain = bundle.slide_domain
    assert domain is not None
    average = torch.from_numpy(domain.mean)
    readings = read_case(bundle, case, range(len(bundle.ensemble)))
    steps = []
    for one in readings:
        flat = {
            name: replace(tokens, values=average.expand(tokens.values.shape))
            if name == "slide"
            else Tokens(torch.zeros_like(tokens.values), is_token=tokens.is_token)
            for name, tokens in one.tokens.items()
        }
        steps.append(one.answer.risk - bundle.ask(one.number, flat).risk)
    return float(np.mean(steps))


@pytest.mark.parametrize("num_blind", [0, 1, 2])
def test_attributions_add_up_to_the_step_from_the_training_mean(
    bundle: ModelBundle, cohort: Cohort, num_blind: int
) -> None:
    """Also where some members read no table: they add nothing to the mean."""
    ensemble = tuple(
        replace(one, inputs=replace(one.inputs, tables={})) if 3 - number <= num_blind else one
        for number, one in enumerate(bundle.ensemble)
    )
    mixed = replace(bundle, ensemble=ensemble)

    found = predict_case(mixed, stranger(cohort))

    total = sum(one.attribution for one in found.attributions)
    assert total == pytest.approx(mean_step(mixed, stranger(cohort)), abs=2e-4)
    assert abs(total) > 1e-3

    names = {one.feature for one in found.attributions}
    sizes = [abs(one.attribution) for one in found.attributions]
    assert names == {"g0", "g1", "g2", "g3", "g4", "g5", "age", "all patches"}
    assert sizes == sorted(sizes, reverse=True)
    assert set(found.convergence_delta) == {"slide", "rna", "clinical"}
    assert all(abs(delta) < 1e-3 for delta in found.convergence_delta.values())


def one_patch(case: Case) -> Case:
    slide = case.slides[0]
    return replace(
        case, slides=(replace(slide, features=slide.features[:1], coords=slide.coords[:1]),)
    )


def test_a_slide_of_one_patch_does_what_reading_it_changes(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    case = one_patch(stranger(cohort))

    found = predict_case(bundle, case)

    alone = predict_case(bundle, replace(case, slides=()), explain=False)
    moved = found.slides[0].find("perturbation").values
    assert moved.tolist() == pytest.approx([found.risk - alone.risk], abs=1e-5)


def test_a_single_patch_alone_has_no_such_map_and_says_so(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    found = predict_case(bundle, replace(one_patch(stranger(cohort)), tables={}))

    assert found.slides[0].find("perturbation") is None
    assert "SLIDE-ONE-PATCH" in {warning.code for warning in found.warnings}


def test_slides_of_one_name_are_told_apart(bundle: ModelBundle, cohort: Cohort) -> None:
    case = stranger(cohort)
    twice = replace(case, slides=(*case.slides, *stranger(cohort, "P005").slides))
    same = tuple(replace(slide, name="a.svs") for slide in twice.slides)

    found = predict_case(bundle, replace(twice, slides=same))

    assert [one.features.name for one in found.slides] == ["a.svs", "a.svs (2)"]


def test_a_case_that_cannot_be_read_is_refused_by_name(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    case = stranger(cohort)
    narrow = replace(case.slides[0], features=case.slides[0].features[:, :5])

    with pytest.raises(ModalityError, match="nothing for the model to read"):
        predict_case(bundle, Case(case_id="X"))
    with pytest.raises(FeatureError) as encoder:
        predict_case(bundle, replace(case, slides=(narrow,)))
    with pytest.raises(TableError) as genes:
        predict_case(bundle, replace(case, tables={"rna": {"ENSG00000141510": 1.0}}))

    assert encoder.value.code == "FEATURES-ENCODER"
    assert genes.value.code == "OMICS-UNMATCHED"


def test_members_that_disagree_are_said_to(bundle: ModelBundle, cohort: Cohort) -> None:
    opposed = replace(bundle, ensemble=(bundle.ensemble[0], _contrary(bundle.ensemble[0])))

    codes = {
        warning.code
        for case_id in cohort.case_ids[:12]
        for warning in predict_case(opposed, stranger(cohort, case_id), explain=False).warnings
    }

    assert "MODELS-DISAGREE" in codes


def test_an_evaluation_lists_every_patient_and_says_who_was_in_training(
    bundle: ModelBundle, cohort: Cohort
) -> None:
    evaluation = evaluate_model(bundle, cohort)

    metrics = evaluation.metrics(replicates=100)
    lines = evaluation.to_csv().splitlines()
    assert metrics["patients"] == len(cohort) == len(lines) - 1
    assert metrics["patients_of_the_training_cohort"] == len(cohort)
    assert metrics["new_patients"]["harrell"] is None
    pooled = bundle.card["performance"]["pooled"]
    assert metrics["all"]["harrell"] == pytest.approx(pooled["harrell"])


def _contrary(member: Member) -> Member:
    """A member whose hazards fall where the other's rise."""
    network = type(member.network)(member.network.config)
    network.load_state_dict(member.network.state_dict())
    last = network.head[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.mul_(-1)
    return replace(member, network=network)
