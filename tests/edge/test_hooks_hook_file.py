import hashlib
import io
import json
import struct

import numpy as np
import pytest
from hook_doubles import Told
from hook_examples import exit_hook, skip_hook, tensor

from evosplit.edge.hooks import hook_file as files
from evosplit.edge.hooks.hook_file import decode_hooks, encode_hooks, load_hooks, save_hooks
from evosplit.shared.array_file import read_arrays, write_arrays
from evosplit.shared.errors import BundleError

MODEL = "ab" * 32


def content():
    return encode_hooks(MODEL, [exit_hook(), skip_hook()])


def resealed(body):
    return struct.pack("<4sI32s", files.MAGIC, files.FORMAT, hashlib.sha256(body).digest()) + body


def test_hooks_decide_the_same_after_a_round_trip(tmp_path):
    path = tmp_path / "hooks.evh"
    save_hooks(path, MODEL, [exit_hook(), skip_hook()])
    first, second = load_hooks(path, MODEL)
    assert (first.name, first.tap, first.answers, first.threshold) == ("exit-0", "t", ("a", "", "c"), 0.9)
    before, after = (hook.decide(tensor(0, 0, 9), "s") for hook in (exit_hook(), first))
    assert before.confidence == after.confidence
    assert after.outputs["n"].dtype == np.int64
    assert np.array_equal(before.outputs["y"], after.outputs["y"])
    assert second.decide(tensor(3), "s") == skip_hook().decide(tensor(3), "s")
    assert second.until == "u"
    assert [at.name for at in tmp_path.iterdir()] == ["hooks.evh"]


def test_equal_hooks_give_equal_bytes():
    assert content() == content()
    assert encode_hooks(MODEL, load_hooks_from(content())) == content()


def load_hooks_from(data):
    return decode_hooks(data, MODEL)


def test_hooks_that_cannot_be_saved_are_left_out():
    assert load_hooks_from(encode_hooks(MODEL, [Told("t")])) == ()


def test_hooks_of_another_model_are_refused():
    with pytest.raises(BundleError, match="are of model abababababab, not cdcdcdcdcdcd"):
        decode_hooks(content(), "cd" * 32)


def test_another_format_is_refused():
    data = bytearray(content())
    data[4:8] = struct.pack("<I", 7)
    with pytest.raises(BundleError, match="have format 7; this version reads format 2"):
        load_hooks_from(bytes(data))


@pytest.mark.parametrize("length", [0, 3, 39, 43, 44, 100, -1])
def test_truncated_files_are_refused(tmp_path, length):
    path = tmp_path / "hooks.evh"
    path.write_bytes(content()[:length])
    with pytest.raises(BundleError, match=r"hooks\.evh: "):
        load_hooks(path, MODEL)


def test_every_flipped_byte_is_found():
    data = content()
    for at in range(0, len(data), 7):
        broken = bytearray(data)
        broken[at] ^= 0x20
        with pytest.raises(BundleError):
            load_hooks_from(bytes(broken))


def test_lies_under_a_right_digest_are_refused():
    body = content()[40:]
    with read_arrays(io.BytesIO(body), "hooks") as archive:
        header, arrays = json.dumps(archive.meta), {name: archive.read(name) for name in archive.names()}
    lies = {
        '"kind": "exit"': '"kind": "evil"',
        '"tap": "t"': '"tip": "t"',
        '"classifier": "linear"': '"classifier": "hidden"',
        '"answers": ["a", "", "c"]': '"answers": ["a"]',
        '"threshold": 0.9': '"threshold": null',
        '"grid": 1': '"evil": 1',
        '"hooks": ': '"evil": ',
    }
    for truth, lie in lies.items():
        assert truth in header
        stream = io.BytesIO()
        write_arrays(stream, json.loads(header.replace(truth, lie, 1)), arrays)
        with pytest.raises(BundleError):
            load_hooks_from(resealed(stream.getvalue()))
    with pytest.raises(BundleError, match="cannot read the hooks"):
        load_hooks_from(resealed(body[:-9]))


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(BundleError, match=r"cannot read the hooks none\.evh: No such file"):
        load_hooks(tmp_path / "none.evh", MODEL)


def test_a_crash_while_saving_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "hooks.evh"
    save_hooks(path, MODEL, [skip_hook()])

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_hooks(path, MODEL, [exit_hook()])
    assert [hook.name for hook in load_hooks(path, MODEL)] == ["skip-0"]
