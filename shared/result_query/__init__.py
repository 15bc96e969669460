"""Query language of stored results, the same for agents and clouds: parsed, matched, and turned into SQL."""

from evosplit.shared.result_query.parse import KEYS, parse_filter
from evosplit.shared.result_query.result_filter import MAX_PAGE, Order, ResultFilter
from evosplit.shared.result_query.things import Thing, things_of

__all__ = ["KEYS", "MAX_PAGE", "Order", "ResultFilter", "Thing", "parse_filter", "things_of"]
