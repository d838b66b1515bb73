"""The steps of a night that join the other packages: from the lake, MLflow and the database to the next artifact."""
