"""Store of the cloud tier: objects by digest and records, each embedded in the data folder or at a URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evosplit.cloud.storage.records import Records, file_records, open_records
from evosplit.cloud.storage.s3_objects import s3_objects
from evosplit.shared.storage.file_objects import FileObjects
from evosplit.shared.storage.objects import Objects

RECORDS_VARIABLE: Final = "EVOSPLIT_RECORDS"
OBJECTS_VARIABLE: Final = "EVOSPLIT_OBJECTS"
RECORDS_FILE: Final = "records.sqlite"


@dataclass(frozen=True)
class Store:
    """Objects: bundles, profiles, networks, calibration inputs. Records: plans, fleet, results, sequences."""

    objects: Objects
    records: Records


@dataclass(frozen=True)
class StorePlaces:
    """Where a store is: the ``data`` folder, and URLs for what is elsewhere (which may hold a password)."""

    data: Path
    records: str | None = field(default=None, repr=False)
    objects: str | None = None

    def open(self) -> Store:
        """The store. Raises UsageError, MissingExtraError, StoreError."""
        return Store(self.open_objects(), self._open_records())

    def check(self) -> None:
        """Open the store and leave it. Raises UsageError, MissingExtraError, StoreError."""
        self.open().records.close()

    def open_objects(self) -> Objects:
        """The objects alone. Raises UsageError, MissingExtraError, StoreError."""
        if self.objects is None:
            return FileObjects(self.data)
        return s3_objects(self.objects, self.data / "copies")

    def _open_records(self) -> Records:
        if self.records is None:
            return file_records(self.data / RECORDS_FILE)
        return open_records(self.records)
