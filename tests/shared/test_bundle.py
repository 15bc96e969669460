import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from evosplit.shared.bundle import Bundle, Manifest, write_bundle
from evosplit.shared.errors import BundleError
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.serial import to_data

PLAN = Plan(
    model="net",
    model_sha256="0" * 64,
    cut_key="1",
    boundary=("a",),
    weight_bits={"conv": 8},
    activation_bits={"a": 32},
    wire={"a": TensorCode(4, 0.0, 1.0)},
    latency=Latency(0.1, 0.2, 0.3),
    link=Link(5e6, 0.02),
    wire_bytes=100,
    edge_memory_bytes=200,
    error=0.01,
)
MANIFEST = Manifest(
    model="net",
    model_sha256="0" * 64,
    table=PlanTable("net", "0" * 64, 0.02, (), (PLAN,), None),
    card={"name": "net", "mean": [1.5, 2]},
    skeleton="skeleton.onnx",
    weights={"w": {"8": "weights/0-8.evs"}},
)
FILES = {"skeleton.onnx": b"skeleton", "weights/0-8.evs": b"not a frame"}


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "net.bundle"
    return path, write_bundle(path, MANIFEST, FILES)


def rewrite(path: Path, changes: dict[str, bytes | None], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path) as archive:
        content: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in (content | changes).items():
            if data is not None:
                archive.writestr(name, data)


def test_what_was_written_is_read(written: tuple[Path, str]) -> None:
    path, digest = written
    bundle = Bundle.open(path, digest)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    assert bundle.manifest == replace(MANIFEST, files=sums)
    assert bundle.read("skeleton.onnx") == b"skeleton"
    assert bundle.digest == digest
    assert not list(path.parent.glob("*.partial"))


def test_equal_content_gives_equal_bytes(written: tuple[Path, str]) -> None:
    path, digest = written
    other = path.with_name("other")
    assert write_bundle(other, MANIFEST, dict(reversed(FILES.items()))) == digest
    assert other.read_bytes() == path.read_bytes()


def test_a_wrong_digest(written: tuple[Path, str]) -> None:
    with pytest.raises(BundleError, match=r"is bundle .* not ffff"):
        Bundle.open(written[0], "f" * 64)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"skeleton.onnx": b"skeletons"}, "does not match its sha256"),
        ({"skeleton.onnx": None}, "not those that its manifest lists"),
        ({"extra": b""}, "not those that its manifest lists"),
        ({"manifest.json": None}, "has no manifest.json"),
        ({"manifest.json": b"{}"}, "not a valid Manifest"),
    ],
)
def test_changed_files(written: tuple[Path, str], changes: dict[str, bytes | None], message: str) -> None:
    rewrite(written[0], changes)
    with pytest.raises(BundleError, match=message):
        Bundle.open(written[0])


def test_compressed_files_are_refused(written: tuple[Path, str]) -> None:
    rewrite(written[0], {}, zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleError, match="compressed"):
        Bundle.open(written[0])


def test_every_truncation_is_refused(written: tuple[Path, str]) -> None:
    path, digest = written
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(BundleError):
            Bundle.open(path, digest)


def test_every_flipped_bit_is_refused_or_harmless(written: tuple[Path, str]) -> None:
    path, digest = written
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        path.write_bytes(content[:position] + bytes([content[position] ^ 16]) + content[position + 1 :])
        try:
            bundle = Bundle.open(path, digest)
        except BundleError:
            continue
        assert {name: bundle.read(name) for name in FILES} == FILES


def test_a_missing_bundle_and_other_formats(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot read"):
        Bundle.open(tmp_path / "nothing")
    write_bundle(tmp_path / "b", replace(MANIFEST, format=2), FILES)
    with pytest.raises(BundleError, match="format 2"):
        Bundle.open(tmp_path / "b")
    write_bundle(tmp_path / "c", replace(MANIFEST, skeleton="gone"), FILES)
    with pytest.raises(BundleError, match="lacks gone"):
        Bundle.open(tmp_path / "c")


def test_weights_that_are_not_packed(written: tuple[Path, str]) -> None:
    bundle = Bundle.open(*written)
    with pytest.raises(BundleError, match="no 4-bit weights for w"):
        bundle.weights({"w": 4})
    with pytest.raises(BundleError):
        bundle.weights({"w": 8})


def test_what_a_bundle_promises_is_said_only_where_it_is_known(tmp_path: Path) -> None:
    """Bundles written before there was a promise keep their digest."""
    old = write_bundle(tmp_path / "old.evb", MANIFEST, FILES)
    assert not {"calibration", "max_drop"} & to_data(MANIFEST).keys()
    said = replace(MANIFEST, calibration="none", max_drop=0.01)
    new = write_bundle(tmp_path / "new.evb", said, FILES)
    assert new != old
    assert Bundle.open(tmp_path / "new.evb").manifest.calibration == "none"
    assert Bundle.open(tmp_path / "new.evb").manifest.max_drop == 0.01
    assert Bundle.open(tmp_path / "old.evb").manifest.calibration is None


def test_a_skeleton_that_is_no_network_is_named(written: tuple[Path, str]) -> None:
    with pytest.raises(BundleError, match="skeleton is no ONNX model"):
        Bundle.open(*written).skeleton()
