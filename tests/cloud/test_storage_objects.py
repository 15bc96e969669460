"""Objects in a folder and in a bucket of a real S3 server: the same answers from both."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from storage_servers import s3_server

from evosplit.cloud.storage.s3_objects import s3_objects
from evosplit.cloud.storage.store import StorePlaces
from evosplit.shared.errors import NotFoundError, StoreError, UsageError
from evosplit.shared.free_ports import free_port
from evosplit.shared.link import Link
from evosplit.shared.storage.file_objects import FileObjects
from evosplit.shared.storage.objects import Objects, read_value, write_value

BUCKET = "evosplit-tests"
NAMES = some.sampled_from(["a", "b", "deep/a", "deep/er/a", "deep.evb"])


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, s3_server() as url:
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL_S3", url)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield url


@pytest.fixture(scope="module", params=["files", "s3"])
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Objects]:
    """Objects of which there are none yet."""
    numbers = itertools.count()
    if request.param == "s3":
        request.getfixturevalue("endpoint")
        bucket = s3_objects(f"s3://{BUCKET}/tests", tmp_path_factory.mktemp("copies"))

    def make() -> Objects:
        if request.param == "files":
            return FileObjects(tmp_path_factory.mktemp("objects"))
        return bucket.below(str(next(numbers)))

    return make


STEPS = some.one_of(
    some.tuples(some.just("write"), NAMES, some.binary(max_size=20)),
    some.tuples(some.just("adopt"), NAMES, some.binary(max_size=20)),
    some.tuples(some.just("remove"), NAMES, some.just(b"")),
)


@given(steps=some.lists(STEPS, max_size=8))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_objects_are_as_a_dictionary(
    fresh: Callable[[], Objects], steps: list[tuple[str, str, bytes]]
) -> None:
    objects, known = fresh(), dict[str, bytes]()
    for what, name, content in steps:
        if what == "write":
            objects.write(name, content)
        elif what == "adopt":
            written = objects.new_file(name)
            written.write_bytes(content)
            objects.adopt(written, name)
            assert not written.exists()
        else:
            objects.remove(name)
        known = (
            {**known, name: content} if what != "remove" else {k: v for k, v in known.items() if k != name}
        )
    sizes = {key: len(value) for key, value in known.items()}
    assert {entry.name: entry.size_bytes for entry in objects.entries()} == sizes
    for name, content in known.items():
        assert objects.has(name)
        assert objects.read(name) == objects.file(name).read_bytes() == content
    below = {name.removeprefix("deep/"): value for name, value in known.items() if name.startswith("deep/")}
    deep = objects.below("deep")
    assert {entry.name: deep.read(entry.name) for entry in deep.entries()} == below


@pytest.mark.parametrize(
    "name", ["none", "deep/none", "", "..", "../a", "a/../../b", "/etc/passwd", "a//b", "-x"]
)
def test_what_is_not_there_is_not_found(fresh: Callable[[], Objects], name: str) -> None:
    objects = fresh()
    objects.write("a", b"")
    with pytest.raises(NotFoundError, match="nothing is stored as"):
        objects.read(name)
    with pytest.raises(NotFoundError, match="nothing is stored as"):
        objects.file(name)


def test_a_file_follows_its_object(fresh: Callable[[], Objects]) -> None:
    objects = fresh()
    objects.write("x.evb", b"first")
    assert objects.file("x.evb").read_bytes() == b"first"
    objects.write("x.evb", b"second")
    assert objects.file("x.evb").read_bytes() == b"second"
    assert objects.file("x.evb").name == "x.evb"


def test_values_of_another_version_are_none(fresh: Callable[[], Objects]) -> None:
    objects = fresh()
    assert read_value(Link, objects, "link.json") is None
    write_value(objects, "link.json", Link(5.0))
    assert read_value(Link, objects, "link.json") == Link(5.0)
    objects.write("link.json", b"{")
    assert read_value(Link, objects, "link.json") is None


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "links").write_text("in the way")
    objects = FileObjects(tmp_path)
    with pytest.raises(StoreError, match="cannot keep or read links/a: "):
        objects.write("links/a", b"")


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("url", ["http://x/y", "s3://", "s3:///a", "s3://bucket/a?b=c", "bucket"])
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="write it like s3://bucket/prefix"):
        StorePlaces(tmp_path, objects=url).open_objects()


@pytest.mark.usefixtures("endpoint")
def test_a_bucket_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="the bucket none-such"):
        s3_objects("s3://none-such/x", tmp_path)


@pytest.mark.usefixtures("endpoint")
def test_a_server_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StoreError, match="cannot be reached") as away:
        s3_objects(f"s3://{BUCKET}", tmp_path)
    assert "\n" not in str(away.value)
