"""Markdown table of the codec's figures: ``python -m benchmarks.codec.codec_table`` after the benchmark."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from benchmarks.report import RESULTS

_KINDS: Final = ("nearest", "by_tensor", "coded", "transformed", "restored")
_BITS: Final = ("bits_per_element", "transformed_bits_per_element", "restored_bits_per_element")
_RATIOS: Final = (
    *("against_present", "transformed_against_present", "restored_against_present"),
    *("against_jpeg", "against_webp", "restored_against_jpeg", "restored_against_webp"),
)
_HEADS: Final = (
    *("network", "arithmetic before the cut", "present wire"),
    *("nearest", "by tensor", "coded", "components", "restored"),
    *("bits an element", "components' bits", "restored bits"),
    *("coded / present", "components / present", "restored / present", "coded / JPEG", "coded / WebP"),
    *("restored / JPEG", "restored / WebP"),
)


def main() -> None:
    """Print the table, a row for each cut, and the means."""
    result = json.loads((RESULTS / "feature_codec.json").read_text(encoding="utf-8"))
    print("\n".join(markdown(result["rows"])))
    means = {key: value for key, value in result.items() if "mean" in key}
    print("\n".join(f"{key}: {value:.3f}" for key, value in means.items()))


def markdown(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """The lines of the table; ``-`` where nothing kept the points."""
    yield _line(_HEADS)
    yield _line(["---"] * len(_HEADS))
    for row in rows:
        present = row["present"]
        yield _line(
            [
                row["model"],
                f"{100 * row['share_of_arithmetic']:.0f} %",
                f"{_kilobytes(present)} ({present['setting']:.0f} bits)" if present else "-",
                *(_kilobytes(row.get(kind)) for kind in _KINDS),
                *(_number(row.get(key)) for key in (*_BITS, *_RATIOS)),
            ]
        )


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _kilobytes(point: Mapping[str, Any] | None) -> str:
    return f"{point['bytes'] / 1000:.1f} kB" if point else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
