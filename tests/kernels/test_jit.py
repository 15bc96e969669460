"""Where compiled kernels are kept: never beside the source, and nowhere is fine too."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from evosplit.kernels import jit

ROOT = Path(__file__).parents[2]
ENCODE = (
    "import numpy as np; from evosplit.kernels.quantise import fake_quantise;"
    "from evosplit.kernels import jit;"
    "fake_quantise(np.ones(9, np.float32), 3); print(jit.config.CACHE_DIR)"
)


def run_python(code, **variables):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_users_cache_folder(tmp_path):
    place = run_python(ENCODE, XDG_CACHE_HOME=str(tmp_path))
    assert Path(place).parent == tmp_path / "evosplit"
    assert list(Path(place).rglob("*.nbi"))


def test_numba_cache_dir_wins(tmp_path):
    assert run_python(ENCODE, NUMBA_CACHE_DIR=str(tmp_path), XDG_CACHE_HOME="/nowhere") == str(tmp_path)
    assert list(tmp_path.rglob("*.nbi"))


def test_nothing_writable_still_works():
    nowhere = "/proc/nowhere"
    code = "import tempfile; tempfile.tempdir = '/proc/nowhere';" + ENCODE
    assert run_python(code, HOME=nowhere, XDG_CACHE_HOME=nowhere) == ""


def test_an_unwritable_numba_cache_dir_is_passed_over(tmp_path):
    place = run_python(ENCODE, NUMBA_CACHE_DIR="/proc/nowhere", XDG_CACHE_HOME=str(tmp_path))
    assert Path(place).parent == tmp_path / "evosplit"


def test_falls_back_to_a_private_temporary_folder(tmp_path):
    place = Path(run_python(ENCODE, HOME="/proc/nowhere", XDG_CACHE_HOME="", TMPDIR=str(tmp_path)))
    assert place.parent == tmp_path / f"evosplit-{os.getuid()}"
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_a_folder_others_may_write_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    open_to_all = tmp_path / "evosplit"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert jit.cache_folder().parent == tmp_path / "home" / ".cache" / "evosplit"
    open_to_all.chmod(0o755)
    assert jit.cache_folder().parent == open_to_all


def test_no_compiled_files_in_the_repository():
    assert not list((ROOT / "kernels").rglob("*.nb[ic]"))
