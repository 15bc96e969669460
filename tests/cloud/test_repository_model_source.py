"""Models in a bucket of a real S3 server: served, replaced, taken away, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cloud_support import data_plane
from repository_support import chain_like
from storage_servers import s3_server
from told_clock import Clock

from evosplit.cloud.registry import open_registry
from evosplit.cloud.repository.file_states import FileStates
from evosplit.cloud.repository.model_source import (
    LIST_S,
    ModelFolder,
    ModelMirror,
    ModelSource,
    model_source,
)
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.cloud.repository.watch import RepositoryWatch
from evosplit.cloud.storage.s3_objects import s3_objects
from evosplit.shared.errors import NotFoundError, StoreError, UsageError

BUCKET = "models"
PLACE = f"s3://{BUCKET}/served"


@pytest.fixture
def bucket() -> Iterator[Any]:
    """A client of a bucket that holds one model and what serving does not read."""
    with pytest.MonkeyPatch.context() as patch, s3_server() as url:
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL_S3", url)
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        put(client, "served/chain.onnx", content(0))
        put(client, "served/", b"")
        put(client, "served/a name with spaces.onnx", b"")
        put(client, "elsewhere/other.onnx", content(1))
        yield client
        empty(client)


def empty(client: Any) -> None:
    """All servers of a process have the same objects."""
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)


def put(client: Any, key: str, value: bytes) -> None:
    client.put_object(Bucket=BUCKET, Key=key, Body=value)


def content(shift: float) -> bytes:
    return chain_like(shift).SerializeToString()


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def mirror(folder: Path, clock: Clock) -> ModelMirror:
    return ModelMirror(s3_objects(PLACE, folder / "copies"), folder / "mirror", clock)


def test_a_folder_is_a_bucket_by_its_address_alone(bucket: Any, tmp_path: Path) -> None:
    assert isinstance(model_source("s3", tmp_path), ModelFolder)
    source = model_source(PLACE, tmp_path)
    assert list(open_registry(source).models) == ["chain"]
    assert source.folder.parent == tmp_path
    assert source.folder != model_source(f"{PLACE}/deeper", tmp_path).folder


def test_only_what_has_changed_is_fetched_again(bucket: Any, tmp_path: Path) -> None:
    clock = Clock()
    copy = mirror(tmp_path, clock)
    put(bucket, "served/chain.calibration/one.npy", b"1")
    copy.refresh()
    onnx = copy.folder / "chain.onnx"
    assert names(copy.folder) == [
        *(".marks/chain.calibration/one.npy", ".marks/chain.onnx"),
        *("chain.calibration/one.npy", "chain.onnx"),
    ]
    first = onnx.stat()
    put(bucket, "served/chain.yaml", b"postprocess: {}\n")
    clock.now_s += LIST_S
    copy.refresh()
    assert (copy.folder / "chain.yaml").is_file()
    assert onnx.stat().st_ino == first.st_ino
    put(bucket, "served/chain.onnx", content(2))
    bucket.delete_object(Bucket=BUCKET, Key="served/chain.yaml")
    bucket.delete_object(Bucket=BUCKET, Key="served/chain.calibration/one.npy")
    clock.now_s += LIST_S
    copy.refresh()
    assert onnx.read_bytes() == content(2)
    assert names(copy.folder) == [".marks/chain.onnx", "chain.onnx"]
    assert not (copy.folder / "chain.calibration").exists()


def test_a_bucket_is_listed_every_so_often_and_shared_by_processes(bucket: Any, tmp_path: Path) -> None:
    clock = Clock()
    one, other = mirror(tmp_path, clock), mirror(tmp_path, clock)
    one.refresh()
    put(bucket, "served/late.onnx", content(1))
    one.refresh()
    assert not (one.folder / "late.onnx").exists()
    other.refresh()
    late = (one.folder / "late.onnx").stat()
    clock.now_s += LIST_S
    one.refresh()
    assert (one.folder / "late.onnx").stat().st_ino == late.st_ino


def test_what_was_broken_off_is_fetched_again(bucket: Any, tmp_path: Path) -> None:
    clock = Clock()
    copy = mirror(tmp_path, clock)
    copy.refresh()
    (copy.folder / ".marks" / "chain.onnx").unlink()
    (copy.folder / "chain.onnx").write_bytes(b"half")
    clock.now_s += LIST_S
    copy.refresh()
    assert (copy.folder / "chain.onnx").read_bytes() == content(0)


def watch_of(source: ModelSource, tmp_path: Path, clock: Clock) -> tuple[RepositoryWatch, Any]:
    states = FileStates(source)
    taken, registry = states.first(), open_registry(source)
    plane, store = data_plane(registry), VersionStore(tmp_path / "data")
    watch = RepositoryWatch(states, taken, registry, store, plane.warm, lambda _: None, lambda: None, clock)
    return watch, registry


def test_a_model_that_is_uploaded_replaced_and_deleted_is_followed(
    bucket: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    watch, registry = watch_of(mirror(tmp_path, clock), tmp_path, clock)
    old = registry.get("chain").graph.sha256

    def look_twice() -> None:
        clock.now_s += LIST_S
        watch.look()
        watch.look()

    put(bucket, "served/other/2/model.onnx", content(3))
    put(bucket, "served/chain.onnx", content(4))
    look_twice()
    assert sorted(registry.models) == ["chain", "other"]
    assert registry.get("chain").graph.sha256 != old
    put(bucket, "served/chain.onnx", b"no model")
    look_twice()
    assert "the old ones stay in service" in caplog.text
    bucket.delete_object(Bucket=BUCKET, Key="served/other/2/model.onnx")
    look_twice()
    with pytest.raises(NotFoundError):
        registry.get("other")


def test_a_bucket_that_is_away_leaves_what_is_served(
    bucket: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    watch, registry = watch_of(mirror(tmp_path, clock), tmp_path, clock)
    empty(bucket)
    clock.now_s += LIST_S
    watch.look()
    watch.look()
    assert list(registry.models) == ["chain"]
    assert caplog.text.count("the models folder cannot be followed") == 1
    bucket.create_bucket(Bucket=BUCKET)


def test_a_bucket_that_is_not_there_or_has_none_is_said_at_the_start(bucket: Any, tmp_path: Path) -> None:
    with pytest.raises((StoreError, NotFoundError), match="gone"):
        model_source("s3://gone/served", tmp_path)
    with pytest.raises(UsageError, match="no ONNX files"):
        open_registry(model_source(f"s3://{BUCKET}/empty", tmp_path))
