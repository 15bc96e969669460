"""Plans and plan tables as values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evosplit.shared.errors import BundleError, ProfileError
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.profile import Machine, Profile
from evosplit.shared.serial import from_json, to_json

PLAN = Plan(
    model="net",
    model_sha256="0" * 64,
    cut_key="3",
    boundary=("t",),
    weight_bits={"conv": 4},
    activation_bits={"t": 32},
    wire={"t": TensorCode(4, 0.0, 6.0)},
    latency=Latency(0.01, 0.03, 0.002),
    link=Link(1e6, 0.01),
    wire_bytes=2500,
    edge_memory_bytes=1000,
    error=0.5,
)
MACHINE = Machine("cpu", 2, 1, "linux", "ort")


def test_plans_survive_json_and_keep_their_digest() -> None:
    again = from_json(Plan, to_json(PLAN), BundleError)
    assert again == PLAN
    assert again.digest == PLAN.digest
    assert replace(PLAN, wire_bytes=2501).digest != PLAN.digest


def test_steps_for_easy_frames_are_part_of_a_plan_that_has_any() -> None:
    easier = {"t": (TensorCode(3, 0.0, 6.0, "rans"),)}
    known = replace(PLAN, easier=easier)
    assert from_json(Plan, to_json(known), BundleError) == known
    assert b"easier" not in to_json(PLAN)
    assert known.without_cost == PLAN.without_cost


def test_codes_are_coarser_by_bits_or_by_steps() -> None:
    coded = TensorCode(4, 0.0, 3.0, "rans")
    assert coded.step == pytest.approx(0.2)
    assert TensorCode(8, 0.0, 255.0, "rans").is_coarser(coded)
    assert not coded.is_coarser(coded)
    assert TensorCode(3).is_coarser(TensorCode(4, 0.0, 1.0))
    assert not TensorCode(3).is_coarser(coded)
    assert not TensorCode(2, codec="rans").is_coarser(coded)  # its step differs from frame to frame


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(BundleError, match="wire_bytes"):
        from_json(Plan, to_json(PLAN).replace(b'"wire_bytes":2500', b'"wire_bytes":"many"'), BundleError)


def test_only_the_link_part_depends_on_the_link() -> None:
    latency = PLAN.latency_at(Link(2e6, 0.02))
    assert (latency.edge_s, latency.cloud_s) == (0.01, 0.002)
    assert latency.uplink_s == pytest.approx(0.02 + 2500 * 8 / 2e6)
    assert replace(PLAN, wire_bytes=0).latency_at(Link(1.0, 5.0)).uplink_s == 0


def test_the_table_picks_by_breakpoint() -> None:
    slow, fast = PLAN, replace(PLAN, cut_key="1")
    table = PlanTable("net", "0" * 64, 0.01, (2e6,), (slow, fast), None)
    assert table.best(1.9e6) == slow
    assert table.best(2e6) == fast
    assert table.best(1e12) == fast


def test_corrected_layers_sum_to_what_was_measured() -> None:
    profile = Profile("net", "0" * 64, MACHINE, 1, 1.0, (1.0, 1.0, 2.0), {2: 1.0, 3: 2.5}, {0: 3.0}, 0.0, 0.0)
    assert sum(profile.head_layer_s()[:2]) == pytest.approx(1.0)
    assert sum(profile.head_layer_s()) == pytest.approx(2.5)
    assert profile.tail_layer_s() == pytest.approx((0.75, 0.75, 1.5))


def test_a_longer_head_never_costs_less() -> None:
    profile = Profile("net", "0" * 64, MACHINE, 1, 1.0, (1.0, 1.0), {1: 2.0, 2: 1.9}, {}, 0.0, 0.0)
    assert profile.head_layer_s() == (2.0, 0.0)


def test_profiles_survive_json() -> None:
    profile = Profile("net", "0" * 64, MACHINE, 1, 1.0, (1.0,), {1: 2.0}, {0: 1.0}, 0.0, 0.0)
    assert from_json(Profile, to_json(profile), ProfileError) == profile


def test_a_code_without_a_codec_is_written_as_before_there_were_codecs() -> None:
    assert to_json(TensorCode(4, 0.0, 6.0)) == b'{"bits":4,"high":6.0,"low":0.0}'
    plain = TensorCode(4, codec="none")
    assert from_json(TensorCode, to_json(plain), BundleError) == plain
