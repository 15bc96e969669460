"""Samples and classifiers on disk: as they were, or one clear error."""

from __future__ import annotations

import functools
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evosplit.edge.hook_learning.sampler import Sampler, open_sampler
from evosplit.edge.hook_training.classifier_file import read_learned, write_learned
from evosplit.edge.hook_training.sample_file import read_samples
from evosplit.edge.hook_training.samples import Sample
from evosplit.edge.hook_training.trained_classifier import TrainedClassifier
from evosplit.edge.hook_training.trainers import forward_forward, logistic, symba
from evosplit.edge.hooks.classifiers.load import load_classifier
from evosplit.edge.hooks.exit import OTHER
from evosplit.shared.array_file import read_npz, write_npz
from evosplit.shared.errors import LearningError

LIMIT = 100_000


@pytest.fixture
def sampler():
    random = np.random.default_rng(0)
    made = Sampler(LIMIT, 4)
    for i in range(2000):
        outputs = {"logits": random.normal(size=(1, 3)).astype(np.float32), "count": np.asarray([i])}
        made.offer(Sample(random.normal(size=5).astype(np.float32), f"answer {i % 6}", outputs))
    return made


def equal(one, other):
    return (
        np.array_equal(one.features, other.features)
        and np.array_equal(one.codes, other.codes)
        and np.array_equal(one.held, other.held)
        and np.array_equal(one.slots, other.slots)
        and one.answers == other.answers
        and one.outputs.keys() == other.outputs.keys()
        and all(np.array_equal(one.outputs[name], other.outputs[name]) for name in one.outputs)
    )


def test_samples_come_back_as_they_were(sampler, tmp_path):
    path = tmp_path / "samples.npz"
    assert sampler.save(path)
    again = open_sampler(path, LIMIT, 4)
    assert equal(again.samples(), sampler.samples())
    assert equal(read_samples(path), sampler.samples())
    assert (again.offered, again.size_bytes) == (sampler.offered, sampler.size_bytes)
    assert list(tmp_path.iterdir()) == [path]


def test_numpy_reads_the_file(sampler, tmp_path):
    sampler.save(tmp_path / "samples.npz")
    with np.load(tmp_path / "samples.npz", allow_pickle=False) as arrays:
        kept = np.concatenate([arrays["train features"], arrays["held features"]])
    assert np.array_equal(kept, sampler.samples().features)


def test_a_restored_sampler_stays_balanced(sampler, tmp_path):
    sampler.save(tmp_path / "s.npz")
    again = open_sampler(tmp_path / "s.npz", LIMIT, 4)
    for i in range(3000):
        outputs = {"logits": np.zeros((1, 3), np.float32), "count": np.asarray([i])}
        again.offer(Sample(np.zeros(5, np.float32), "new" if i % 9 == 0 else "answer 1", outputs))
    samples = again.samples()
    counts = np.bincount(samples.codes[~samples.held])[1:]
    assert counts.max() - counts.min() <= 3


def test_nothing_kept_is_nothing_written(tmp_path):
    assert not Sampler(LIMIT).save(tmp_path / "s.npz")
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_broken_file_is_one_line_and_a_new_start(data, sampler, tmp_path, caplog):
    path = tmp_path / "s.npz"
    sampler.save(path)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    caplog.clear()
    again = open_sampler(path, LIMIT, 4)
    whole = equal(again.samples(), sampler.samples())  # a byte of the archive that nobody reads
    assert whole or (len(again.samples()) == 0 and len(caplog.records) == 1)
    assert again.offer(
        Sample(
            np.zeros(5, np.float32), "a", {"logits": np.zeros((1, 3), np.float32), "count": np.asarray([1])}
        )
    ) in (True, False)


def test_another_limit_starts_anew(sampler, tmp_path, caplog):
    sampler.save(tmp_path / "s.npz")
    assert len(open_sampler(tmp_path / "s.npz", LIMIT // 2).samples()) == 0
    assert "under another limit" in caplog.text


def test_an_array_that_claims_to_be_huge_is_never_allocated(tmp_path):
    path = tmp_path / "s.npz"
    write_npz(path, {}, {"a": np.zeros(4, np.float32)})
    with zipfile.ZipFile(path) as whole:
        content = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(path, "w") as lie:
        for name, values in content.items():
            lie.writestr(name, values.replace(b"(4,), }         ", b"(4000000000,), }"))
    with pytest.raises(LearningError, match="not what it says"), read_npz(path) as archive:
        archive.read("a")


@pytest.mark.parametrize("values", [np.arange(6.0).reshape(2, 3).T, np.array(3, np.int64), np.empty((0, 2))])
def test_arrays_of_any_order_and_shape_come_back(tmp_path, values):
    write_npz(tmp_path / "a.npz", {"n": 1}, {"a": values})
    with read_npz(tmp_path / "a.npz") as archive:
        again = archive.read("a")
    assert (again.shape, again.dtype) == (values.shape, values.dtype)
    assert np.array_equal(again, values)


def test_a_full_disk_leaves_the_old_file(sampler, tmp_path, monkeypatch):
    path = tmp_path / "s.npz"
    sampler.save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LearningError, match="No space left"):
        sampler.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@functools.cache
def learned():
    random = np.random.default_rng(0)
    features = random.normal(size=(200, 6)).astype(np.float32)
    labels = (features[:, 0] > 0).astype(np.int64)
    trained = [trainer(features, labels, 2, 0) for trainer in (logistic, symba, forward_forward)]
    outputs = {"logits": random.normal(size=(2, 1, 2)).astype(np.float32)}
    hooks = tuple(
        TrainedClassifier(f"hook {i}", "any", one, ("a", OTHER), outputs, (0.5, None, 0.25)[i], 0.5, 0.75)
        for i, one in enumerate(trained)
    )
    return hooks, features


def test_classifiers_come_back_as_they_were(tmp_path):
    hooks, features = learned()
    write_learned(tmp_path / "l.npz", hooks)
    for before, after in zip(hooks, read_learned(tmp_path / "l.npz"), strict=True):
        assert np.array_equal(before.classifier.scores(features), after.classifier.scores(features))
        assert (before.name, before.answers, before.threshold) == (after.name, after.answers, after.threshold)
        assert np.array_equal(before.outputs["logits"], after.outputs["logits"])


def test_samples_are_no_classifiers(sampler, tmp_path):
    sampler.save(tmp_path / "s.npz")
    with pytest.raises(LearningError, match="no classifiers"):
        read_learned(tmp_path / "s.npz")


@pytest.mark.parametrize("name", ["mean", "weights 0", "embedding 1"])
def test_classifiers_with_parts_missing_or_misshapen_are_refused(name):
    one = learned()[0][1].classifier
    arrays = dict(one.arrays())
    with pytest.raises(LearningError):
        load_classifier(one.kind, {**arrays, name: arrays[name][:-1]})
    with pytest.raises(LearningError):
        load_classifier(one.kind, {key: value for key, value in arrays.items() if key != name})
    with pytest.raises(LearningError, match="finite"):
        load_classifier(one.kind, {**arrays, name: np.full_like(arrays[name], np.nan)})
    with pytest.raises(LearningError, match="no classifier"):
        load_classifier("tree", arrays)
