"""The production stack as plain processes: docker-compose.yaml's own services, started without Docker for one night."""
