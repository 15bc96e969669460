"""Bytes of a boundary at equal accuracy: the entropy coder against the present wire, JPEG and WebP.

Ranges, steps and their errors come from a third of the inputs, bytes and accuracy from the rest, that
calibration never saw. Of every kind of way the fewest bytes count that cost a point or less. Frames are
whole, with header and names. ``nearest`` is one step for all tensors of a boundary, ``by_tensor`` steps by
marginal error per byte, and ``coded`` these with codes moved to save bits, too: what a planner chooses from.
``restored`` is what has fewer bytes of that and steps behind restoration networks, learned from the inputs
that calibrate.
"""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.codec.codec_cases import CodecCase, Outputs, codec_cases
from benchmarks.codec.coder_speed import coder_rows
from benchmarks.codec.rate_accuracy import rate_accuracy_curve
from benchmarks.report import write_result
from evosplit.planner.encodings.encoding_costs import to_pixels
from evosplit.shared.picture_codes import as_it_is, sized_feeds
from evosplit.shared.session import Runner

ALLOWED_POINTS: Final = 1.0
THREADS: Final = 2
QUALITIES: Final = (95, 90, 85, 80, 70, 60, 50, 40, 30, 20)
KINDS: Final = ("zstd", "nearest", "by_tensor", "coded", "restored")
TARGETS: Final = {
    "against_present": 0.5,
    "bits_per_element": 1.3,
    "against_jpeg": 0.25,
    "against_entropy": 1.02,
    "restored_against_present": 1 / 3,
    "restored_bits_per_element": 0.8,
}


def main() -> None:
    """Measure and write the result."""
    rows = [row for case in codec_cases() for row in case_rows(case)]
    write_result("feature_codec", {"targets": TARGETS, "coder": coder_rows(), **_means(rows), "rows": rows})


def case_rows(case: CodecCase) -> Iterator[dict[str, Any]]:
    """One row for each cut of a network."""
    whole = Runner(case.graph.model, THREADS)
    right = [whole.run(dict(feeds)) for feeds in case.unseen.feeds]
    float_points = case.points(right, right)
    pictures = _pictures(case, right, float_points)
    for cut, share in case.cuts():
        curve = list(rate_accuracy_curve(case, cut, right, ALLOWED_POINTS, THREADS))
        elements = sum(case.graph.tensors[name].elements for name in cut.boundary)
        complete = [point for point in curve if point["inputs"] == len(right)]
        best = {kind: _fewest(complete, kind, float_points) for kind in KINDS}
        restored = _fewer(best["restored"], best["coded"])
        before = best["by_tensor"] if len(cut.boundary) > 1 else best["nearest"]
        row = {
            "model": case.graph.name,
            "cut": cut.key,
            "share_of_arithmetic": share,
            "boundary": [list(case.graph.tensors[name].shape) for name in cut.boundary],
            "unit": case.unit,
            "unseen_inputs": len(right),
            "float_points": float_points,
            "present": best["zstd"],
            "nearest": best["nearest"],
            "by_tensor": best["by_tensor"],
            "coded": best["coded"],
            "restored": restored,
            "restored_bits_per_element": restored and 8 * restored["bytes"] / elements,
            "restored_against_present": _ratio(restored, best["zstd"]),
            "restored_against_coded": _ratio(restored, best["coded"]),
            "bits_per_element": best["coded"] and 8 * best["coded"]["bytes"] / elements,
            "against_present": _ratio(best["coded"], best["zstd"]),
            "by_tensor_against_nearest": _ratio(best["by_tensor"], best["nearest"]),
            "coded_against_nearest": _ratio(best["coded"], before),
            **{f"against_{name}": _ratio(best["coded"], picture) for name, picture in pictures.items()},
            **pictures,
            "curve": curve,
        }
        print({key: value for key, value in row.items() if key != "curve"}, flush=True)
        yield row


def _pictures(case: CodecCase, right: Sequence[Outputs], float_points: float) -> dict[str, Any]:
    """The fewest bytes of JPEG and WebP of the network's input that keep the points."""
    return {kind.lower(): _picture(case, kind, right, float_points) for kind in ("JPEG", "WEBP")}


def _picture(
    case: CodecCase, kind: str, right: Sequence[Outputs], float_points: float
) -> dict[str, Any] | None:
    sized, name = as_it_is(case.card), case.card.input.tensor or ""
    pixels = [to_pixels(sized, feeds[name]) for feeds in case.unseen.feeds]
    whole = Runner(case.graph.model, THREADS)
    curve = []
    for quality in QUALITIES:
        files = [_file(picture, kind, quality) for picture in pixels]
        points = case.points(right, [whole.run(dict(sized_feeds(sized, file))) for file in files])
        size = statistics.fmean(map(len, files))
        curve.append({"way": kind, "setting": quality, "bytes": size, "points": points})
        if points < float_points - 3 * ALLOWED_POINTS:
            break
    return _fewest(curve, kind, float_points)


def _file(pixels: np.ndarray, kind: str, quality: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind, quality=quality)
    return content.getvalue()


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
        "restored_bits_per_element",
    )
    values = {key: [row[key] for row in rows if row[key] is not None] for key in keys}
    means = {f"geometric_mean_{key}": statistics.geometric_mean(each) for key, each in values.items() if each}
    return {**means, "mean_bits_per_element": statistics.fmean(values["bits_per_element"])}


if __name__ == "__main__":
    main()
