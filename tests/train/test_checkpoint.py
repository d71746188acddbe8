"""The state of a run survives a crash while it is written, and is never taken for another's."""

from pathlib import Path

import pytest
import torch

from healnet.train.checkpoint import read_checkpoint, write_checkpoint


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    state = {"weights": {"w": torch.randn(3)}, "epoch": 4, "losses": [0.5, 0.25]}

    write_checkpoint(tmp_path / "fold0.pt", state, digest="abc")
    back = read_checkpoint(tmp_path / "fold0.pt", digest="abc")

    assert back is not None
    assert torch.equal(back["weights"]["w"], state["weights"]["w"])
    assert back["epoch"] == 4
    assert back["losses"] == [0.5, 0.25]


def test_a_state_of_another_recipe_or_other_data_is_not_taken_up(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "fold0.pt", {"epoch": 4}, digest="abc")

    assert read_checkpoint(tmp_path / "fold0.pt", digest="abd") is None
    assert read_checkpoint(tmp_path / "fold1.pt", digest="abc") is None


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04" + bytes(40)])
def test_a_damaged_state_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fold0.pt").write_bytes(content)

    assert read_checkpoint(tmp_path / "fold0.pt", digest="abc") is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([1, 2], id="a list"),
        pytest.param({"version": 1, "digest": "abc"}, id="no state"),
        pytest.param({"version": 1, "digest": "abc", "state": 3}, id="a state that is none"),
        pytest.param({"version": 1, "digest": "abc", "state": {1, 2}}, id="a set"),
        pytest.param(Path("x"), id="an object that is never unpickled"),
    ],
)
def test_a_state_of_another_kind_counts_as_none(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "fold0.pt")

    assert read_checkpoint(tmp_path / "fold0.pt", digest="abc") is None


def test_a_crash_while_writing_keeps_the_last_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fold0.pt"
    write_checkpoint(path, {"epoch": 1}, digest="abc")

    def crash(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(OSError, match="No space"):
            write_checkpoint(path, {"epoch": 2}, digest="abc")

    assert read_checkpoint(path, digest="abc") == {"epoch": 1}
