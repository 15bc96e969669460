"""Warm-up: compiles every kernel, or loads it from the cache (``python -m evosplit.kernels.warm``).

Compiling takes seconds and leaves the compiler's memory behind in its process; a process that finds the
machine code in the cache spends neither.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.block_means import block_means
from evosplit.kernels.delta import apply_delta, encode_delta
from evosplit.kernels.entropy_coding import decode_changes, decode_codes, encode_changes, encode_codes
from evosplit.kernels.entropy_coding.rate_distortion import economical_codes
from evosplit.kernels.lighting import largest_change
from evosplit.kernels.pooled import pooled
from evosplit.kernels.quantise import affine_for, fake_quantise, quantise_pack, unpack_dequantise
from evosplit.kernels.readout import read_features, read_maps
from evosplit.kernels.salient import salient
from evosplit.kernels.unpacked_codes import decode_whole, encode_whole, to_codes
from evosplit.shared.plan import TensorCode


def warm_kernels() -> None:
    """Call each kernel once, for each width of codes that it is compiled for."""
    values = np.linspace(-1, 1, 16, dtype=np.float32)
    for bits in (4, 8, 16):
        affine = affine_for(values, bits, None, None, None)
        unpack_dequantise(quantise_pack(values, affine, bits), values.shape, affine, bits)
        _warm_deltas(values, bits)
    warm_entropy_coding()
    fake_quantise(values, 4)
    pooled(values.reshape(1, 4, 4), np.empty((1, 2, 2), np.float32), *np.empty((2, 1), np.float32))
    layers = (values[:4], np.ones((4, 2), np.int8), values[:2], values[:4].reshape(2, 2), values[:2])
    read_maps(values.reshape(1, 1, 4, 4), 2, False, False, layers)
    read_features(values[:4], layers)
    salient(np.stack([values, values]).reshape(2, 4, 4), 0.0, np.zeros((4, 4), np.bool_))
    _warm_comparison(values.reshape(1, 4, 4))


def _warm_comparison(picture: NDArray[np.float32]) -> None:
    """What tells whether a picture changed: of whole pictures, and of regions of them."""
    for region in (picture, picture[:, :, 1:]):
        means = block_means(region, 2).reshape(1, -1)
        largest_change(means, means, 0.5, 2.0)


def _warm_deltas(values: NDArray[np.float32], bits: int) -> None:
    code = TensorCode(bits, -1.0, 1.0)
    base, now = (to_codes("x", each, code) for each in (values, -values))
    delta, _ = encode_delta(base, now, 8, threshold=1)
    apply_delta(decode_whole(encode_whole(base)), delta, 8).values()


def warm_entropy_coding() -> None:
    """Call the economical quantiser and both directions of the entropy coders once."""
    codes = np.zeros(256, np.uint8)
    economical_codes(np.zeros(256, np.float32), 0, codes, (4, 8, 8), 4, 0.1)
    payload = encode_codes(codes, (4, 8, 8), 4, codes.size)
    if payload is not None:
        decode_codes(payload, (4, 8, 8), 4)
    delta = encode_changes(codes, codes, (4, 8, 8), 4, codes.size)
    if delta is not None:
        decode_changes(delta, codes, (4, 8, 8), 4)


if __name__ == "__main__":
    warm_kernels()
