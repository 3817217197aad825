"""The catalog and the node repository on SQLAlchemy: SQLite by default, PostgreSQL by URL."""
