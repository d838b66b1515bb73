"""How the lake talks to S3: the clients of boto3 and pyarrow, and names for what can go wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from include.errors import ConfigurationError, LakeError, MissingArtifactError
from include.settings import S3Settings

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

ATTEMPTS = 7
CONNECT_SECONDS, READ_SECONDS = 5, 20
CONNECTIONS = 32
MISSING = {"404", "NoSuchKey", "NotFound"}
REFUSED = {
    *("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"),
    *("AuthorizationHeaderMalformed", "UnauthorizedAccess", "XAdminUserNotFound"),
}
CHANGED = {"412", "PreconditionFailed"}
CONFLICT = {"409", "ConditionalRequestConflict", "OperationAborted"}


def make_client(access: S3Settings) -> Any:
    """Return a client of boto3, usable by many threads, that repeats what 503, timeouts and resets cut off."""
    import boto3
    from botocore.config import Config

    when = "when_required" if access.endpoint else "when_supported"
    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        request_checksum_calculation=when,
        response_checksum_validation=when,
        s3={"addressing_style": "path" if access.endpoint else "auto"},
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=access.endpoint or None,
        region_name=access.region,
        config=config,
        **_keys(access, "aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
    )


def make_filesystem(access: S3Settings) -> FileSystem:
    """Return pyarrow's own client."""
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    where: dict[str, Any] = {}
    if access.endpoint:
        parts = urlsplit(access.endpoint)
        where = {"endpoint_override": f"{parts.netloc}{parts.path.rstrip('/')}", "scheme": parts.scheme}
        # Its SDK knows this by the environment only; other servers than AWS answer ten times slower with it.
        os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    return S3FileSystem(
        region=access.region,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=READ_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        **where,
        **_keys(access, "access_key", "secret_key", "session_token"),
    )


def _keys(access: S3Settings, *names: str) -> dict[str, str]:
    values = (access.access_key, access.secret_key, access.session_token)
    return {
        name: value.get_secret_value() for name, value in zip(names, values, strict=True) if value.get_secret_value()
    }


def code_of(error: Exception) -> str:
    """Return the code by which S3 names what it refuses."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def server_name(access: S3Settings) -> str:
    """Return how a person knows the server."""
    return access.endpoint or f"S3 in {access.region}"


@contextmanager
def named_errors(uri: str, bucket: str, access: S3Settings) -> Iterator[None]:
    """Turn what boto3 raises into an error that says what to do.

    Raises
    ------
    MissingArtifactError
        When there is nothing at `uri`.
    ConfigurationError
        When there is no such bucket, or no or wrong credentials: another try cannot help.
    LakeError
        When the server is out of reach, overloaded or broken after all repetitions.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

    server = server_name(access)
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in MISSING:
            raise missing(uri) from error
        if code == "NoSuchBucket":
            raise no_bucket(bucket, server) from error
        if code in REFUSED:
            raise refused(f"access to {uri} ({code})", server) from error
        raise LakeError(f"{uri}: {error}", remedy=f"look at the log of {server}, then clear the task") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise no_credentials(server) from error
    except BotoCoreError as error:
        raise out_of_reach(f"{uri}: {error}", server) from error


def missing(uri: str) -> MissingArtifactError:
    """Return the error for an object that is not there."""
    return MissingArtifactError(f"{uri} does not exist", remedy="clear the task that writes it, and what follows")


def refused(what: str, server: str) -> ConfigurationError:
    """Return the error for a key that the server does not know, or that may not do what was asked."""
    return ConfigurationError(
        f"{server} refuses {what}",
        remedy="correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or what that key may do",
    )


def no_credentials(server: str) -> ConfigurationError:
    """Return the error for keys that are nowhere."""
    return ConfigurationError(
        f"there are no credentials for {server}", remedy="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )


def out_of_reach(problem: str, server: str) -> LakeError:
    """Return the error for a server that does not answer, or breaks off, or is overloaded."""
    return LakeError(problem, remedy=f"check that {server} answers, then clear the task")


def no_bucket(bucket: str, server: str) -> ConfigurationError:
    """Return the error for a bucket that is not there."""
    return ConfigurationError(
        f"{server} has no bucket {bucket}", remedy="create the bucket, or correct LAKE_URI and LANDING_URI"
    )
