"""`make bench`: how long imports and screens take, each beside a floor measured in the same run. No test uses it."""
