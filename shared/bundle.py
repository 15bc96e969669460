"""Bundle file: all that an edge needs to run a plan table, in one uncompressed zip, verified by digest.

``manifest.json`` names the model, the plan table, the model card and, for every initialiser and bit-width
that some plan wants, the file with the encoded weights; it lists the sha256 of every other file. The digest
of a bundle is the sha256 of its manifest's bytes, so it covers every byte in it.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from pydantic import SerializerFunctionWrapHandler, model_serializer

from evosplit.shared import wire
from evosplit.shared.atomic_write import replacing
from evosplit.shared.errors import BundleError, RestorationError, WireError
from evosplit.shared.plan import FLOAT_BITS, PlanTable
from evosplit.shared.restoration.network import read_restoration
from evosplit.shared.restoration.transform import ChannelTransform, table_transforms, transform_of
from evosplit.shared.serial import from_json, to_json

FORMAT: Final = 1
MANIFEST_NAME: Final = "manifest.json"
CalibrationKind: TypeAlias = Literal["none", "card", "live"]
"""Where ranges and errors come from: nowhere, from files beside the model, or from a device's own frames."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # a zip's first date: equal content gives equal bytes


@dataclass(frozen=True)
class Manifest:
    """What is in a bundle.

    ``weights`` maps initialiser -> bit-width in decimal -> file name; an initialiser that is never
    quantised (a bias) is there at ``"32"`` alone. ``skeleton`` is the file with the stripped ONNX model,
    ``card`` the model card as parsed YAML, ``files`` maps file name -> sha256. ``calibration`` says what the
    plans' ranges and errors come from (None: a bundle of an older version, which does not say), ``max_drop``
    what the plans promise: the share of accuracy, or of agreement with the float network, that they may cost
    (None: they promise nothing in that unit). ``transforms`` maps the name of every channel transform that a
    plan's codes are of to its file.
    """

    model: str
    model_sha256: str
    table: PlanTable
    card: Mapping[str, Any] | None
    skeleton: str
    weights: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT
    calibration: CalibrationKind | None = None
    max_drop: float | None = None
    transforms: Mapping[str, str] = field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _without_what_is_unsaid(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """The JSON, and so the digest, of a bundle that does not say them is what it was before they were."""
        data: dict[str, object] = write(self)
        unsaid = {name for name in ("calibration", "max_drop") if data[name] is None}
        unsaid |= set() if self.transforms else {"transforms"}
        return {name: value for name, value in data.items() if name not in unsaid}


@dataclass(frozen=True)
class Bundle:
    """An opened bundle whose every file has been checked against the manifest."""

    path: Path
    manifest: Manifest
    digest: str

    @classmethod
    def open(cls, path: Path, digest: str | None = None) -> Bundle:
        """Check the manifest against ``digest`` (when given) and every file against the manifest.

        Raises BundleError, also for a file that is missing, unlisted, listed twice, or compressed.
        """
        with _opened(path) as archive:
            content = _member(archive, MANIFEST_NAME)
            actual = hashlib.sha256(content).hexdigest()
            if digest is not None and actual != digest:
                raise BundleError(f"{path.name} is bundle {actual[:12]}, not {digest[:12]}")
            manifest = from_json(Manifest, content, BundleError)
            _check_names(archive, manifest)
            for name in manifest.files:
                _verified(archive, manifest, name)
        return cls(path, manifest, actual)

    def read(self, name: str) -> bytes:
        """The content of one file, checked again. Raises BundleError."""
        with _opened(self.path) as archive:
            return _verified(archive, self.manifest, name)

    def skeleton(self) -> onnx.ModelProto:
        """The network without its weights. Raises BundleError."""
        try:
            return onnx.load_model_from_string(self.read(self.manifest.skeleton))
        except DecodeError as broken:
            raise BundleError(f"the bundle's skeleton is no ONNX model: {broken}") from None

    def transforms(self) -> dict[str, ChannelTransform]:
        """What the plans send components of tensors by, by name. Raises BundleError."""
        return {name: self._transform(name, file) for name, file in self.manifest.transforms.items()}

    def _transform(self, name: str, file_name: str) -> ChannelTransform:
        try:
            return transform_of(read_restoration(self.read(file_name), name))
        except RestorationError as error:
            raise BundleError(f"{file_name}: {error}") from None

    def weights(self, bits: Mapping[str, int]) -> dict[str, wire.EncodedTensor]:
        """The encoded weights per initialiser at the bits asked for; a bias comes as it stands.

        ``bits`` maps initialisers to bit-widths. Raises BundleError for weights that are not packed.
        """
        with _opened(self.path) as archive:
            return {name: self._weight(archive, name, width) for name, width in bits.items()}

    def _weight(self, archive: zipfile.ZipFile, name: str, bits: int) -> wire.EncodedTensor:
        packed = self.manifest.weights.get(name, {})
        only_float = str(FLOAT_BITS) if set(packed) == {str(FLOAT_BITS)} else ""
        file_name = packed.get(str(bits)) or packed.get(only_float)
        if file_name is None:
            raise BundleError(f"the bundle has no {bits}-bit weights for {name}")
        try:
            tensors = wire.decode_frame(_verified(archive, self.manifest, file_name)).tensors
        except WireError as error:
            raise BundleError(f"{file_name}: {error}") from None
        if [tensor.name for tensor in tensors] != [name]:
            raise BundleError(f"{file_name} does not hold {name}")
        return tensors[0]


def write_bundle(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> str:
    """Write ``files`` and the manifest that lists them; return the bundle's digest.

    The file appears whole or not at all. Equal arguments give equal bytes.
    """
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    head = to_json(replace(manifest, files=sums))
    with replacing(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in [(MANIFEST_NAME, head), *sorted(files.items())]:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return hashlib.sha256(head).hexdigest()


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise BundleError(f"cannot read the bundle {path.name}: {error}") from None


def _check_names(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise BundleError(f"the bundle has format {manifest.format}; this version reads format {FORMAT}")
    present = sorted(archive.namelist())
    if present != sorted([MANIFEST_NAME, *manifest.files]):
        raise BundleError("the bundle's files are not those that its manifest lists")
    named = {manifest.skeleton, *(file for packed in manifest.weights.values() for file in packed.values())}
    named |= set(manifest.transforms.values())
    if missing := set(table_transforms(manifest.table)) - manifest.transforms.keys():
        raise BundleError(f"the bundle lacks transform {min(missing)}")
    if not named <= set(manifest.files):
        raise BundleError(f"the bundle lacks {min(named - set(manifest.files))}")


def _verified(archive: zipfile.ZipFile, manifest: Manifest, name: str) -> bytes:
    if name not in manifest.files:
        raise BundleError(f"the bundle has no file {name}")
    content = _member(archive, name)
    if hashlib.sha256(content).hexdigest() != manifest.files[name]:
        raise BundleError(f"{name} does not match its sha256 in the manifest")
    return content


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        entry = archive.getinfo(name)
        if entry.compress_type != zipfile.ZIP_STORED:  # a stored file cannot be larger than the bundle
            raise BundleError(f"{name} is compressed; bundles are not")
        return archive.read(entry)
    except KeyError:
        raise BundleError(f"the bundle has no {name}") from None
    except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BundleError(f"cannot read {name}: {error}") from None
