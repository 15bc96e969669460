"""Branch and bound over cuts: bounds of all of them side by side, and the search for the best plan."""
