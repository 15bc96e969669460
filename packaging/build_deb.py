"""Debian package of the edge agent, for this machine or for 64-bit Arm: ``make deb ARCH=arm64``.

Dependencies are laid into the package as wheels have them, at the versions of constraints.txt, so that
nothing is fetched or compiled where it is installed (docs/decisions/debian-package.md).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

VERSION: Final = version("evosplit")
ROOT: Final = Path(__file__).resolve().parents[1]
PARTS: Final = ROOT / "packaging" / "deb"
PLATFORMS: Final = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
EXTRAS: Final = "edge,video"
SCRIPTS: Final = ("postinst", "prerm", "postrm")
CONFFILES: Final = ("/etc/evosplit/edge.yaml",)


def main() -> None:
    """Build one package, and print its path."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="evosplit-deb-") as name:
        tree = Path(name) / "tree"
        _install(tree / "usr/lib/evosplit/site", options)
        _place_files(tree, options.python)
        _write_control(tree, options.arch, options.python)
        package = options.out / f"evosplit_{version('evosplit')}_{options.arch}.deb"
        _run("dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", str(tree), str(package))
    print(package)  # noqa: T201 - what the command is for


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", choices=sorted(PLATFORMS), default="amd64")
    parser.add_argument("--python", default="3.11", help="Debian 12 has 3.11, JetPack 6 has 3.10")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--bare", action="store_true", help="without dependencies, to look at the rest")
    return parser.parse_args()


def _install(site: Path, options: argparse.Namespace) -> None:
    """The program and what it needs, as wheels for the other machine."""
    uv = str(Path(sys.executable).with_name("uv"))
    with tempfile.TemporaryDirectory(prefix="evosplit-wheel-") as folder:
        built = ("--no-build-isolation", "--python", sys.executable, "--out-dir", folder)
        _run(uv, "build", "--wheel", "--quiet", *built, str(ROOT))
        (wheel,) = Path(folder).glob("*.whl")
        what = [str(wheel), "--no-deps"] if options.bare else [f"evosplit[{EXTRAS}] @ {wheel.as_uri()}"]
        target = ("--target", str(site), "--only-binary=:all:", "--link-mode=copy")
        machine = ("--python-platform", PLATFORMS[options.arch], "--python-version", options.python)
        pins = ("--constraint", str(ROOT / "constraints.txt"))
        _run(uv, "pip", "install", "--quiet", *target, *machine, *pins, *what)
    shutil.rmtree(site / "bin", ignore_errors=True)
    (site / ".lock").unlink(missing_ok=True)


def _place_files(tree: Path, python: str) -> None:
    """All but the packages of Python."""
    _copy(PARTS / "evosplit-edge.service", tree / "lib/systemd/system/evosplit-edge.service")
    _copy(PARTS / "start.py", tree / "usr/lib/evosplit/start.py")
    documents = tree / "usr/share/doc/evosplit"
    _copy(PARTS / "copyright", documents / "copyright")
    for name in ("jetson.md", "configuration.md", "sources.md", "results-out.md", "edge-api.md"):
        _copy(ROOT / "docs" / name, documents / name)
    start = f'#!/bin/sh\nexec /usr/bin/python{python} /usr/lib/evosplit/start.py "$@"\n'
    _write(tree / "usr/bin/evosplit", start, 0o755)
    command = (sys.executable, "-m", "evosplit.cli", "config", "show", "--example", "--tier", "edge")
    _write(tree / "etc/evosplit/edge.yaml", _run(*command), 0o640)
    for script in SCRIPTS:
        _copy(PARTS / script, tree / "DEBIAN" / script, 0o755)
    _write(tree / "DEBIAN/conffiles", "".join(f"{path}\n" for path in CONFFILES))


def _write_control(tree: Path, arch: str, python: str) -> None:
    size_kib = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
    major, minor = python.split(".")
    lines = [
        "Package: evosplit",
        f"Version: {version('evosplit')}",
        f"Architecture: {arch}",
        "Maintainer: The EvoSplit authors <evosplit@localhost>",
        f"Installed-Size: {size_kib}",
        f"Depends: adduser, python{python}, libc6 (>= 2.28), libstdc++6",
        "Recommends: ca-certificates",
        "Section: net",
        "Priority: optional",
        "Description: edge agent of a neural network that runs in two places",
        " The agent runs the front of an ONNX network on this machine and has a cloud tier",
        " finish it from quantised, compressed activations; it changes the cut with the",
        " bandwidth and answers alone while the cloud is away.",
        f" This build is for Python {major}.{minor}.",
    ]
    _write(tree / "DEBIAN/control", "\n".join(lines) + "\n")


def _copy(source: Path, place: Path, mode: int = 0o644) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    place.chmod(mode)


def _write(place: Path, text: str, mode: int = 0o644) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(mode)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
