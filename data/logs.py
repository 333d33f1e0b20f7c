"""Structured logs, one JSON object a line, without any value of a patient."""

import logging
import traceback

from pythonjsonlogger.json import JsonFormatter


class WithoutValues(JsonFormatter):
    """An error is logged by its kind and place; its message may hold an identifier or a value of a patient."""

    def formatException(self, ei) -> str:
        kind, error, _ = ei
        frames = [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(error.__traceback__)]
        return "\n".join([*frames, kind.__name__])


def log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(WithoutValues("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.ERROR)  # names each of its parts
