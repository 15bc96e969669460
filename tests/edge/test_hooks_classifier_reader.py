import numpy as np
import pytest

from evosplit.edge.hook_training.trainers import hidden, logistic
from evosplit.edge.hooks.classifier_reader import Reader
from evosplit.edge.hooks.features import FeatureSpec


def learned(trainer, spec, shape):
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 300)
    tensors = random.normal(size=(300, *shape)).astype(np.float32) + labels.reshape(-1, *[1] * len(shape))
    features = np.stack([spec.of(tensor) for tensor in tensors])
    return Reader(spec, trainer(features, labels, 3, 0)), tensors


@pytest.mark.parametrize("trainer", [hidden, logistic])
@pytest.mark.parametrize("shape", [(1, 4, 6, 6), (1, 5, 4), (1, 7)])
def test_one_tensor_is_read_as_many_are(trainer, shape):
    spec = FeatureSpec(2, peak=False)
    reader, tensors = learned(trainer, spec, shape)
    for tensor in tensors[:20]:
        scores = reader.classifier.scores(spec.of(tensor)[None])[0]
        at, share = reader.best(tensor)
        assert at == scores.argmax()
        assert share == pytest.approx(scores.max(), rel=1e-4)
        assert reader.best(np.asfortranarray(tensor.astype(np.float64)))[1] == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize("trainer", [hidden, logistic])
def test_a_tensor_of_another_size_is_refused(trainer):
    reader, _ = learned(trainer, FeatureSpec(2), (1, 4, 6, 6))
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's words for the one, ours for the other
        reader.best(np.ones((1, 5, 6, 6), np.float32))
