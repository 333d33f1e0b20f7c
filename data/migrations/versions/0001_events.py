"""The table of events, which the database itself keeps append-only and unforked."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None

START = "0" * 64

# INSERT OR REPLACE deletes without a delete trigger: an insert may only follow the last event.
SQLITE = (
    """CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END""",
    """CREATE TRIGGER event_never_goes BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END""",
    f"""CREATE TRIGGER event_follows_the_last BEFORE INSERT ON event
    WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM event)
        OR NEW.previous IS NOT coalesce((SELECT hash FROM event ORDER BY id DESC LIMIT 1), '{START}')
    BEGIN SELECT RAISE(ABORT, 'an event follows the last one'); END""",
)
POSTGRESQL = (
    """CREATE FUNCTION event_refuses() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'events are never changed or deleted'; END $$""",
    """CREATE FUNCTION event_follows() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
        IF NEW.id IS DISTINCT FROM (SELECT coalesce(max(id), 0) + 1 FROM event)
            OR NEW.previous IS DISTINCT FROM coalesce(
                (SELECT hash FROM event ORDER BY id DESC LIMIT 1), repeat('0', 64))
        THEN RAISE EXCEPTION 'an event follows the last one';
        END IF;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER event_never_changes BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION event_refuses()""",
    """CREATE TRIGGER event_never_goes BEFORE TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION event_refuses()""",
    """CREATE TRIGGER event_follows_the_last BEFORE INSERT ON event
    FOR EACH ROW EXECUTE FUNCTION event_follows()""",
)


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False, comment="UTC, ISO 8601 to the microsecond"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("authenticated", sa.Boolean, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, comment="usubjid"),
        sa.Column("payload", sa.Text, nullable=False, comment="canonical JSON"),
        sa.Column("previous", sa.Text, nullable=False, comment="hash of the event before"),
        sa.Column("hash", sa.Text, nullable=False),
        sa.UniqueConstraint("previous", name="event_chain_never_forks"),
    )
    for trigger in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(trigger)
