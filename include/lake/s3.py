"""A lake in a bucket of S3, or of a server that speaks its protocol and keeps its conditions.

S3 stores an object whole or not at all, and answers reads and listings by what was stored last.
What it lacks is a rename, so a move is a copy by the server; and one writer's order, for which
conditional puts (`If-None-Match`, `If-Match`) are used.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from include.errors import LakeError
from include.lake.s3_client import (
    ATTEMPTS,
    CHANGED,
    CONFLICT,
    MISSING,
    code_of,
    make_client,
    make_filesystem,
    missing,
    named_errors,
)
from include.lake.store import CHUNK, FileInfo
from include.settings import S3Settings, load_s3_settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pyarrow.fs import FileSystem

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 1000  # keys that one request may delete
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds
WRITER = "nightshelf-writer"

T = TypeVar("T")


class S3Lake:
    """See `Lake`. Nothing is asked of the server before the first operation.

    Parameters
    ----------
    bucket
        Has to exist.
    prefix
        Folder in it, "" for the bucket itself.
    access
        How the server is reached; by default what the environment says.
    """

    def __init__(self, bucket: str, prefix: str, access: S3Settings | None = None) -> None:
        self.bucket, self.prefix = bucket, prefix.strip("/")
        self.access = access or load_s3_settings()

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def uri_of(self, path: str) -> str:
        # Hadoop knows today's connector by this scheme only.
        return f"s3a://{self.bucket}/{self._key(path)}"

    def filesystem(self) -> tuple[FileSystem, str]:
        return self._filesystem, f"{self.bucket}/{self.prefix}".rstrip("/")

    def exists(self, path: str) -> bool:
        return self._head(path) is not None

    def size(self, path: str) -> int:
        head = self._head(path)
        if head is None:
            raise missing(self._uri(path))
        return int(head["ContentLength"])

    def read_bytes(self, path: str) -> bytes:
        return self._whole(path, lambda chunks: b"".join(chunks))

    def write_bytes(self, path: str, data: bytes) -> None:
        with self._named(path):
            self._client.put_object(Bucket=self.bucket, Key=self._key(path), Body=data)

    def version(self, path: str) -> str | None:
        head = self._head(path)
        return None if head is None else str(head["ETag"])

    def write_if_unchanged(self, path: str, data: bytes, version: str | None) -> bool:
        return self._put_if(path, data, {"IfNoneMatch": "*"} if version is None else {"IfMatch": version})

    def list_files(self, folder: str) -> list[FileInfo]:
        start = len(self._below(""))
        found = []
        for page in self._pages(folder):
            # Other programs mark folders by empty objects whose names end in a slash.
            objects = (entry for entry in page.get("Contents", ()) if not entry["Key"].endswith("/"))
            found += [FileInfo(entry["Key"][start:], int(entry["Size"])) for entry in objects]
        return sorted(found)

    def move(self, source: str, target: str) -> None:
        origin = {"Bucket": self.bucket, "Key": self._key(source)}
        with self._named(source):
            # Copies in parts what is too large for one request.
            self._client.copy(origin, self.bucket, self._key(target))
            self._client.delete_object(**origin)

    def delete(self, path: str) -> None:
        keys = [entry["Key"] for page in self._pages(path) for entry in page.get("Contents", ())]
        keys += [self._key(path)] if path else []
        for first in range(0, len(keys), MOST_AT_ONCE):
            batch = [{"Key": key} for key in keys[first : first + MOST_AT_ONCE]]
            with self._named(path):
                answer = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
            for error in answer.get("Errors", ()):
                why = error.get("Message") or error.get("Code")
                raise LakeError(
                    f"s3://{self.bucket}/{error['Key']} could not be deleted: {why}",
                    remedy="check what the key of AWS_ACCESS_KEY_ID may do, then clear the task",
                )

    def content_tag(self, path: str) -> str:
        def digest(chunks: Iterator[bytes]) -> str:
            sha = hashlib.sha256()
            for chunk in chunks:
                sha.update(chunk)
            return sha.hexdigest()

        return self._whole(path, digest)

    @cached_property
    def _client(self) -> Any:
        return make_client(self.access)

    @cached_property
    def _filesystem(self) -> FileSystem:
        return make_filesystem(self.access)

    def _key(self, path: str) -> str:
        return "/".join(part for part in (self.prefix, path) if part)

    def _below(self, folder: str) -> str:
        key = self._key(folder)
        return f"{key}/" if key else ""

    def _uri(self, path: str) -> str:
        return f"s3://{self.bucket}/{self._key(path)}"

    def _named(self, path: str) -> AbstractContextManager[None]:
        return named_errors(self._uri(path), self.bucket, self.access)

    def _pages(self, folder: str) -> list[dict[str, Any]]:
        with self._named(folder):
            paginator = self._client.get_paginator("list_objects_v2")
            return list(paginator.paginate(Bucket=self.bucket, Prefix=self._below(folder)))

    def _head(self, path: str) -> dict[str, Any] | None:
        """Return what is known about an object, None if there is none."""
        from botocore.exceptions import ClientError

        with self._named(path):
            try:
                return dict(self._client.head_object(Bucket=self.bucket, Key=self._key(path)))
            except ClientError as error:
                if code_of(error) not in MISSING:
                    raise
        self._bucket_exists  # noqa: B018 - a missing bucket has the same answer without a body
        return None

    @cached_property
    def _bucket_exists(self) -> bool:
        with self._named(""):  # a listing is refused with a reason in words, which a question for the bucket is not
            self._client.list_objects_v2(Bucket=self.bucket, Prefix=self._below(""), MaxKeys=1)
        return True

    def _whole(self, path: str, consume: Callable[[Iterator[bytes]], T]) -> T:
        """Return what `consume` makes of an object's content, again from its start when the stream breaks off.

        boto3 repeats requests until their answer begins, and leaves what breaks off later to its caller.
        """
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        attempt = 0
        while True:
            attempt += 1
            with self._named(path):
                body = self._client.get_object(Bucket=self.bucket, Key=self._key(path))["Body"]
                try:
                    return consume(body.iter_chunks(CHUNK))
                except (HTTPClientError, IncompleteReadError) as error:
                    if attempt == ATTEMPTS:
                        raise
                    logger.info("reading %s broke off (%s), once more", path, error)
                finally:
                    body.close()
            _pause(attempt)

    def _put_if(self, path: str, data: bytes, condition: dict[str, str]) -> bool:
        """Store `data` under a condition that the server holds.

        When an answer is lost, boto3 repeats the put and meets its own first try; the writer's
        name at the object tells that from somebody else's.
        """
        from botocore.exceptions import ClientError

        writer = uuid.uuid4().hex
        place = {"Bucket": self.bucket, "Key": self._key(path)}
        attempt = 0
        while True:
            attempt += 1
            with self._named(path):
                try:
                    self._client.put_object(**place, Body=data, Metadata={WRITER: writer}, **condition)
                    return True
                except ClientError as error:
                    code = code_of(error)
                    if code in CHANGED or (code in MISSING and "IfMatch" in condition):
                        head = self._head(path)
                        return head is not None and head.get("Metadata", {}).get(WRITER) == writer
                    if code not in CONFLICT or attempt == ATTEMPTS:
                        raise
            _pause(attempt)


def _pause(attempt: int) -> None:
    time.sleep(min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE))
