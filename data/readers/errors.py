"""What a reader says where a file cannot be taken as it is."""


class ReadError(ValueError):
    """A file that cannot be taken as it is, in words. `row` and `column` are given where the trouble has a place."""

    def __init__(self, rule: str, message: str, *, row: int | None = None, column: str = "", value: str = ""):
        super().__init__(message)
        self.rule, self.row, self.column, self.value = rule, row, column, value
