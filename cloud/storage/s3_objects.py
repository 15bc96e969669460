"""Object storage in an S3 bucket (or what speaks its protocol), with a local copy of what files are asked of.

Credentials, region and endpoint are boto3's own: ``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL_S3``, profiles.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import MissingExtraError, NotFoundError, StoreError, UsageError
from evosplit.shared.storage.objects import Entry, Objects, checked_name

SCHEME: Final = "s3"
_CONNECT_S: Final = 5
_READ_S: Final = 30
_ATTEMPTS: Final = 3
_MISSING: Final = ("404", "NoSuchKey", "NotFound")


@dataclass(frozen=True)
class S3Objects:
    """As `evosplit.shared.storage.objects.Objects` says. ``prefix`` is "" or ends with a slash.

    ``copies`` is a folder for local files. Clients of boto3 may be shared between threads.
    """

    client: Any
    bucket: str
    prefix: str
    copies: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, name: str) -> bytes:
        """The content. Raises NotFoundError, StoreError."""
        with _typed_errors(name):
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(name))
            content: bytes = answer["Body"].read()
        return content

    def write(self, name: str, content: bytes) -> None:
        """Put the content in the place of what is there. Raises StoreError."""
        with _typed_errors(name):
            self.client.put_object(Bucket=self.bucket, Key=self._key(name), Body=content)

    def has(self, name: str) -> bool:
        """Whether there is such an object. Raises StoreError."""
        try:
            with _typed_errors(name):
                self.client.head_object(Bucket=self.bucket, Key=self._key(name))
        except NotFoundError:
            return False
        return True

    def entries(self) -> tuple[Entry, ...]:
        """All objects under the prefix, by name. Raises StoreError."""
        listed = []
        with _typed_errors(self.prefix):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
                for item in page.get("Contents", ()):
                    name = item["Key"].removeprefix(self.prefix)
                    changed_s = item["LastModified"].timestamp()
                    listed.append(Entry(name, item["Size"], changed_s, item["ETag"]))
        return tuple(listed)

    def remove(self, name: str) -> None:
        """Drop an object; nothing where there is none. Raises StoreError."""
        with _typed_errors(name):
            self.client.delete_object(Bucket=self.bucket, Key=self._key(name))

    def file(self, name: str) -> Path:
        """A copy of the content as it is now. Raises NotFoundError, StoreError."""
        with _typed_errors(name):
            head = self.client.head_object(Bucket=self.bucket, Key=self._key(name))
        mark = hashlib.sha256(f"{self._key(name)}\0{head['ETag']}".encode()).hexdigest()
        place = self.copies / mark[:32] / Path(name).name
        with self._lock:
            if not place.is_file():
                content = self.read(name)
                with _typed_errors(name):
                    write_whole(place, content, rivals=True)
        return place

    def new_file(self, name: str) -> Path:
        """A path among the copies. Raises StoreError."""
        with _typed_errors(name):
            self.copies.mkdir(parents=True, exist_ok=True)
        return self.copies / f"{checked_name(name).replace('/', '-')}.new"

    def adopt(self, written: Path, name: str) -> None:
        """Upload a local file, and drop it. Raises StoreError."""
        with _typed_errors(name):
            self.write(name, written.read_bytes())
            written.unlink()

    def below(self, folder: str) -> Objects:
        """Those under a longer prefix."""
        return S3Objects(self.client, self.bucket, f"{self._key(folder)}/", self.copies)

    def _key(self, name: str) -> str:
        return self.prefix + checked_name(name)


def s3_objects(url: str, copies: Path) -> S3Objects:
    """The objects of ``s3://bucket/prefix``. Raises UsageError, MissingExtraError."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME or not parts.netloc or parts.query:
        raise UsageError(f"not the address of objects: {url!r} (write it like s3://bucket/prefix)")
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError:
        raise MissingExtraError("a bucket (s3://)", "boto3", "fleet") from None
    prefix = parts.path.strip("/")
    patience = Config(
        connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": _ATTEMPTS}
    )
    try:
        client = boto3.session.Session().client(SCHEME, config=patience)
    except (BotoCoreError, ValueError) as problem:
        raise UsageError(f"cannot use {url}: {problem}") from None
    with _typed_errors(f"the bucket {parts.netloc}"):
        client.head_bucket(Bucket=parts.netloc)
    return S3Objects(client, parts.netloc, f"{prefix}/" if prefix else "", copies)


@contextlib.contextmanager
def _typed_errors(name: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as refusal:
        if refusal.response.get("Error", {}).get("Code") in _MISSING:
            raise NotFoundError(f"nothing is stored as {name!r}") from None
        raise StoreError(f"the object storage refused {name}: {refusal}") from None
    except BotoCoreError as problem:
        raise StoreError(f"the object storage cannot be reached: {problem}") from None
    except OSError as problem:
        raise StoreError(f"cannot keep a copy of {name}: {problem.strerror}") from None
