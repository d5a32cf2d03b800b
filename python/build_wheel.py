"""Builds the wheel, with the bundled connectors inside: build_wheel.py [--release] [--out FOLDER]."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CONNECTORS = ("csv", "json")


def run(*command: str) -> None:
    """Runs a command in the repository."""
    subprocess.run(command, cwd=ROOT, check=True)


def tidy() -> None:
    """Takes away a native module that somebody has put beside the package to try it."""
    for native in (HERE / "headwater").glob("_headwater*.so"):
        native.unlink()


def build_connectors(target: Path, release: bool) -> None:
    """Puts the connector libraries where the package has them."""
    packages = [word for name in CONNECTORS for word in ("-p", f"headwater-connector-{name}")]
    run("cargo", "build", "--quiet", *packages, *(["--release"] if release else []))
    folder = HERE / "headwater" / "connectors"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in CONNECTORS:
        library = f"libheadwater_connector_{name}.so"
        shutil.copy(target / ("release" if release else "debug") / library, folder)


def main() -> None:
    """Builds the wheel and says how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "wheels")
    arguments = parser.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    tidy()
    build_connectors(target, arguments.release)
    shutil.rmtree(arguments.out, ignore_errors=True)
    maturin = (sys.executable, "-m", "maturin", "build", "--quiet", "--out", str(arguments.out))
    # A wheel for tests has the profile of the tests, whose dependencies are built already.
    profile = ("--release", "--strip") if arguments.release else ("--profile", "dev")
    run(*maturin, "--manifest-path", str(HERE / "Cargo.toml"), *profile)
    for wheel in arguments.out.iterdir():
        print(f"{wheel}: {wheel.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
