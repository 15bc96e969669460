"""The cloud's signatures: what verifies them, and a sequence that never goes back."""

from __future__ import annotations

import json
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cloud_support import Client, app_client, model_folder
from hypothesis import given
from hypothesis import strategies as some
from plan_tables import table_of

from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.plan_service import PlanAnswer, PlanRequest
from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.storage.store import StorePlaces
from evosplit.shared.errors import BundleError, UsageError
from evosplit.shared.profiler import measure_profile
from evosplit.shared.security.bundle_release import Release, SignedRelease, question_digest, sign_release
from evosplit.shared.security.signing_key import fingerprint, kept_signing_key, read_public_key
from evosplit.shared.serial import from_data, to_data

BUNDLE = "ab" * 32
GOLDEN = Release(BUNDLE, "net", "cd" * 32, "ef" * 32, 1_800_000_000_000)
PRIVATE = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
"""
SIGNATURE = "/45sgXxCO125a0zH6ozi5Ld128b8ehrSBGwxDUK3+ZqndiMXSJHzKiUrMbu+S216I9dTUwSDy2uubdGV8O+sAg=="
HERE = Path("key.pem")


def plans(model: Model, _request: PlanRequest, path: Path) -> PlanAnswer:
    path.write_bytes(b"bundle")
    return answer_of(model)


def answer_of(model: Model) -> PlanAnswer:
    return PlanAnswer(BUNDLE, table_of(model.graph, "1"))


def test_over_http(tmp_path: Path, registry: Registry) -> None:
    with app_client(model_folder(tmp_path), plans) as client:
        key = read_public_key(client.get("/v1/signing-key").json()["key"].encode(), "x")
        first, second = _ask(client, registry), _ask(client, registry)
    for signed, body in (first, second):
        signed.verify(key, HERE)
        signed.check(BUNDLE, "chain", registry.get("chain").graph.sha256, after=0)
        assert signed.release.asked == question_digest(body)
    assert second[0].release.sequence > first[0].release.sequence


def _ask(client: Client, registry: Registry) -> tuple[SignedRelease, bytes]:
    profile = measure_profile(registry.get("chain").graph, 1, 8.0)
    body = json.dumps({"profile": to_data(profile)}).encode()
    answer = client.post("/v1/models/chain/plans", body)
    assert answer.status == 200
    return from_data(SignedRelease, answer.json()["release"], BundleError), body


def test_the_sequence_grows_whatever_the_clock_says(tmp_path: Path, registry: Registry) -> None:
    model = registry.get("chain")
    sequences = []
    for now_s in (1.8e9, 0.0, 1.8e9, 1.8e9 + 1):  # to 1970 and back, a new process each time
        signer = BundleSigner(tmp_path, StorePlaces(tmp_path).open().records, lambda now_s=now_s: now_s)
        sequences.append(signer.sign(model, answer_of(model), b"").release.release.sequence)
    assert sequences == sorted(set(sequences))
    assert sequences[-1] == 1000 * (1.8e9 + 1)


def test_replicas_share_key_and_sequence(tmp_path: Path, registry: Registry) -> None:
    model, seen = registry.get("chain"), []
    signers = [BundleSigner(tmp_path, StorePlaces(tmp_path).open().records, lambda: 5.0) for _ in range(4)]
    assert len({signer.public_key for signer in signers}) == 1

    def work(signer: BundleSigner) -> None:
        seen.extend(signer.sign(model, answer_of(model), b"").release.release.sequence for _ in range(10))

    threads = [threading.Thread(target=work, args=(signer,)) for signer in signers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(5000, 5040))


def test_the_private_key_is_its_owners_alone(tmp_path: Path) -> None:
    BundleSigner(tmp_path, StorePlaces(tmp_path).open().records)
    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600
    (tmp_path / "signing.key").write_text("no key")
    with pytest.raises(UsageError, match="is no private Ed25519 key in PEM"):
        BundleSigner(tmp_path, StorePlaces(tmp_path).open().records)


def test_golden_signature(tmp_path: Path) -> None:
    """Ed25519 is deterministic: these bytes are what agents in the field verify."""
    (tmp_path / "key").write_bytes(PRIVATE)
    key = kept_signing_key(tmp_path / "key")
    signed = sign_release(GOLDEN, key)
    assert signed.signature == SIGNATURE
    assert fingerprint(key.public_key()).startswith("56475aa75463474c")
    signed.verify(key.public_key(), HERE)


@given(some.sampled_from(["bundle", "model", "model_sha256", "asked"]), some.text(max_size=70))
def test_any_other_content_is_refused(field: str, value: str) -> None:
    signed = SignedRelease(replace(GOLDEN, **{field: value}), SIGNATURE)
    if signed.release != GOLDEN:
        with pytest.raises(BundleError, match="not signed"):
            signed.verify(_golden_key(), HERE)


@given(some.text(max_size=100) | some.binary(max_size=80).map(bytes.hex))
def test_any_other_signature_is_refused(signature: str) -> None:
    with pytest.raises(BundleError, match="not signed"):
        SignedRelease(GOLDEN, signature).verify(_golden_key(), HERE)


def _golden_key():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
