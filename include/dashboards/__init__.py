"""What people look at: dashboards and alert rules as files, and the exporter that feeds them."""
