"""Bytes of a boundary at equal accuracy: the entropy coder against the present wire, JPEG and WebP.

Ranges, steps and their errors come from a third of the inputs, bytes and accuracy from the rest, that
calibration never saw. Of every kind of way the fewest bytes count that cost a point or less. Frames are
whole, with header and names. ``nearest`` is one step for all tensors of a boundary, ``by_tensor`` steps by
marginal error per byte, and ``coded`` these with codes moved to save bits, too: what a planner chooses from.
Of several tensors ``coded`` is also one step for all, rounded to nearest or moved: the fewest bytes of these.
``transformed`` is what has fewer bytes of that and steps of components of channels, ``restored`` of that and
steps behind restoration networks, of components or not; both are learned from the inputs that calibrate.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks.codec.codec_cases import MODELS, CodecCase, codec_cases
from benchmarks.codec.coder_speed import coder_rows
from benchmarks.codec.picture_curves import PICTURES, picture_curve
from benchmarks.codec.rate_accuracy import rate_accuracy_curve
from benchmarks.report import RESULTS, write_result
from evosplit.shared.graph import Cut
from evosplit.shared.session import Runner

ALLOWED_POINTS: Final = 1.0
THREADS: Final = 1
KINDS: Final = ("zstd", "nearest", "by_tensor", "coded", "transformed", "restored", "both")
TARGETS: Final = {
    "against_present": 0.5,
    "bits_per_element": 1.3,
    "against_jpeg": 0.25,
    "against_entropy": 1.02,
    "restored_against_present": 1 / 3,
    "restored_bits_per_element": 0.8,
}


def main(asked: Sequence[str] = ()) -> None:
    """Measure and write the result; rows alone that are ``asked`` for (``MODEL``, ``MODEL:CUT``) anew."""
    known = json.loads((RESULTS / "feature_codec.json").read_text(encoding="utf-8")) if asked else {}
    coder = known.get("coder") or coder_rows()
    rows = {(row["model"], row["cut"]): row for row in known.get("rows", ())}
    for case in codec_cases(name.partition(":")[0] for name in asked):
        for row in case_rows(case, [name.partition(":")[2] for name in asked if ":" in name]):
            rows[row["model"], row["cut"]] = row
            _write(coder, list(rows.values()))


def _write(coder: Sequence[Mapping[str, float]], rows: Sequence[Mapping[str, Any]]) -> None:
    """After every row: each takes minutes."""
    order = sorted(rows, key=lambda row: (MODELS.index(row["model"]), row["share_of_arithmetic"]))
    write_result("feature_codec", {"targets": TARGETS, "coder": coder, **_means(order), "rows": order})


def case_rows(case: CodecCase, cuts: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """One row for each cut of a network, or for those asked for by their keys."""
    whole = Runner(case.graph.model, THREADS)
    right = [whole.run(dict(feeds)) for feeds in case.unseen.feeds]
    pictures = picture_curve(case, right, THREADS)
    for cut, share in case.cuts():
        if not cuts or cut.key in cuts:
            curve = list(rate_accuracy_curve(case, cut, right, ALLOWED_POINTS, THREADS))
            row = _row(case, cut, share, case.points(right, right), [*curve, *pictures])
            print({key: value for key, value in row.items() if key != "curve"}, file=sys.stderr, flush=True)
            yield row


def _row(
    case: CodecCase, cut: Cut, share: float, float_points: float, curve: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The fewest bytes of each kind that keep the points, and how they compare."""
    elements = sum(case.graph.tensors[name].elements for name in cut.boundary)
    complete = [point for point in curve if point["inputs"] == len(case.unseen.feeds)]
    best = {kind: _fewest(complete, kind, float_points) for kind in (*KINDS, *PICTURES)}
    if len(cut.boundary) > 1:
        best["coded"] = _fewer(best["coded"], _fewer(best["nearest"], best["by_tensor"]))
    transformed = _fewer(best["transformed"], best["coded"])
    restored = _fewer(_fewer(best["restored"], best["both"]), transformed)
    before = best["by_tensor"] if len(cut.boundary) > 1 else best["nearest"]
    return {
        "model": case.graph.name,
        "cut": cut.key,
        "share_of_arithmetic": share,
        "boundary": [list(case.graph.tensors[name].shape) for name in cut.boundary],
        "unit": case.unit,
        "unseen_inputs": len(case.unseen.feeds),
        "float_points": float_points,
        "present": best["zstd"],
        "nearest": best["nearest"],
        "by_tensor": best["by_tensor"],
        "coded": best["coded"],
        "transformed": transformed,
        "transformed_bits_per_element": transformed and 8 * transformed["bytes"] / elements,
        "transformed_against_present": _ratio(transformed, best["zstd"]),
        "transformed_against_coded": _ratio(transformed, best["coded"]),
        "restored": restored,
        "restored_bits_per_element": restored and 8 * restored["bytes"] / elements,
        "restored_against_present": _ratio(restored, best["zstd"]),
        "restored_against_coded": _ratio(restored, best["coded"]),
        "bits_per_element": best["coded"] and 8 * best["coded"]["bytes"] / elements,
        "against_present": _ratio(best["coded"], best["zstd"]),
        "by_tensor_against_nearest": _ratio(best["by_tensor"], best["nearest"]),
        "coded_against_nearest": _ratio(best["coded"], before),
        **{f"against_{kind.lower()}": _ratio(best["coded"], best[kind]) for kind in PICTURES},
        **{f"restored_against_{kind.lower()}": _ratio(restored, best[kind]) for kind in PICTURES},
        **{kind.lower(): best[kind] for kind in PICTURES},
        "curve": curve,
    }


def _fewest(curve: Sequence[Mapping[str, Any]], kind: str, float_points: float) -> dict[str, Any] | None:
    kept = [row for row in curve if row["way"] == kind and row["points"] >= float_points - ALLOWED_POINTS]
    return dict(min(kept, key=lambda row: row["bytes"])) if kept else None


def _fewer(row: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """That of fewer bytes, or the one that there is."""
    if row is None or other is None:
        return row or other
    return min(row, other, key=lambda row: row["bytes"])


def _ratio(row: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> float | None:
    return row["bytes"] / other["bytes"] if row and other else None


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    keys = (
        *("against_present", "bits_per_element", "by_tensor_against_nearest", "coded_against_nearest"),
        *("against_jpeg", "against_webp", "restored_against_present", "restored_against_coded"),
        *("restored_against_jpeg", "restored_against_webp", "restored_bits_per_element"),
        *(f"transformed_{key}" for key in ("against_present", "against_coded", "bits_per_element")),
    )
    values = {key: [row[key] for row in rows if row.get(key) is not None] for key in keys}
    means = {f"geometric_mean_{key}": statistics.geometric_mean(each) for key, each in values.items() if each}
    bits = ("bits_per_element", "transformed_bits_per_element", "restored_bits_per_element")
    return {**means, **{f"mean_{key}": statistics.fmean(values[key]) for key in bits if values[key]}}


if __name__ == "__main__":
    main(sys.argv[1:])
