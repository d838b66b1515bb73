"""Airflow's side of Nightshelf: the operator that runs a job and the sensor that waits for a landing."""
