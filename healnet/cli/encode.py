"""``healnet encode``: slides to feature files."""

import argparse
from pathlib import Path

from healnet.cli.entry import DONE, REFUSED, report, say_written
from healnet.cli.progress import ProgressLine, describe
from healnet.data.encode import encode_slide
from healnet.encoders.protocol import PatchEncoder
from healnet.encoders.registry import get_encoder
from healnet.exceptions import Cancelled, HealNetError


def run(options: argparse.Namespace) -> int:
    """Encode every slide; a refused one does not stop the others, but the exit code says it."""
    encoder = get_encoder(options.encoder)
    is_refused = False
    for path in options.slides:
        try:
            say_written(_encode(path, encoder, options))
        except Cancelled:
            raise
        except HealNetError as error:
            report(error.to_notice(), as_json=options.json)
            is_refused = True
    return REFUSED if is_refused else DONE


def _encode(path: Path, encoder: PatchEncoder, options: argparse.Namespace) -> Path:
    line = ProgressLine()
    encoded = encode_slide(
        path,
        encoder=encoder,
        out_dir=options.out,
        mpp=options.mpp,
        patch_px=options.patch,
        slide_mpp=options.slide_mpp,
        max_patches=options.max_patches,
        progress=lambda now: line.show(f"{path.name}: {describe(now)}"),
    )
    for notice in encoded.notices:
        report(notice, as_json=options.json, kind="warning")
    return encoded.path
