#!/bin/bash
# A worker of the master named, such as spark://spark-master:7077. Its executors give the driver their host's name. In a
# container on several networks that name means any of its addresses, so they get the one on the route to the master.
set -euo pipefail
if [ -z "${SPARK_LOCAL_IP-}${SPARK_LOCAL_HOSTNAME-}" ]; then
  find_address='import sys; from include.spark.standalone import own_address; print(own_address(sys.argv[1]))'
  SPARK_LOCAL_HOSTNAME=$(python -c "$find_address" "$1")
  export SPARK_LOCAL_HOSTNAME
fi
exec spark-class org.apache.spark.deploy.worker.Worker "$1"
