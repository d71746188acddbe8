"""A model folder comes back as it was written, or is refused by name."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from healnet.bundle import ModelBundle, read_bundle, write_bundle
from healnet.bundle.folder import MODEL_FILES, _model_hash
from healnet.bundle.weights import pack_weights, unpack_weights
from healnet.exceptions import BundleError


def seal(folder: Path) -> None:
    """Make the manifest fit the files, as a forger would."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in MODEL_FILES
        if (folder / name).is_file()
    }
    path.write_text(json.dumps(manifest))


def edit_json(name: str, **changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        values = json.loads((folder / name).read_text())
        values.update(changes)
        (folder / name).write_text(json.dumps(values))
        seal(folder)

    return edit


def edit_weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "model.safetensors"
        tensors = unpack_weights(path.read_bytes())
        change(tensors)
        path.write_bytes(pack_weights(tensors))
        seal(folder)

    return edit


def edit_manifest(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return edit


def edit_reference(**columns: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "reference.parquet"
        pd.read_parquet(path).assign(**columns).to_parquet(path, index=False)
        seal(folder)

    return edit


def huge(folder: Path) -> None:
    values = json.loads((folder / "config.json").read_text())
    values["model"]["latent_dim"] = 10**6
    (folder / "config.json").write_text(json.dumps(values))
    seal(folder)


def edit_model(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        values = json.loads((folder / "config.json").read_text())
        values["model"].update(changes)
        (folder / "config.json").write_text(json.dumps(values))
        seal(folder)

    return edit


def edit_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
        if name != "manifest.json":
            seal(folder)

    return edit


def replace_file(name: str, content: bytes, *, sealed: bool) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        (folder / name).write_bytes(content)
        if sealed:
            seal(folder)

    return edit


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file is missing": (lambda f: (f / "card.json").unlink(), "MODEL-INCOMPLETE"),
    "training never finished": (lambda f: (f / "manifest.json").unlink(), "MODEL-INCOMPLETE"),
    "a pickle lies beside": (
        replace_file("extra.pkl", b"x", sealed=False),
        "MODEL-FOLDER-OCCUPIED",
    ),
    "a weight changed by a bit": (
        lambda f: (f / "model.safetensors").write_bytes(
            (f / "model.safetensors").read_bytes()[:-1] + b"\x01"
        ),
        "MODEL-CHANGED",
    ),
    "another card under the same weights": (
        replace_file("card.json", b"{}", sealed=False),
        "MODEL-CHANGED",
    ),
    "weights are a pickle": (
        replace_file("model.safetensors", b"\x80\x04cos\nsystem\n", sealed=True),
        "MODEL-WEIGHTS-FORMAT",
    ),
    "a key is missing": (edit_weights(lambda t: t.pop("fold1.latents")), "MODEL-WEIGHTS-KEYS"),
    "a key is a path with markup": (
        edit_weights(lambda t: t.update({"../../x<script>": torch.ones(1)})),
        "MODEL-WEIGHTS-KEYS",
    ),
    "a member too many": (
        edit_weights(lambda t: t.update({"fold9.latents": torch.ones(4, 16)})),
        "MODEL-WEIGHTS-KEYS",
    ),
    "a shape is wrong": (
        edit_weights(lambda t: t.update({"fold0.latents": torch.ones(5, 16)})),
        "MODEL-WEIGHTS-SHAPE",
    ),
    "a weight is not a number": (
        edit_weights(lambda t: t["fold0.latents"].fill_(torch.nan)),
        "MODEL-WEIGHTS-NAN",
    ),
    "the gene list is shorter": (
        edit_weights(lambda t: t.update({"scale0.rna": t["scale0.rna"][:5]})),
        "MODEL-WEIGHTS-SHAPE",
    ),
    "a newer program wrote it": (edit_json("config.json", format_version=999), "MODEL-NEWER"),
    "an unknown entry": (edit_json("config.json", surprise=1), "MODEL-CONFIG"),
    "a salt that is none": (edit_json("config.json", case_salt="xyz"), "MODEL-CONFIG"),
    "bins that fall": (
        edit_json("config.json", time_bins={"inner_months": [9, 3], "horizon_months": 1}),
        "MODEL-CONFIG",
    ),
    "a network too large for any machine": (huge, "MODEL-WEIGHTS-SHAPE"),
    "a network of a million layers": (edit_model(depth=10**6), "MODEL-CONFIG"),
    "a million layers that are one": (
        edit_model(depth=10**6, weight_tying="all"),
        "MODEL-CONFIG",
    ),
    "a million blocks a layer": (edit_model(self_per_cross=10**6), "MODEL-CONFIG"),
    "more layers than weights": (
        edit_model(depth=200, weight_tying="none"),
        "MODEL-WEIGHTS-SHAPE",
    ),
    "a number too large for a float": (edit_model(latent_scale=10**400), "MODEL-CONFIG"),
    "a number of 5000 digits": (
        edit_text("config.json", '"num_latents": ', '"num_latents": ' + "9" * 5000),
        "MODEL-CONFIG",
    ),
    "an entry of the configuration twice": (
        edit_text("config.json", '"name": ', '"name": "other", "name": '),
        "MODEL-CONFIG",
    ),
    "an entry of the manifest twice": (
        edit_text("manifest.json", '"created": ', '"created": "", "created": '),
        "MODEL-CONFIG",
    ),
    "config is a list": (replace_file("config.json", b"[]", sealed=True), "MODEL-CONFIG"),
    "config is nested too deeply": (
        replace_file("config.json", b"[" * 100_000, sealed=True),
        "MODEL-CONFIG",
    ),
    "the reference is no parquet": (
        replace_file("reference.parquet", b"PAR1junk", sealed=True),
        "MODEL-REFERENCE",
    ),
    "a salt longer than a key": (
        edit_json("config.json", case_salt="ab" * 65),
        "MODEL-CONFIG",
    ),
    "a newer manifest": (edit_manifest(format_version=3), "MODEL-NEWER"),
    "a manifest of no format": (edit_manifest(format_version=None), "MODEL-MANIFEST"),
    "a manifest of the first format over five files": (
        edit_manifest(format_version=1),
        "MODEL-MANIFEST",
    ),
    "the domain has no mean": (edit_weights(lambda t: t.pop("domain.mean")), "MODEL-DOMAIN"),
    "the domain is of another encoder": (
        edit_weights(
            lambda t: t.update(
                {name: t[name][..., :5] for name in ("domain.mean", "domain.directions")}
            )
        ),
        "MODEL-WEIGHTS-SHAPE",
    ),
    "the domain has no spread": (
        edit_weights(lambda t: t["domain.rest"].zero_()),
        "MODEL-DOMAIN",
    ),
    "quantiles are cut": (
        edit_weights(lambda t: t.update({"quantiles.rna": t["quantiles.rna"][:4]})),
        "MODEL-WEIGHTS-SHAPE",
    ),
    "quantiles fall": (
        edit_weights(lambda t: t.update({"quantiles.rna": t["quantiles.rna"].flip(1)})),
        "MODEL-WEIGHTS-SHAPE",
    ),
    "a fold without a member": (edit_reference(fold=9), "MODEL-REFERENCE"),
    "a fold that is no number": (edit_reference(fold=float("nan")), "MODEL-REFERENCE"),
    "a percentile of 400": (edit_reference(percentile=400.0), "MODEL-REFERENCE"),
    "a group that is none": (edit_reference(group="best"), "MODEL-REFERENCE"),
    "a column too many": (edit_reference(surprise=1), "MODEL-REFERENCE"),
    "a notice with an unknown part": (
        edit_json("card.json", notices=[{"code": "A", "what": "b", "surprise": "c"}]),
        "MODEL-CONFIG",
    ),
    "a notice that is a text": (edit_json("card.json", notices=["x"]), "MODEL-CONFIG"),
    "study slides that are none": (edit_json("card.json", study_slides=3), "MODEL-CONFIG"),
    "a synthetic maybe": (edit_json("card.json", is_synthetic="yes"), "MODEL-CONFIG"),
    "the list of the seen is no parquet": (
        replace_file("trained_on.parquet", b"PAR1junk", sealed=True),
        "MODEL-TRAINED-ON",
    ),
    "the manifest lists nothing": (
        replace_file("manifest.json", b'{"files": {}}', sealed=False),
        "MODEL-MANIFEST",
    ),
}


@pytest.fixture
def copy(model_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


@pytest.mark.parametrize("name", TAMPERED)
def test_a_changed_folder_is_refused_by_name(copy: Path, name: str) -> None:
    tamper, code = TAMPERED[name]
    tamper(copy)

    with pytest.raises(BundleError) as refusal:
        read_bundle(copy)

    assert refusal.value.code == code
    assert str(copy) not in str(refusal.value)


def test_what_is_written_comes_back_bit_by_bit(bundle: ModelBundle, tmp_path: Path) -> None:
    written = write_bundle(tmp_path / "again", bundle)

    back = read_bundle(tmp_path / "again")

    assert back.sha256 == written.sha256
    assert back.config == bundle.config
    assert back.inputs == bundle.inputs
    assert back.time_bins == bundle.time_bins
    assert back.card == bundle.card
    for ours, theirs in zip(bundle.ensemble, back.ensemble, strict=True):
        assert ours.inputs == theirs.inputs
        assert ours.time_bins == theirs.time_bins
        first, second = ours.network.state_dict(), theirs.network.state_dict()
        assert all(torch.equal(first[key], second[key]) for key in first)
    assert back.reference.risk.tolist() == bundle.reference.risk.tolist()


def test_members_are_frozen_and_never_in_training_mode(bundle: ModelBundle) -> None:
    assert not any(network.training for network in bundle.members)
    assert not any(p.requires_grad for network in bundle.members for p in network.parameters())


def test_the_hash_is_that_of_the_files_and_not_of_their_order() -> None:
    hashes = {"a": "1", "b": "2"}

    assert _model_hash(hashes) == _model_hash(dict(reversed(hashes.items())))
    assert _model_hash(hashes) != _model_hash({"a": "2", "b": "1"})


def test_weights_that_would_change_are_not_stored_in_half_precision(
    bundle: ModelBundle, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="would change"):
        write_bundle(tmp_path / "half", bundle, dtype=torch.float16)

    assert not (tmp_path / "half").exists()


def test_the_folder_holds_no_name_of_a_patient(model_folder: Path, bundle: ModelBundle) -> None:
    content = b"".join((model_folder / name).read_bytes() for name in MODEL_FILES)

    assert b"P001" not in content
    assert bundle.reference.fold_of("P001") is not None
    assert bundle.reference.fold_of("P999") is None


def test_a_model_names_its_cohort_and_what_it_estimates(bundle: ModelBundle) -> None:
    told = {"description": "Lungs of two clinics.", "endpoint": "progression-free survival"}
    named = replace(bundle, card={"data": told})
    silent = replace(bundle, name="m", card={})

    assert (named.cohort_name, named.endpoint) == (
        "Lungs of two clinics",
        "progression-free survival",
    )
    assert (silent.cohort_name, silent.endpoint) == ("m", "overall survival")
