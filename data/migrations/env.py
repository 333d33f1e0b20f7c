"""Alembic runs this: the migrations, on the connection and in the transaction that `upgrade` was given."""

from alembic import context

from data.migrations import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite's DDL is undone like all else, though Alembic does not count on it
)
context.run_migrations()
