"""PostgreSQL: migrations, publishing, decisions, and what readers see."""
