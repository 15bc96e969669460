from hypothesis import given
from hypothesis import strategies as st

from evosplit.planner.problem.costs import Choice
from evosplit.planner.problem.dominance import undominated

CHOICES = st.lists(
    st.builds(Choice, st.integers(2, 32), st.integers(0, 9), st.integers(0, 9).map(float)),
    min_size=1,
    max_size=8,
    unique_by=lambda choice: choice.bits,
)


@given(CHOICES, st.booleans())
def test_every_choice_left_out_has_a_replacement_that_is_no_worse(choices: list[Choice], sized: bool) -> None:
    kept = undominated(choices, sized)
    assert set(kept) <= set(choices)
    for choice in choices:
        assert any(
            other.error <= choice.error and (not sized or other.size_bytes <= choice.size_bytes)
            for other in kept
        )


@given(CHOICES)
def test_no_kept_choice_beats_another(choices: list[Choice]) -> None:
    kept = undominated(choices, True)
    for one in kept:
        others = [other for other in kept if other is not one]
        assert not any(other.error <= one.error and other.size_bytes <= one.size_bytes for other in others)


def test_of_equal_choices_the_one_with_most_bits_stays() -> None:
    assert undominated([Choice(2, 5, 0.0), Choice(8, 5, 0.0)], True) == (Choice(8, 5, 0.0),)
    assert undominated([Choice(2, 1, 0.0), Choice(8, 5, 0.0)], False) == (Choice(8, 5, 0.0),)
