"""Settings of an agent by cloud: what each one made and signed lies in a folder of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

from evosplit.edge.settings import EdgeSettings


class OneOfSeveral(EdgeSettings):
    """The settings of an agent with several clouds, for one of them."""

    @property
    def cloud_folder(self) -> Path:
        """By its address: the clouds may be given in another order at the next start."""
        name = hashlib.sha256(self.cloud_url[0].encode()).hexdigest()[:16]
        return self.folder / "clouds" / name


def by_cloud(settings: EdgeSettings) -> dict[str, EdgeSettings]:
    """For each cloud, under its address; those of an only cloud are the agent's own, under the name ""."""
    if len(settings.cloud_url) == 1:
        return {"": settings}
    return {url: OneOfSeveral(**{**dict(settings), "cloud_url": (url,)}) for url in settings.cloud_url}
