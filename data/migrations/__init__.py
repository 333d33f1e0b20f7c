"""The versions of the state's tables, oldest first, a file each: what is released is never edited, only followed."""

from pathlib import Path

from sqlalchemy import Connection

FOLDER = Path(__file__).parent
VERSION_TABLE = "state_version"
VERSIONS = tuple(sorted(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py")))


def upgrade(connection: Connection) -> None:
    """Brings the tables to the last version inside the caller's transaction: all of it happens, or nothing."""
    from alembic import command  # takes a while, and is needed once in a database's life
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
