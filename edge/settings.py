"""Settings of an edge agent: options, environment (``EVOSPLIT_EDGE_*``) and files, from one definition."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from evosplit.shared.config.fields import SECRET, Duration, Size, parsed_by
from evosplit.shared.config.fields import option as _option
from evosplit.shared.config.load import how_to_give
from evosplit.shared.device_state import Power
from evosplit.shared.errors import UsageError
from evosplit.shared.fleet.agent_identity import NAME
from evosplit.shared.fleet.place import Place, parse_place
from evosplit.shared.measurement_store import cache_folder
from evosplit.shared.providers import ProviderName
from evosplit.shared.security.tls import ClientFiles, ServerFiles, server_files
from evosplit.shared.token import given_token, read_token, stored_token
from evosplit.shared.traffic import TrafficLimit, parse_traffic

LEARNED: Final = ("exit", "repeat", "bits", "channels")
"""Kinds of hooks that an agent learns by itself."""
ON_REQUEST: Final = ("skip", "saliency")
"""Kinds that are learned only where they are named: skips spare little, masks may miss what no audit sees."""
KINDS: Final = (*LEARNED, *ON_REQUEST)

_MODEL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(kind.strip() for kind in text.split(",")))
    if unknown := set(kinds) - set(KINDS):
        raise UsageError(f"{min(unknown)!r} is not one of {', '.join(KINDS)}")
    return kinds


def parse_region(text: str) -> tuple[float, ...]:
    """Four numbers with commas between them. Raises UsageError."""
    try:
        sides = tuple(float(side) for side in text.split(","))
    except ValueError:
        sides = ()
    if len(sides) != 4:
        raise UsageError(f"not a region: {text!r} (write it like 0.2,0.5,0.8,1)")
    return sides


def _clouds(text: str) -> tuple[str, ...]:
    return tuple(url.strip().rstrip("/") for url in text.split(",") if url.strip())


CloudUrls: TypeAlias = Annotated[tuple[str, ...], NoDecode, parsed_by(_clouds)]
PlaceText: TypeAlias = Annotated[Place, NoDecode, parsed_by(parse_place)]
Traffic: TypeAlias = Annotated[TrafficLimit, parsed_by(parse_traffic)]
Region: TypeAlias = Annotated[tuple[float, float, float, float], NoDecode, parsed_by(parse_region)]
Kinds: TypeAlias = Annotated[tuple[str, ...], NoDecode, parsed_by(_kinds)]


class EdgeSettings(BaseSettings):
    """One agent: one model, one data directory, one cloud or several.

    What is not given is taken from the environment (``EVOSPLIT_EDGE_PORT``), then from the file
    ``_env_file`` of such lines, then from here; `evosplit.shared.config.load` adds a YAML file. A setting
    with a flag is an option of the command.

    ``cloud_url`` has the addresses of the clouds, the first one asked first.

    ``slowdown`` lets this machine play one that is so many times slower, by waiting, and with
    ``integer_slowdown`` one whose integer kernels are slower yet. ``memory_bytes``,
    ``max_error`` and ``max_drop`` (a share of answers) are the planner's limits; without both, plans cost
    at most a point, as far as calibration inputs show it. With ``integers`` heads may run in 8 bits where
    that was measured to be faster. With ``corrections`` what frames take corrects what plans predict.
    ``timeout_s`` bounds one request to the cloud, whatever the plan predicts.

    With ``hooks``, those of ``hook_kinds`` are learned from full answers, exits in idle time, and used once
    held-out samples show that they agree with the network in ``exit_agreement`` of the frames;
    ``audit_share`` of the frames go the full way all the same. ``sampler_bytes`` bounds what is kept to
    learn from.

    ``change_threshold``, in units of the network's input, has heads compute only where a stream has changed,
    in blocks of ``change_block`` positions; what moves by less than the share ``change_tolerance`` of a
    layer's own goes no further, but at threshold 0 all does, and the result is exact. ``region`` (left, top,
    right, bottom as shares of the network's input) computes only there. ``delta_threshold``, in code steps,
    is how far the tensors of a named stream may be off so that less is sent.

    A sample of the frames' inputs, at most ``calibration_bytes`` (0: none), is kept to have plans calibrated.
    What is sent has passed at least ``min_depth`` layers; with ``private``, or a depth above 0, the inputs
    themselves never leave.
    Results are sent to each address of ``sink`` (``ADDRESS if RULE``), too. Raises UsageError.
    """

    model_config = SettingsConfigDict(
        env_prefix="EVOSPLIT_EDGE_",
        dotenv_filtering="match_prefix",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
    )

    cloud_url: CloudUrls = _option(
        ...,
        "--cloud",
        "Address of the cloud tier; given again for others, of which plans use the fastest that is there.",
        metavar="url...",
    )
    model: str = _option(..., "--model", "Name of a model that the cloud tier serves.")
    name: str = _option(
        "",
        "--name",
        "Name of this agent. [default: in the fleet its token's or a random one, in events its host's]",
    )
    place: PlaceText | None = _option(
        None,
        "--place",
        "Where this device is, for the fleet's map, as in 51.5,-0.12 or 'North gate 51.5,-0.12'.",
        metavar="[name] lat,lon",
    )
    data: Path = Field(
        default_factory=lambda: cache_folder() / "edge",
        description="Folder for the bundle, the results and the token.",
    )
    token: str = Field("", json_schema_extra=SECRET)
    token_file: Path | None = Field(None, description="File that holds the bearer token.")
    cloud_token_file: Path | None = _option(
        None, "--cloud-token-file", "File with the token for the cloud, where that is another one."
    )
    cloud_ca: Path | None = _option(
        None, "--cloud-ca", "Authority of the cloud's certificate (PEM). [default: those of the system]"
    )
    cloud_cert: Path | None = _option(
        None, "--cloud-cert", "Certificate to show to a cloud that asks for one (PEM)."
    )
    cloud_key: Path | None = _option(None, "--cloud-key", "The key of --cloud-cert.")
    bundle_key: Path | None = _option(
        None,
        "--bundle-key",
        "Public key of the cloud's bundles (PEM). [default: the one that it shows at first]",
    )
    tls_cert: Path | None = _option(None, "--tls-cert", "Serve HTTPS with this certificate (PEM).")
    tls_key: Path | None = _option(None, "--tls-key", "The key of --tls-cert.")
    client_ca: Path | None = _option(
        None, "--client-ca", "Serve only clients with a certificate of this authority."
    )
    host: str = _option("127.0.0.1", "--host", "Address to listen on.")
    port: int = _option(9000, "--port", "Port to listen on.", ge=0, le=65535)
    memory_bytes: Size | None = _option(None, "--memory", "Memory that the head may take, as in 64MB.")
    max_error: float | None = _option(None, "--max-error", "Quantisation error that is allowed.", ge=0)
    max_frame_bytes: Size | None = _option(
        None,
        "--max-bytes",
        "Bytes that a frame of tensors may take, as in 2kB: coarser steps where the plan's take more.",
        ge=1,
    )
    spool_bytes: Size = _option(
        256 * 10**6,
        "--spool-bytes",
        "Disk for frames that wait for the cloud where nothing answers without it; 0B: none waits.",
        ge=0,
    )
    thumbnail_bytes: Size = _option(
        0,
        "--thumbnails",
        "Disk for small pictures kept with results, the newest; 0B: none. None of inputs that stay here.",
        ge=0,
    )
    collect_s: float = _option(
        0.0,
        "--collect",
        "Seconds between two batches to the cloud, where its link is seldom there; 0: each frame at once.",
        ge=0,
    )
    traffic: Traffic | None = _option(
        None,
        "--traffic",
        "Bytes that a metered link carries, as in 500MB/month (or hour, day, week): plans keep to it.",
        metavar="size/period",
    )
    power: Power = _option(
        "auto",
        "--power",
        "What the device runs on (auto: it is asked); on battery plans take the least energy.",
    )
    max_latency_s: Duration | None = _option(
        None,
        "--max-latency",
        "Fast enough where energy counts, as in 100ms. [default: 1.5 times the fastest plan's]",
        metavar="duration",
        gt=0,
    )
    decision_log: Path | None = _option(
        None, "--decision-log", "File for what plans are chosen by, and which; `evosplit replay` reads it."
    )
    traces: str | None = _option(
        None,
        "--traces",
        "Send traces (OpenTelemetry) to this collector by OTLP over HTTP, as in http://collector:4318.",
        metavar="url",
    )
    trace_ratio: float = _option(
        1.0, "--trace-ratio", "Share of traces that is sent, where a client does not say.", ge=0, le=1
    )
    max_drop: float | None = Field(
        None, ge=0, le=1, description="Share of accuracy or agreement that plans may cost; 0.01 is a point."
    )
    integers: bool = _option(True, "--integers/--no-integers", "Let plans run heads in 8-bit integers.")
    private: bool = _option(
        False,
        "--private",
        "Raw inputs never leave: what is sent has passed a layer, and only statistics calibrate plans.",
    )
    min_depth: int = _option(
        0,
        "--min-depth",
        "Layers that whatever is sent has passed; above 0 raw inputs never leave.",
        ge=0,
    )
    calibration_bytes: Size = _option(
        32 * 10**6,
        "--calibration-bytes",
        "Memory for a sample of inputs that plans are calibrated from; 0B keeps none.",
        ge=0,
    )
    corrections: bool = _option(
        True, "--corrections/--no-corrections", "Let what frames really take correct what plans predict."
    )
    hook_kinds: Kinds = _option(
        LEARNED,
        "--hooks",
        "What to learn from full answers, used only where shown to agree; also skip, saliency.",
        metavar="kind,...",
    )
    hooks: bool = _option(True, "--no-hooks", "Learn nothing.")
    exit_agreement: float = _option(
        0.99,
        "--exit-agreement",
        "Share of a hook's answers that must agree with the network.",
        gt=0,
        le=1,
    )
    audit_share: float = _option(
        0.02,
        "--audit-share",
        "Share of the frames on which hooks are only compared with the network.",
        gt=0,
        le=1,
    )
    sampler_bytes: Size = _option(16 * 10**6, "--sampler-bytes", "Memory for what hooks learn from.", ge=1)
    change_threshold: float | None = _option(
        None,
        "--change-threshold",
        "Compute only where a stream changed by more than this, in units of the network's input.",
        ge=0,
    )
    change_tolerance: float = _option(
        0.02,
        "--change-tolerance",
        "Share of a layer's own values by which they may lag behind; none do at --change-threshold 0.",
        ge=0,
    )
    change_block: int = _option(
        8, "--change-block", "Side of the squares of positions that change together.", ge=1
    )
    delta_threshold: int = _option(
        0,
        "--delta-threshold",
        "Steps by which codes of a named stream may be off, so that less is sent.",
        ge=0,
    )
    region: Region | None = _option(
        None,
        "--region",
        "Compute only there: shares of the network's input.",
        metavar="left,top,right,bottom",
    )
    source: tuple[str, ...] = Field(
        (),
        description="Take frames from there: rtsp://..., v4l2:0, a video, a folder/; NAME=ADDRESS names it.",
    )
    sink: tuple[str, ...] = Field(
        (), description="Send results there: https://..., mqtt://..., each also as `ADDRESS if RULE`."
    )
    sinks: Path | None = _option(
        None, "--sinks", "YAML file of places that results are sent to, with rules and secrets."
    )
    mqtt_control: str | None = _option(
        None, "--mqtt-control", "Broker whose topics set plan, region and sources, as mqtt://host."
    )
    site: str = _option("default", "--site", "Name of the place: a level of MQTT topics, a field of events.")
    provider: ProviderName = _option(
        "cpu", "--provider", "Where ONNX Runtime computes; the processor does where that is not there."
    )
    slowdown: float = _option(
        1.0, "--slowdown", "Play a device so many times slower than this machine.", ge=1
    )
    integer_slowdown: float = _option(
        1.0, "--integer-slowdown", "Play 8-bit integers that many times slower yet.", ge=1
    )
    threads: int = _option(1, "--threads", "Threads of ONNX Runtime.", ge=1)
    timeout_s: float = Field(15.0, gt=0, description="Seconds that one request to the cloud may take.")
    enrol_wait_s: float = Field(60.0, description="Seconds that a first start waits for the cloud.")
    probe_interval_s: float = Field(1.0, gt=0, description="Seconds between two looks at the link.")
    max_in_flight: int = Field(64, ge=1, description="Frames under way at once; more are refused.")
    max_body_bytes: Size = Field(64 * 10**6, description="Largest request that is accepted.")
    keep_for_s: Duration | None = _option(
        None, "--keep-for", "Drop results that are older, as in 30d. [default: none for their age]", gt=0
    )
    keep_results: int = Field(100_000, ge=1, description="Results that are kept; the oldest go first.")
    keep_bytes: Size = Field(256 * 10**6, ge=1, description="Disk for results; the oldest go first.")

    @model_validator(mode="wrap")
    @classmethod
    def _typed_errors(cls, given: Any, validate: Callable[[Any], EdgeSettings]) -> EdgeSettings:  # noqa: ANN401
        try:
            return validate(given)
        except ValidationError as invalid:
            first = invalid.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            how = how_to_give(cls, place, first["type"])
            raise UsageError(f"setting {place}: {first['msg'].lower()}{how}") from None

    @model_validator(mode="after")
    def _check(self) -> EdgeSettings:
        for url in self.cloud_url or ("",):
            if not url.startswith(("http://", "https://")):
                raise UsageError(f"not a cloud address: {url!r} (write it like http://host:8000)")
        if len(set(self.cloud_url)) < len(self.cloud_url):
            raise UsageError("a cloud is given twice")
        if (self.cloud_cert is None) != (self.cloud_key is None):
            raise UsageError("a certificate for the cloud needs both --cloud-cert and --cloud-key")
        server_files(self.tls_cert, self.tls_key, self.client_ca)
        if not _MODEL_NAME.fullmatch(self.model):
            raise UsageError(f"not a model name: {self.model!r}")
        if self.name and not NAME.fullmatch(self.name):
            raise UsageError(f"not the name of an agent: {self.name[:80]!r} (letters, digits, dots, - and _)")
        if unknown := set(self.hook_kinds) - set(KINDS):
            raise UsageError(f"no hooks of kind {min(unknown)!r} are learned; there are {', '.join(KINDS)}")
        if self.region is not None and not _is_region(*self.region):
            raise UsageError("a region is left,top,right,bottom from 0 to 1, left < right and top < bottom")
        return self

    def changed(self, **changes: Any) -> EdgeSettings:  # noqa: ANN401 - as the settings are
        """With other values, checked as they all are."""
        return type(self)(**{**dict(self), **changes})

    @property
    def depth(self) -> int:
        """Layers that whatever is sent has passed, at least."""
        return max(self.min_depth, int(self.private))

    @property
    def keeps_inputs(self) -> bool:
        """Whether raw inputs stay on the device."""
        return self.depth > 0

    @property
    def server_tls(self) -> ServerFiles | None:
        """The files of an agent that serves HTTPS."""
        return server_files(self.tls_cert, self.tls_key, self.client_ca)

    @property
    def cloud_tls(self) -> ClientFiles | None:
        """What a cloud that serves HTTPS is verified by."""
        is_secure = any(url.startswith("https://") for url in self.cloud_url)
        return ClientFiles(self.cloud_ca, self.cloud_cert, self.cloud_key) if is_secure else None

    @property
    def folder(self) -> Path:
        """Where this model's bundle and results are kept."""
        return self.data / self.model

    @property
    def cloud_folder(self) -> Path:
        """Where what the cloud made and signed is kept."""
        return self.folder


def _is_region(left: float, top: float, right: float, bottom: float) -> bool:
    return 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def cloud_token(settings: EdgeSettings, token: str) -> str:
    """What the cloud is shown: its own token's file, else the ``token`` of this agent."""
    return token if settings.cloud_token_file is None else read_token(settings.cloud_token_file)


def bearer_token(settings: EdgeSettings) -> tuple[str, bool]:
    """What clients must show, and the cloud unless it has its own; and whether it was generated just now.

    The settings' own token, the token file's, that of the environment, or one kept in the data directory.
    """
    given = settings.token or given_token(settings.token_file)
    return (given, False) if given else stored_token(settings.data / "token")
