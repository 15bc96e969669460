"""The cloud's part of a trace: it goes on with the sender's, step by step, and tells what failed."""

from __future__ import annotations

from pathlib import Path

from cloud_support import app_client, blob_request, frame_bytes, model_folder, plain_request, seeded_feeds
from otlp_receiver import otlp_receiver

from evosplit.shared import oip
from evosplit.shared.graph import prefix_cut
from evosplit.shared.tracing.trace_context import TRACEPARENT, new_trace


def test_it_goes_on_with_the_senders_trace(tmp_path: Path) -> None:
    sender = new_trace(1.0)
    with otlp_receiver() as received, app_client(model_folder(tmp_path), traces=received.url) as client:
        model = client.services.registry.get("chain")
        content = frame_bytes(model, prefix_cut(model.graph, 3), seeded_feeds(model))
        frame = blob_request(oip.FRAME_INPUT, content)
        assert client.infer("chain", frame, {TRACEPARENT: sender.header()}).status == 200
        whole = received.named("infer chain")
        assert int.from_bytes(whole.trace_id, "big") == sender.trace_id
        assert int.from_bytes(whole.parent_span_id, "big") == sender.span_id
        assert received.below(whole) == ["receive", "decode", "run", "encode"]


def test_it_begins_one_and_tells_what_failed(tmp_path: Path) -> None:
    with otlp_receiver() as received, app_client(model_folder(tmp_path), traces=received.url) as client:
        assert client.infer("chain", plain_request({})).status == 400
        whole = received.named("infer chain")
        assert not whole.parent_span_id
        assert "no inputs" in whole.status.message
