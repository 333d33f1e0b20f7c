"""`make bench`: how long imports, screens and analyses take, beside floors measured in the same run. For no test."""
