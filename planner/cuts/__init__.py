"""All cuts side by side: bounds, and the search for the best plan among them."""
