"""Alembic runs this file; the connection, in its transaction, comes from `upgrade`."""

from alembic import context

from sentinel.database.storage_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
