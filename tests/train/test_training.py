"""Training: refuses what cannot be learned, resumes bit by bit, leaks nothing."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from healnet.bundle import ModelBundle, read_bundle
from healnet.data.cohort import Cohort
from healnet.data.encode_progress import Progress
from healnet.data.splits import Fold
from healnet.exceptions import (
    BundleError,
    Cancelled,
    ConfigError,
    SurvivalError,
    TrainingError,
)
from healnet.train import Recipe, train_model
from healnet.train.checkpoint import write_checkpoint
from healnet.train.fold_plan import encode_side
from healnet.train.loop import FoldRun
from healnet.train.member_training import new_network
from healnet.train.run_folder import RunFolder
from healnet.train.training import design_run, first_network
from tests.train.planted import RECIPE

SHORT = replace(RECIPE, epochs=3, folds=2)


def weights_of(bundle: ModelBundle) -> list[torch.Tensor]:
    return [value for net in bundle.members for value in net.state_dict().values()]


def same(first: ModelBundle, second: ModelBundle) -> bool:
    pairs = zip(weights_of(first), weights_of(second), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model_and_another_seed_another(
    cohort: Cohort, tmp_path: Path
) -> None:
    first = train_model(cohort, recipe=SHORT, out_dir=tmp_path / "a")
    torch.manual_seed(1234)
    again = train_model(cohort, recipe=SHORT, out_dir=tmp_path / "b")
    other = train_model(cohort, recipe=replace(SHORT, seed=5), out_dir=tmp_path / "c")

    assert first.sha256 == again.sha256
    assert same(first, again)
    assert not same(first, other)


@pytest.mark.slow
def test_a_stopped_run_goes_on_and_ends_with_the_same_bits(
    cohort: Cohort, tmp_path: Path
) -> None:
    straight = train_model(cohort, recipe=SHORT, out_dir=tmp_path / "straight")
    asked: list[int] = []

    def after_four_epochs() -> bool:
        asked.append(1)
        return len(asked) == 4

    folder = tmp_path / "stopped"
    with pytest.raises(Cancelled):
        train_model(cohort, recipe=SHORT, out_dir=folder, cancelled=after_four_epochs)
    with pytest.raises(BundleError, match="missing"):
        read_bundle(folder)
    seen: list[Progress] = []
    resumed = train_model(cohort, recipe=SHORT, out_dir=folder, progress=seen.append)

    assert len(seen) == 2
    assert resumed.sha256 == straight.sha256
    lines = (folder / "metrics.jsonl").read_text()
    assert lines == (tmp_path / "straight" / "metrics.jsonl").read_text()
    assert not (folder / "training").exists()


@pytest.mark.slow
def test_a_crash_at_any_write_leaves_a_run_that_goes_on(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = train_model(cohort, recipe=SHORT, out_dir=tmp_path / "straight")
    folder, real, calls = tmp_path / "crashing", Path.replace, []

    def crash_now_and_then(source: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) in {1, 3, 9, 14, 24}:
            raise OSError(28, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(Path, "replace", crash_now_and_then)
    for _ in range(5):
        with pytest.raises(OSError, match="No space"):
            train_model(cohort, recipe=SHORT, out_dir=folder)
        assert not (folder / "manifest.json").exists()
    resumed = train_model(cohort, recipe=SHORT, out_dir=folder)

    assert resumed.sha256 == straight.sha256
    assert read_bundle(folder).sha256 == straight.sha256


@pytest.mark.parametrize("events", [0, 1, 19])
def test_too_few_events_are_refused_with_the_numbers(
    cohort: Cohort, tmp_path: Path, events: int
) -> None:
    happened = np.flatnonzero(cohort.event)[:events]
    patients = tuple(
        replace(patient, event=number in happened)
        for number, patient in enumerate(cohort.patients)
    )

    with pytest.raises(TrainingError) as refusal:
        train_model(replace(cohort, patients=patients), recipe=SHORT, out_dir=tmp_path / "m")

    assert refusal.value.code == "TRAIN-FEW-EVENTS"
    plural = "" if events == 1 else "s"
    assert refusal.value.what == f"{events} event{plural}; at least 20 needed to train"
    assert not (tmp_path / "m").exists()


def test_a_folder_of_somebody_else_is_not_trained_into(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(BundleError) as refusal:
        train_model(cohort, recipe=SHORT, out_dir=tmp_path)

    assert refusal.value.code == "MODEL-FOLDER-OCCUPIED"


def test_too_many_time_bins_are_refused(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(SurvivalError, match="time bins"):
        train_model(cohort, recipe=replace(SHORT, num_bins=40), out_dir=tmp_path / "m")


def spoiled(cohort: Cohort, held_out: tuple[str, ...]) -> Cohort:
    """The cohort with everything about some patients changed beyond recognition."""
    tables = {}
    for name, frame in cohort.tables.items():
        changed = frame.copy()
        changed.loc[list(held_out)] = changed.loc[list(held_out)] * 1000 + 77
        tables[name] = changed
    patients = tuple(
        replace(p, time_months=p.time_months * 50, event=not p.event, features=())
        if p.case_id in held_out
        else p
        for p in cohort.patients
    )
    return replace(cohort, patients=patients, tables=tables)


def test_nothing_of_a_held_out_patient_reaches_the_member(cohort: Cohort) -> None:
    half = len(cohort) // 2
    fold = Fold(train=cohort.case_ids[:half], validation=cohort.case_ids[half:])
    recipe = replace(SHORT, min_events=5)

    honest = design_run(cohort, recipe=recipe, folds=[fold])
    changed = design_run(spoiled(cohort, fold.validation), recipe=recipe, folds=[fold])

    before, after = honest.plans[0], changed.plans[0]
    assert before.held_out == fold.validation
    assert (before.fit, before.stop) == (after.fit, after.stop)
    assert before.time_bins == after.time_bins
    assert before.inputs == after.inputs
    for ids in (before.fit, before.stop):
        one = encode_side(honest.data, before, ids)
        two = encode_side(changed.data, after, ids)
        assert one.time_bin.tolist() == two.time_bin.tolist()
        assert one.event.tolist() == two.event.tolist()
        for left, right in zip(one.cases, two.cases, strict=True):
            assert left.tokens.keys() == right.tokens.keys()
            for name in left.tokens:
                assert np.array_equal(left.tokens[name].values, right.tokens[name].values)


def test_first_weights_depend_on_the_training_patients_and_on_nobody_held_out(
    cohort: Cohort,
) -> None:
    half = len(cohort) // 2
    fold = Fold(train=cohort.case_ids[:half], validation=cohort.case_ids[half:])
    recipe = replace(SHORT, min_events=5)

    def first_weights(changed: tuple[str, ...], seed: int = 0) -> dict[str, torch.Tensor]:
        design = design_run(
            spoiled(cohort, changed), recipe=replace(recipe, seed=seed), folds=[fold]
        )
        plan = design.plans[0]
        fit = encode_side(design.data, plan, plan.fit)
        return first_network(design, plan, fit).state_dict()

    honest = first_weights(())
    for name, value in first_weights(fold.validation).items():
        assert torch.equal(value, honest[name])
    for other in (first_weights(fold.train[::2]), first_weights((), seed=1)):
        assert any(not torch.equal(value, honest[name]) for name, value in other.items())


@pytest.mark.slow
def test_what_is_published_of_held_out_patients_does_not_depend_on_their_outcomes(
    cohort: Cohort, tmp_path: Path
) -> None:
    """One member, trained once; what it says of those it held out, under other outcomes."""
    half = len(cohort) // 2
    fold = Fold(train=cohort.case_ids[:half], validation=cohort.case_ids[half:])
    recipe = replace(SHORT, min_events=5, epochs=1)
    late = tuple(
        replace(p, time_months=p.time_months * 50) if p.case_id in fold.validation else p
        for p in cohort.patients
    )

    honest = train_model(cohort, recipe=recipe, out_dir=tmp_path / "a", folds=[fold])
    changed = train_model(
        replace(cohort, patients=late), recipe=recipe, out_dir=tmp_path / "b", folds=[fold]
    )

    assert honest.time_bins != changed.time_bins
    assert honest.reference.own_risk.tolist() == changed.reference.own_risk.tolist()
    assert honest.reference.percentile.tolist() == changed.reference.percentile.tolist()
    assert honest.groups == changed.groups


@pytest.mark.slow
def test_a_killed_run_goes_on_over_its_own_left_overs(cohort: Cohort, tmp_path: Path) -> None:
    straight = train_model(cohort, recipe=SHORT, out_dir=tmp_path / "straight")
    folder, asked = tmp_path / "killed", []
    with pytest.raises(Cancelled):
        train_model(
            cohort, recipe=SHORT, out_dir=folder, cancelled=lambda: asked.append(1) or asked[2:]
        )
    (folder / ".metrics.jsonl.x1.part").write_bytes(b"{")
    (folder / "training" / ".fold0.pt.x2.part").write_bytes(b"PK")
    (folder / ".DS_Store").write_bytes(b"notes")

    resumed = train_model(cohort, recipe=SHORT, out_dir=folder)

    assert resumed.sha256 == straight.sha256
    assert not list(folder.rglob("*.part"))


def test_a_state_with_other_parts_begins_the_fold_again(cohort: Cohort, tmp_path: Path) -> None:
    design = design_run(cohort, recipe=SHORT)
    network = new_network(design.config, SHORT, 0)
    folder = RunFolder(path=tmp_path / "m", digest="abc")
    for state in ({"losses": [[1]]}, {"losses": 3}, {"losses": [], "weights": {"x": 1}}, {}):
        write_checkpoint(tmp_path / "m/training/fold0.pt", state, digest="abc")
        run = FoldRun(network=network, recipe=SHORT, seed=0)

        assert folder.take_up(0, run) == []
        assert run.epoch == 0


def test_every_patient_is_held_out_once_and_the_folds_are_written(
    cohort: Cohort, model_folder: Path, bundle: ModelBundle
) -> None:
    with (model_folder / "folds.csv").open() as file:
        rows = list(csv.DictReader(file))

    held_out = [row["case_id"] for row in rows if row["role"] == "held_out"]
    assert sorted(held_out) == sorted(cohort.case_ids)
    for number in range(RECIPE.folds):
        roles = [(r["case_id"], r["role"]) for r in rows if int(r["fold"]) == number]
        assert len({case_id for case_id, _ in roles}) == len(roles) == len(cohort)
    assert len(bundle.reference) == len(cohort)


def test_metrics_stand_beside_the_model_with_intervals_and_baselines(
    model_folder: Path, bundle: ModelBundle
) -> None:
    metrics = json.loads((model_folder / "metrics.json").read_text())

    low, high = metrics["pooled"]["harrell_interval"]
    assert low < metrics["pooled"]["harrell"] < high
    low, high = metrics["pooled"]["uno_interval"]
    assert low < metrics["pooled"]["uno"] < high
    assert len(metrics["folds"]) == RECIPE.folds
    assert [one["name"] for one in metrics["baselines"]] == ["age"]
    given = {tuple(one["modalities"]) for one in metrics["given_only"]}
    assert given == {("slide",), ("rna",), ("clinical",), ("rna", "clinical")}
    assert bundle.card["performance"]["pooled"] == metrics["pooled"]


@pytest.mark.slow
def test_weights_in_half_precision_give_the_published_numbers(
    cohort: Cohort, tmp_path: Path
) -> None:
    recipe = replace(SHORT, stored_as="float16")

    trained = train_model(cohort, recipe=recipe, out_dir=tmp_path / "half")
    back = read_bundle(tmp_path / "half")

    assert same(trained, back)
    full = train_model(cohort, recipe=SHORT, out_dir=tmp_path / "full")
    size = (tmp_path / "half" / "model.safetensors").stat().st_size
    assert size < 0.75 * (tmp_path / "full" / "model.safetensors").stat().st_size
    assert trained.reference.risk == pytest.approx(full.reference.risk, abs=0.02)


@pytest.mark.slow
def test_a_risk_that_hardly_varies_is_flagged(cohort: Cohort, tmp_path: Path) -> None:
    recipe = replace(SHORT, epochs=1, learning_rate=1e-8)

    bundle = train_model(cohort, recipe=recipe, out_dir=tmp_path / "flat")

    assert "MODEL-COLLAPSED" in {notice["code"] for notice in bundle.card["notices"]}


@pytest.mark.slow
def test_the_last_patients_of_a_cohort_may_have_nothing_to_read(
    cohort: Cohort, tmp_path: Path
) -> None:
    patients = (*cohort.patients, replace(cohort.patients[0], case_id="BARE", features=()))

    bundle = train_model(
        replace(cohort, patients=patients), recipe=SHORT, out_dir=tmp_path / "m"
    )

    assert len(bundle.reference) == len(cohort)
    assert "TRAIN-NO-INPUT" in {notice["code"] for notice in bundle.card["notices"]}


@pytest.mark.slow
def test_a_modality_of_one_patient_is_learned_and_said_to_be_rare(
    cohort: Cohort, tmp_path: Path
) -> None:
    patients = tuple(
        patient if number == 4 else replace(patient, features=())
        for number, patient in enumerate(cohort.patients)
    )

    bundle = train_model(
        replace(cohort, patients=patients), recipe=SHORT, out_dir=tmp_path / "m"
    )

    said = [n["what"] for n in bundle.card["notices"] if n["code"] == "MODALITY-RARE"]
    assert said == ["slide modality was seen in 1 training patient"]
    readers = ["slide" in member.inputs.modalities for member in bundle.ensemble]
    held_out_by = bundle.reference.fold_of("P004")
    assert readers == [number != held_out_by for number in range(len(readers))]


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ({"depths": 3}, "depths"),
        ({"num_bins": 5}, "num_bins"),
        ({"modalities": []}, "modalities"),
        ({"latent_scale": float("nan")}, "latent_scale"),
        ({"out_slope": "x"}, "out_slope"),
    ],
)
def test_a_recipe_names_a_wrong_override(
    cohort: Cohort, model: dict[str, object], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        design_run(cohort, recipe=Recipe(model=model))


def test_a_recipe_names_an_override_without_a_name(cohort: Cohort) -> None:
    names: dict[object, object] = {}
    recipe = Recipe(model=names)  # type: ignore[arg-type]
    names[3] = 4

    with pytest.raises(ConfigError, match="cannot set 3"):
        design_run(cohort, recipe=recipe)


def test_a_cohort_of_which_everything_is_rare_has_two_sides(cohort: Cohort) -> None:
    few = cohort.subset(cohort.case_ids[:18])

    design = design_run(few, recipe=replace(SHORT, min_events=2, num_bins=2))

    assert all(plan.fit and plan.stop for plan in design.plans)


def test_a_member_without_anybody_to_stop_it_is_refused(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healnet.train.fold_plan.encode_one", lambda *_: None)

    with pytest.raises(TrainingError) as refusal:
        train_model(cohort, recipe=SHORT, out_dir=tmp_path / "m")

    assert refusal.value.code == "TRAIN-EMPTY-SIDE"
