"""Composition of an agent's sinks from its settings: options, and the file that they name."""

from __future__ import annotations

import socket

from evosplit.edge.results.result_log import ResultLog
from evosplit.edge.results.store import Store
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.sinks.delivery import SinkDelivery
from evosplit.edge.sinks.event import Node
from evosplit.edge.sinks.make_sink import make_sink
from evosplit.edge.sinks.sink_settings import SinkSettings, check_names, read_sinks, sink_settings
from evosplit.edge.sinks.webhook import Webhook


def node_of(settings: EdgeSettings) -> Node:
    """Who the agent is; its host's name unless it has another."""
    return Node(settings.site, settings.name or socket.gethostname())


def wanted_sinks(settings: EdgeSettings) -> tuple[SinkSettings, ...]:
    """All sinks that the settings name. Raises UsageError, also for what cannot be made of them."""
    listed = () if settings.sinks is None else read_sinks(settings.sinks)
    wanted = (*map(sink_settings, settings.sink), *listed)
    check_names(wanted)
    for each in wanted:
        make_sink(each, node_of(settings), cloud_sink(settings, ""))
    return wanted


def cloud_sink(settings: EdgeSettings, token: str) -> Webhook:
    """The first cloud, which takes the event of webhooks. Raises UsageError."""
    url, files = settings.cloud_url[0], settings.cloud_tls
    tls = files.context() if url.startswith("https") and files is not None else None
    return Webhook(f"{url}/v1/results", None, token, tls)


def deliveries(settings: EdgeSettings, store: Store, token: str) -> tuple[SinkDelivery, ...]:
    """One delivery for each sink, not started; the cloud is shown the token. Raises UsageError."""
    node, log, cloud = node_of(settings), ResultLog(store), cloud_sink(settings, token)
    made = ((each.key, *make_sink(each, node, cloud)) for each in wanted_sinks(settings))
    return tuple(SinkDelivery(key, sink, log, node, rule) for key, sink, rule in made)
