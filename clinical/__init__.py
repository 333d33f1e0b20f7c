"""Clinical rules and exact small-sample statistics: pure functions, no Dash, no database."""
