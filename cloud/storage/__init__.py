"""Storage of the cloud tier: objects in files or S3, records in SQLite or PostgreSQL."""
