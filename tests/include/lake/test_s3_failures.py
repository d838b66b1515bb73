"""What pyarrow and Spark say of S3, as seen from moto, versitygw and ministack, and what it means."""

from __future__ import annotations

import pytest

from include.errors import ConfigurationError, LakeError
from include.lake import s3_failure

SDK = "software.amazon.awssdk"
NO_BUCKET = [
    "When initiating multiple part upload for key 'lake/u.parquet' in bucket 'no-such-bucket': "
    "AWS Error NO_SUCH_BUCKET during CreateMultipartUpload operation: The specified bucket does not exist.",
    "An error occurred while calling o224.parquet.\n: org.apache.hadoop.fs.s3a.UnknownStoreException: "
    f"`s3a://no-such-bucket/lake/t': getFileStatus on s3a://no-such-bucket/lake/t: {SDK}.services.s3.model."
    "NoSuchBucketException: The specified bucket does not exist. (Service: S3, Status Code: 404)",
]
REFUSED = [
    "When getting information for key 'lake/t' in bucket 'b': AWS Error ACCESS_DENIED during HeadObject operation: "
    "No response body.",
    "When listing objects under key 'lake/t.parquet' in bucket 'b': AWS Error UNKNOWN (HTTP status 404) during "
    "ListObjectsV2 operation: Unable to parse ExceptionName: XAdminUserNotFound Message: No user exists",
    "An error occurred while calling o196.parquet.\n: java.nio.file.AccessDeniedException: s3a://b/lake/t: "
    f"getFileStatus on s3a://b/lake/t: {SDK}.services.s3.model.S3Exception: Forbidden (Status Code: 403):null",
    "[PYTHON_EXCEPTION] An exception was thrown from the Python worker: Traceback (most recent call last):\n"
    "  File 'x.py', line 1, in f\nOSError: When reading information for key 'x/t' in bucket 'b': "
    "AWS Error ACCESS_DENIED during HeadObject operation: No response body.\n SQLSTATE: 38000",
]
MAY_PASS = [
    "When getting information for key 'lake/t' in bucket 'b': AWS Error NETWORK_CONNECTION during HeadObject "
    "operation: curlCode: 7, Could not connect to server",
    "When getting information for key 'lake/t' in bucket 'b': AWS Error SLOW_DOWN during HeadObject operation: "
    "No response body.",
    "An error occurred while calling o225.parquet.\n: org.apache.hadoop.fs.s3a.AWSServiceThrottledException: "
    f"getFileStatus on s3a://b/lake/t: {SDK}.services.s3.model.S3Exception: Service Unavailable "
    "(Service: S3, Status Code: 503):null",
    "An error occurred while calling o3.parquet.\n: java.io.UncheckedIOException: java.net.SocketException: reset\n"
    f"\tat {SDK}.protocols.xml.internal.unmarshall.XmlResponseParserUtils.parse(XmlResponseParserUtils.java:67)\n",
    f"An error occurred while calling o2.parquet.\n: java.net.ConnectException: getFileStatus on s3a://b/t: {SDK}.core."
    "exception.SdkClientException: Unable to execute HTTP request: Connection refused (SDK Attempt Count: 1)",
]


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://server:1")


@pytest.mark.parametrize("text", NO_BUCKET)
def test_a_missing_bucket_is_a_setting_to_correct(text: str) -> None:
    found = s3_failure(OSError(text))
    assert isinstance(found, ConfigurationError)
    assert found.problem == "http://server:1 has no bucket no-such-bucket"


@pytest.mark.parametrize("text", REFUSED)
def test_a_refused_key_is_a_setting_to_correct(text: str) -> None:
    found = s3_failure(OSError(text))
    assert isinstance(found, ConfigurationError)
    assert "AWS_ACCESS_KEY_ID" in found.remedy
    assert "\n" not in found.problem


def test_no_key_at_all_is_said() -> None:
    found = s3_failure(
        OSError("org.apache.hadoop.fs.s3a.auth.NoAwsCredentialsException: No AWS credentials in the configuration")
    )
    assert str(found) == (
        "there are no credentials for http://server:1. Remedy: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    )


@pytest.mark.parametrize("text", MAY_PASS)
def test_what_another_try_may_find_better_is_the_lakes_error(text: str) -> None:
    found = s3_failure(OSError(text))
    assert isinstance(found, LakeError)
    assert found.exit_code == 1
    assert "http://server:1" in found.remedy
    assert found.problem.startswith(("When getting", "org.apache", "java.net", "java.io"))


def test_what_spark_does_not_find_may_show_later() -> None:
    text = "o9.parquet.\n: java.io.FileNotFoundException: No such file or directory: s3a://b/lake/_staging/t\n\tat x"
    found = s3_failure(OSError(text))
    assert isinstance(found, LakeError)
    assert found.problem == "Spark does not find s3a://b/lake/_staging/t"
    assert "listings lag behind" in found.remedy


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyError("x"), ValueError("s3://b/x is wrong")])
def test_other_errors_are_not_ours_to_name(error: Exception) -> None:
    assert s3_failure(error) is None
