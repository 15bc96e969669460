"""Requests that wait for the cloud: kept in order, within a bound, and across a crash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evosplit.edge.results.spool import Spool, SpooledFrame, SpooledRequest, SpoolFullError
from evosplit.edge.results.store import Accepted, Store
from evosplit.shared.result import Breakdown, Result

OUTPUTS = {"a/b:0": np.arange(6, dtype=np.float32).reshape(2, 3), "names": np.zeros(1, np.int64)}


def _request(frame_id: str) -> SpooledRequest:
    return SpooledRequest(
        frame_id, "default", "gate", "0" * 64, 5.0, "planned", "frame", "c1", None, 0.1, (4, 3), Breakdown()
    )


def _frame(frame_id: str, content: bytes = b"body") -> SpooledFrame:
    return SpooledFrame(_request(frame_id), content, OUTPUTS)


def _put(store: Store, spool: Spool, frame: SpooledFrame) -> None:
    store.accept(Accepted(frame.request.frame_id, "default", "gate", 5.0)).result()
    spool.put(frame).result()


def _result(frame_id: str) -> Result:
    return Result(frame_id, "default", "gate", 5.0, "cloud", None, None, None, 4, late=True)


def test_requests_leave_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite")
    spool = Spool(store, 10**6)
    for name in ("c", "a", "b"):
        _put(store, spool, _frame(name))
    taken = []
    while (frame := spool.oldest()) is not None:
        taken.append(frame.request.frame_id)
        assert frame.content == b"body"
        for name, values in OUTPUTS.items():
            np.testing.assert_array_equal(frame.outputs[name], values)
        store.finish(_result(frame.request.frame_id)).result()
        spool.finished(frame.request.frame_id)
    assert taken == ["c", "a", "b"]
    assert spool.state().frames == spool.state().size_bytes == 0
    store.close()


def test_a_crash_loses_no_request_and_doubles_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite")
    spool = Spool(store, 10**6)
    for name in ("kept", "answered", "under-way"):
        store.accept(Accepted(name, "default", "gate", 5.0)).result()
    for name in ("kept", "answered"):
        spool.put(_frame(name)).result()
    store.finish(_result("answered")).result()  # and now the process is gone: nobody told the spool
    again = Store(tmp_path / "results.sqlite")
    assert again.interrupted == 1  # only the frame that was neither kept nor answered
    reopened = Spool(again, 10**6)
    assert reopened.holds("kept")
    assert not reopened.holds("answered")
    assert reopened.state().frames == 1
    assert again.get("kept") is None
    again.close()
    store.close()


def test_a_full_spool_refuses_the_newest_and_counts_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite")
    spool = Spool(store, 2500)
    _put(store, spool, SpooledFrame(_request("first"), bytes(2000), {}))
    store.accept(Accepted("second", "default", "gate", 6.0)).result()
    with pytest.raises(SpoolFullError, match="1 frames wait"):
        spool.put(SpooledFrame(_request("second"), bytes(2000), {}))
    assert (spool.state().frames, spool.state().size_bytes, spool.state().refused) == (1, 2000, 1)
    oldest = spool.oldest()
    assert oldest is not None
    assert oldest.request.frame_id == "first"
    store.close()
