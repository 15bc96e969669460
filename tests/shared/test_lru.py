"""The bounded LRU map, against a list that is searched through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.lru import Lru

Entry = tuple[str, int, int]

OPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abcd"), st.integers(0, 5)),
        st.tuples(st.just("pop"), st.sampled_from("abcd"), st.just(0)),
    ),
    max_size=30,
)


def put(entries: list[Entry], new: Entry, limit: int, keeps_newest: bool) -> tuple[list[Entry], list[str]]:
    """The slow oracle: entries from oldest to newest, and who had to go."""
    kept = [*(entry for entry in entries if entry[0] != new[0]), new]
    gone: list[str] = []
    for entry in kept[:-1] if keeps_newest else kept:
        over = sum(weight for name, _, weight in kept if name not in gone) > limit
        if over and entry[2]:
            gone.append(entry[0])
    return [entry for entry in kept if entry[0] not in gone], gone


@given(ops=OPS, limit=st.integers(0, 8), keeps_newest=st.booleans())
def test_it_holds_what_a_list_would(ops: list[tuple[str, str, int]], limit: int, keeps_newest: bool) -> None:
    lru: Lru[str, int] = Lru(limit, keeps_newest)
    entries: list[Entry] = []
    for number, (what, key, weight) in enumerate(ops):
        if what == "put":
            entries, gone = put(entries, (key, number, weight), limit, keeps_newest)
            assert list(lru.put(key, number, weight)) == gone
        else:
            before = {name: value for name, value, _ in entries}
            entries = [entry for entry in entries if entry[0] != key]
            assert lru.pop(key) == before.get(key)
        assert [(name, lru[name]) for name in lru] == [entry[:2] for entry in entries]
        assert (len(lru), lru.total) == (len(entries), sum(entry[2] for entry in entries))
        assert all((lru.get(name) is None) == (name not in lru) for name in "abcd")
