"""``healnet doctor``: is this installation whole, and does the shipped model still answer?"""

import argparse
import json
import platform
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import openslide
import torch

import healnet
from healnet.bundle import read_bundle
from healnet.bundle.atomic import atomic_write
from healnet.cli.entry import DONE, REFUSED, say_written
from healnet.data.case import Case
from healnet.data.feature_store import read_features
from healnet.encoders.registry import encoder_names, get_encoder
from healnet.exceptions import HealNetError
from healnet.model.device import pick_device
from healnet.predict import predict_case
from healnet.train.card import versions

_PACKAGES = ("torch", "numpy", "pandas", "h5py", "safetensors", "streamlit")
_GIB = 1024**3
_RISK_TOLERANCE = 1e-3  # other processors round differently
# Values without which the app would talk to the network, or show what it should not.
_WANTED_SETTINGS: tuple[tuple[str, str, tuple[object, ...]], ...] = (
    ("server", "address", ("localhost", "127.0.0.1")),
    ("server", "enableXsrfProtection", (True,)),
    ("browser", "gatherUsageStats", (False,)),
    ("client", "showErrorDetails", ("none",)),
)


class Finding(NamedTuple):
    """One line of the check-up."""

    is_good: bool
    name: str
    value: str


def run(options: argparse.Namespace) -> int:
    """Print the findings; exit code 2 if anything is wrong."""
    findings = [finding for check in _CHECKS for finding in _guarded(check)]
    text = "".join(f"{'ok ' if f.is_good else 'BAD'} {f.name}: {f.value}\n" for f in findings)
    sys.stdout.write(text)
    if options.out is not None:
        say_written(atomic_write(options.out, text.encode("utf-8")))
    return DONE if all(finding.is_good for finding in findings) else REFUSED


def demo_assets() -> Path:
    """Return the folder of the shipped model and cases, beside the package."""
    return Path(healnet.__file__).parents[1] / "assets" / "demo"


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Turn what a check cannot do into a finding."""
    try:
        yield from check()
    except (HealNetError, OSError, ImportError, ValueError) as error:
        yield Finding(is_good=False, name=check.__name__.strip("_"), value=str(error))


def _versions() -> Iterator[Finding]:
    system = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding(is_good=sys.version_info >= (3, 11), name="python", value=system)
    yield Finding(is_good=True, name="healnet-app", value=versions()["healnet-app"])
    for name in _PACKAGES:
        try:
            yield Finding(is_good=True, name=name, value=metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(is_good=False, name=name, value="not installed")


def _machine() -> Iterator[Finding]:
    device = pick_device("auto")
    threads = torch.get_num_threads()
    yield Finding(is_good=True, name="device", value=f"{device}, {threads} threads")
    free = shutil.disk_usage(Path.cwd()).free
    text = f"{free / _GIB:.1f} GiB free here"
    yield Finding(is_good=free > _GIB, name="disk", value=text)


def _slides() -> Iterator[Finding]:
    library = openslide.__library_version__
    yield Finding(is_good=True, name="openslide", value=f"library {library}")


def _settings() -> Iterator[Finding]:
    """Look at the app's settings file in a checkout; the app itself checks more."""
    path = Path(healnet.__file__).parents[1] / ".streamlit" / "config.toml"
    if not path.is_file():
        yield Finding(is_good=True, name="app settings", value="no checkout, no app")
        return
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    for section, name, wanted in _WANTED_SETTINGS:
        value = settings.get(section, {}).get(name)
        yield Finding(is_good=value in wanted, name=f"app {section}.{name}", value=repr(value))


def _encoders() -> Iterator[Finding]:
    for name in encoder_names():
        card = get_encoder(name).card
        value = f"{card.dim} features at {card.mpp:g} um/px, {card.licence}"
        yield Finding(is_good=True, name=f"encoder {name}", value=value)


def _shipped_model() -> Iterator[Finding]:
    assets = demo_assets()
    if not (assets / "model").is_dir():
        text = "not in this installation; 'healnet demo --rebuild' makes it in a checkout"
        yield Finding(is_good=True, name="shipped model", value=text)
        return
    bundle = read_bundle(assets / "model")
    yield Finding(
        is_good=True, name="shipped model", value=f"{bundle.name} {bundle.sha256[:16]}"
    )
    for path in sorted(assets.glob("cases/*/features.h5"))[:1]:
        case = Case(case_id=path.parent.name, slides=(read_features(path),))
        first, again = (predict_case(bundle, case, explain=False).risk for _ in range(2))
        yield _compared(case.case_id, (first, again), _stored_risk(assets, case.case_id))


def _compared(case_id: str, answers: tuple[float, float], stored: float | None) -> Finding:
    """Return whether two answers are the same bits, and close to that of the build machine."""
    first, again = answers
    text = f"{case_id} has risk {first:.4f}"
    text += ", twice the same bits" if first == again else f" and then {again:.4f}"
    if stored is None:
        return Finding(is_good=first == again, name="self-test", value=text + "; none stored")
    is_near = abs(first - stored) <= _RISK_TOLERANCE
    text += f"; {stored:.4f} when it was built"
    return Finding(is_good=first == again and is_near, name="self-test", value=text)


def _stored_risk(assets: Path, case_id: str) -> float | None:
    """Return what the model answered about the slide when it was built, if that is stored."""
    path = assets / "study.json"
    cases = (
        json.loads(path.read_text(encoding="utf-8")).get("cases", []) if path.is_file() else []
    )
    risks = [case.get("slide_risk") for case in cases if case["case_id"] == case_id]
    return float(risks[0]) if risks and risks[0] is not None else None


_CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _versions,
    _machine,
    _slides,
    _settings,
    _encoders,
    _shipped_model,
)
