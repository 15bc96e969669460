"""Settings of how an agent reaches its cloud: addresses, certificates, tokens, time limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field, model_validator
from pydantic_settings import NoDecode

from evosplit.shared.config.fields import SECRET, parsed_by
from evosplit.shared.config.fields import option as _option
from evosplit.shared.errors import UsageError
from evosplit.shared.security.tls import ClientFiles


def _clouds(text: str) -> tuple[str, ...]:
    return tuple(url.strip().rstrip("/") for url in text.split(",") if url.strip())


CloudUrls: TypeAlias = Annotated[tuple[str, ...], NoDecode, parsed_by(_clouds)]


class CloudAccess(BaseModel):
    """One cloud or several, the first one asked first.

    ``timeout_s`` bounds one request to the cloud, whatever the plan predicts.
    """

    cloud_url: CloudUrls = _option(
        ...,
        "--cloud",
        "Address of the cloud tier; given again for others, of which plans use the fastest that is there.",
        metavar="url...",
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
    timeout_s: float = Field(15.0, gt=0, description="Seconds that one request to the cloud may take.")
    enrol_wait_s: float = Field(60.0, description="Seconds that a first start waits for the cloud.")
    probe_interval_s: float = Field(1.0, gt=0, description="Seconds between two looks at the link.")

    @model_validator(mode="after")
    def _check_access(self) -> CloudAccess:
        for url in self.cloud_url or ("",):
            if not url.startswith(("http://", "https://")):
                raise UsageError(f"not a cloud address: {url!r} (write it like http://host:8000)")
        if len(set(self.cloud_url)) < len(self.cloud_url):
            raise UsageError("a cloud is given twice")
        if (self.cloud_cert is None) != (self.cloud_key is None):
            raise UsageError("a certificate for the cloud needs both --cloud-cert and --cloud-key")
        return self

    @property
    def cloud_tls(self) -> ClientFiles | None:
        """What a cloud that serves HTTPS is verified by."""
        is_secure = any(url.startswith("https://") for url in self.cloud_url)
        return ClientFiles(self.cloud_ca, self.cloud_cert, self.cloud_key) if is_secure else None
