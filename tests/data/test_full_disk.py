"""A disk that fills up while features are written."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL_DISK = """
import resource, sys
from pathlib import Path
from tests.data.test_feature_store import features
from healnet.data.feature_store import write_features
path, most = Path(sys.argv[1]), int(sys.argv[2])
whole = features(100, dim=256)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    write_features(path, whole)
except OSError as error:
    print(type(error).__name__, error.errno == 27, [p.name for p in path.parent.iterdir()])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sizes of files cannot be limited there")
@pytest.mark.parametrize("most", [100, 2_500, 40_000, 95_000])
def test_a_disk_that_is_full_at_any_point_is_one_error_and_no_file(
    tmp_path: Path, most: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path / "a.h5", str(most)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout.strip()) == (0, "OSError True []"), done.stderr
