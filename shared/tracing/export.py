"""Span export by OTLP over HTTP (OpenTelemetry), in a thread of its own.

A collector that is away costs no frame. What is not sent in time is dropped: at most `QUEUE_SPANS` wait, and
a batch is tried for `TIMEOUT_S`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

from evosplit.shared.errors import MissingExtraError, UsageError
from evosplit.shared.tracing.spans import Span
from evosplit.shared.tracing.trace_context import TraceContext

QUEUE_SPANS: Final = 4096
BATCH_SPANS: Final = 512
DELAY_MS: Final = 1000
TIMEOUT_S: Final = 5
_PATH: Final = "/v1/traces"
_ITS_LOGS: Final = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
)
_NS: Final = 10**9

_log = logging.getLogger(__name__)


class SpanExport:
    """Hands finished spans to ``processor``, a span processor of OpenTelemetry's SDK. For several threads."""

    def __init__(self, processor: Any, resource: Any) -> None:  # noqa: ANN401 - types of an extra
        self._processor, self._resource = processor, resource

    def add(self, spans: Iterable[Span]) -> None:
        """Export these soon, where their traces are sampled."""
        for span in spans:
            if span.context.is_sampled:
                self._processor.on_end(_readable(span, self._resource))

    def close(self) -> None:
        """Send what waits, as long as that takes no more than the time-out."""
        self._processor.shutdown()


def otlp_export(url: str, service: str, instance: str) -> SpanExport:
    """To the collector at a URL like ``http://collector:4318``. Raises UsageError, MissingExtraError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"not the address of a collector: {url!r} (write it like http://collector:4318)")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as missing:
        raise MissingExtraError("--traces", str(missing.name), "traces") from None
    for name in _ITS_LOGS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # a line for every batch; ours is one in all
    place = url if parts.path.strip("/") else url.rstrip("/") + _PATH
    told = _Told(OTLPSpanExporter(endpoint=place, timeout=TIMEOUT_S), parts.netloc)
    limits = {"max_queue_size": QUEUE_SPANS, "max_export_batch_size": BATCH_SPANS}
    processor = BatchSpanProcessor(told, schedule_delay_millis=DELAY_MS, **limits)
    about = {"service.name": service, "service.version": version("evosplit"), "service.instance.id": instance}
    return SpanExport(processor, Resource.create(about))


class _Told:
    """A span exporter that says in one line when spans are lost, and when they are not any more."""

    def __init__(self, exporter: Any, where: str) -> None:  # noqa: ANN401 - of an extra
        self._exporter, self._where = exporter, where
        self._is_away = False

    def export(self, spans: Sequence[Any]) -> Any:  # noqa: ANN401 - of an extra
        outcome = self._exporter.export(spans)
        is_away = outcome.name != "SUCCESS"
        if is_away and not self._is_away:
            _log.warning("traces are not taken at %s: they are lost meanwhile", self._where)
        elif self._is_away and not is_away:
            _log.info("traces go to %s again", self._where)
        self._is_away = is_away
        return outcome

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return bool(self._exporter.force_flush(timeout_millis))


def _readable(span: Span, resource: Any) -> Any:  # noqa: ANN401 - of an extra
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanKind, Status, StatusCode

    return ReadableSpan(
        name=span.name,
        context=_context(span.context),
        parent=None if span.parent is None else _context(span.parent),
        resource=resource,
        attributes=dict(span.attributes),
        kind=SpanKind[span.kind.upper()],
        status=Status(StatusCode.UNSET) if span.error is None else Status(StatusCode.ERROR, span.error),
        start_time=round(span.started_s * _NS),
        end_time=round(span.ended_s * _NS),
    )


def _context(context: TraceContext) -> Any:  # noqa: ANN401 - of an extra
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(
        context.trace_id, context.span_id, is_remote=False, trace_flags=TraceFlags(int(context.is_sampled))
    )
