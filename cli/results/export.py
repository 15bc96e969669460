"""Export of results to CSV or Parquet files, row by row, whatever their number."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from evosplit.shared.errors import MissingExtraError, UsageError
from evosplit.shared.result import Result
from evosplit.shared.result_query import things_of
from evosplit.shared.serial import from_data

Row: TypeAlias = dict[str, Any]
COLUMNS: Final[Mapping[str, str]] = {
    "edge": "string",
    "frame_id": "string",
    "stream": "string",
    "model": "string",
    "received_at": "time",
    "answered_by": "string",
    "label": "string",
    "text": "string",
    "confidence": "float",
    "things": "int",
    "plan_digest": "string",
    "cut_key": "string",
    "hook": "string",
    "cloud": "string",
    "late": "bool",
    "wire_bytes": "int",
    "total_s": "float",
    "error": "string",
    "outcome": "string",
}
"""Of an exported row and their types; ``label`` and ``text`` are the first ones, ``outcome`` is JSON."""
_GROUP: Final = 5000


def export_rows(results: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write all results, and say how many; the file is there when it is complete.

    Raises UsageError for another kind of file, or one that cannot be written, and MissingExtraError.
    """
    writers: dict[str, Callable[[Iterator[Row], Path], int]] = {".csv": _csv, ".parquet": _parquet}
    if path.suffix.lower() not in writers:
        raise UsageError(f"results are exported to .csv or .parquet, not to {path.name!r}")
    part = path.with_name(path.name + ".partial")
    try:
        count = writers[path.suffix.lower()](map(exported, results), part)
        part.replace(path)
    except OSError as refused:
        raise UsageError(f"cannot write {path}: {refused.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return count


def exported(data: Mapping[str, Any]) -> Row:
    """A result, with its ``edge`` where a cloud told it, as a row of `COLUMNS`."""
    result = from_data(Result, {name: value for name, value in data.items() if name != "edge"}, UsageError)
    things = things_of(result)
    first = things[0] if things else None
    values: Row = {name: getattr(result, name, None) for name in COLUMNS}
    return values | {
        "edge": data.get("edge"),
        "received_at": dt.datetime.fromtimestamp(result.received_at_s, dt.timezone.utc),
        "label": None if first is None else first.label,
        "text": None if first is None else first.text,
        "things": len(things),
        "total_s": result.breakdown.total_s,
        "outcome": None if result.outcome is None else json.dumps(result.outcome, ensure_ascii=False),
    }


def _csv(rows: Iterator[Row], path: Path) -> int:
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, "received_at": row["received_at"].isoformat()})
            count += 1
    return count


def _parquet(rows: Iterator[Row], path: Path) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as missing:
        raise MissingExtraError("--export to Parquet", str(missing.name), "export") from None
    types = {
        "string": pa.string(),
        "time": pa.timestamp("us", "UTC"),
        "float": pa.float64(),
        "int": pa.int64(),
        "bool": pa.bool_(),
    }
    schema, count = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()]), 0
    with pq.ParquetWriter(path, schema) as writer:
        while group := list(itertools.islice(rows, _GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema))
            count += len(group)
    return count
