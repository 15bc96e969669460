import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.planner.devices import LayerTiming

COUNT = st.floats(0, 1e7, allow_subnormal=False)
BITS = st.sampled_from((2, 3, 4, 5, 6, 8))


@st.composite
def timings(draw):
    return LayerTiming(
        compute_s=draw(st.floats(0, 1e-2, allow_subnormal=False)),
        weight_elements=draw(COUNT),
        input_elements=(("a", draw(COUNT)), ("b", draw(COUNT))),
        output_elements=(("c", draw(COUNT)),),
        fixed_bytes=draw(COUNT),
        bytes_per_s=draw(st.sampled_from((1e9, 13e9, math.inf))),
        launch_s=draw(st.floats(0, 1e-4, allow_subnormal=False)),
        overlap=draw(st.booleans()),
        weights_first=draw(st.booleans()),
    )


@settings(deadline=None)
@given(timings(), BITS, st.fixed_dictionaries({"a": BITS, "b": BITS, "c": BITS}))
def test_is_what_its_slopes_say(timing, weight_bits, bits):
    traffic_s = timing.fixed_s + weight_bits * timing.weight_s_per_bit
    traffic_s += sum(bits[name] * slope for name, slope in timing.activation_s_per_bit.items())
    exposed_s = weight_bits * timing.weight_s_per_bit if timing.weights_first else 0.0
    both = (timing.compute_s, traffic_s - exposed_s)
    expected = timing.launch_s + exposed_s + (max(both) if timing.overlap else sum(both))
    assert timing.seconds(weight_bits, bits) == pytest.approx(expected, rel=1e-9)


@settings(deadline=None)
@given(timings())
def test_more_bits_never_take_less_time(timing):
    times = [timing.uniform_s(bits) for bits in (2, 4, 6, 8, 16, 32)]
    assert times == sorted(times)


def test_counts_by_hand():
    timing = LayerTiming(1e-3, 8000, (("x", 4000.0),), (("y", 2000.0),), 500, 1e6, 1e-4)
    assert timing.moved_bytes(8, {"x": 4, "y": 2}) == 8000 + 2000 + 500 + 500
    assert timing.seconds(8, {"x": 4, "y": 2}) == pytest.approx(1e-4 + 11e-3)


def test_a_tensor_read_and_written_counts_twice():
    timing = LayerTiming(0.0, 0.0, (("x", 8.0),), (("x", 8.0),), 0.0, 1.0)
    assert timing.activation_s_per_bit == {"x": 2.0}


def test_a_measured_layer_is_what_was_measured():
    assert LayerTiming(0.25).uniform_s(2) == LayerTiming(0.25).uniform_s(32) == 0.25
