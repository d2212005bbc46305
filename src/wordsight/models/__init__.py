"""Networks: where their weights are, and what runs them."""
