"""One name in site-packages: the wheel holds `evosplit` alone, beside distributions of any other name."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
NO_INDEX = ("Failed to fetch", "network was disabled", "Could not connect", "dns error", "timed out")
LIBRARY = ROOT / "evosplit" / "library"
PACKAGES = ("cli", "cloud", "edge", "kernels", "planner", "shared")
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "evosplit", *PACKAGES)


def _run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=folder)
    if done.returncode and any(sign in done.stderr for sign in NO_INDEX):
        pytest.skip("needs a package index, and none could be reached")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, as an installer without a wheel would do."""
    if not UV.is_file():
        pytest.skip("needs uv, which comes with the dev extra")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    options = ("--no-build-isolation", "--python", sys.executable, "--out-dir", str(folder / "dist"))
    _run(str(UV), "build", *options, str(source), folder=folder)
    return next((folder / "dist").glob("*.whl"))


def test_the_wheel_holds_one_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"evosplit"}
    code = {name for name in names if name.endswith(".py")}
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    library = {"evosplit/__init__.py", *(str(path.relative_to(ROOT)) for path in LIBRARY.rglob("*.py"))}
    assert code == library | {f"evosplit/{path.relative_to(ROOT)}" for path in sources}


def test_the_wheel_holds_the_data_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = [path for folder in ("assets", "cards") for path in (ROOT / "cli" / folder).iterdir()]
    data += (ROOT / "shared" / "web" / "static").iterdir()
    expected = {f"evosplit/{path.relative_to(ROOT)}" for path in data if path.is_file()}
    assert expected
    assert expected | {"evosplit/cloud/serve_config.yaml", "evosplit/py.typed"} <= names


def test_the_script_in_the_wheel_may_be_run(wheel: Path) -> None:
    entry = zipfile.ZipFile(wheel).getinfo("evosplit/cloud/front/haproxy.sh")
    assert entry.external_attr >> 16 & 0o111 == 0o111


def test_the_library_works_out_of_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """Cards that come with it are found where it is installed, not in a checkout."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import evosplit, pathlib;"
        "from evosplit.library.card_files import find_card;"
        "print(find_card(pathlib.Path('mobilenetv2.onnx')));"
        "print(evosplit.plan.__module__)"
    )
    card, module = _run(sys.executable, "-c", code, folder=tmp_path).splitlines()
    assert Path(card) == tmp_path / "site" / "evosplit" / "cli" / "cards" / "mobilenetv2.yaml"
    assert module == "evosplit.library.plan"


def test_it_is_imported_beside_a_distribution_named_kernels(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    options = ("--no-deps", "--target", str(target), "--python", sys.executable)
    _run(str(UV), "pip", "install", *options, str(wheel), "kernels", folder=tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import evosplit.kernels, importlib.util as u;"
        "print(evosplit.kernels.__file__); print(u.find_spec('kernels').origin)"
    )
    ours, theirs = _run(sys.executable, "-c", code, folder=tmp_path).splitlines()
    assert Path(ours) == target / "evosplit" / "kernels" / "__init__.py"
    assert Path(theirs) == target / "kernels" / "__init__.py"
    assert Path(ours).read_bytes() == (ROOT / "kernels" / "__init__.py").read_bytes()
