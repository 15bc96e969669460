"""Corrections on disk: kept for the profile with which plans were predicted, and for no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from net_bundle import load_net, make_table

from evosplit.edge.telemetry.prediction_record import PredictionRecord
from evosplit.shared.correction.corrections import Corrections
from evosplit.shared.machine import this_machine
from evosplit.shared.plan import PlanTable
from evosplit.shared.profile import Profile

PROFILE = Profile(
    "net",
    "0" * 64,
    this_machine(),
    1,
    1.0,
    (1.0,),
    {0: 0.0, 1: 1.0},
    {0: 1.0, 1: 0.0},
    0.0,
    0.0,
    frame_s=0.003,
    prepare_s=0.001,
)


@pytest.fixture
def table(tmp_path: Path) -> PlanTable:
    return make_table(load_net(tmp_path))


def learnt(record: PredictionRecord, table: PlanTable) -> Corrections:
    """As if frames had told that preparing takes much longer."""
    fresh = record.read(table)
    mean = fresh.prepare.mean + 0.5
    return replace(fresh, prepare=replace(fresh.prepare, mean=mean), frames=9)


def test_what_a_frame_takes_beside_the_network_is_the_profiles(tmp_path: Path, table: PlanTable) -> None:
    told = PredictionRecord(tmp_path, PROFILE).read(table).terms
    untold = PredictionRecord(tmp_path, None).read(table).terms
    assert not np.array_equal(told.edge_s, untold.edge_s)


def test_corrections_come_back_under_the_same_profile_alone(tmp_path: Path, table: PlanTable) -> None:
    record = PredictionRecord(tmp_path, PROFILE)
    known = learnt(record, table)
    record.keep(known)
    again = PredictionRecord(tmp_path, PROFILE).read(table)
    assert 0.1 < again.prepare.mean[0] <= known.prepare.mean[0]  # what is recalled is held less surely
    measured_anew = replace(PROFILE, frame_s=0.004)
    for other in (measured_anew, None):
        assert PredictionRecord(tmp_path, other).read(table).prepare.mean == pytest.approx(0.0)
