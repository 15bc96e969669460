"""Background work beside serving: supervised tasks, budgets, retries, and processes that pause for frames."""
