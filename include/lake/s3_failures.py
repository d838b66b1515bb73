"""What pyarrow and Spark say when S3 fails, in our words.

boto3 raises errors of a structure, which `s3_client.named_errors` reads. The others have text only: pyarrow's
`OSError`, the traces of Spark's JVM, and either of them out of one of Spark's tasks, wrapped by Spark.
"""

from __future__ import annotations

import re

from include.errors import LakeError, NightshelfError
from include.lake.s3_client import REFUSED, no_bucket, no_credentials, out_of_reach, refused, server_name
from include.settings import load_s3_settings

# Of pyarrow, and of the client within S3A
OF_S3 = re.compile(r"AWS Error [A-Z_]+|software\.amazon\.awssdk\.|org\.apache\.hadoop\.fs\.s3a\.[\w.]*Exception")
NO_BUCKET = re.compile(r"NoSuchBucket|NO_SUCH_BUCKET|UnknownStoreException")
# Spark looks for what its tasks wrote, or for what a manifest names
NOT_SHOWN = re.compile(r"FileNotFoundException: No such file or directory: (s3a?://\S+)")
NO_CREDENTIALS = re.compile(r"NoA[Ww][Ss]CredentialsException|Unable to load credentials")
NO_ACCESS = re.compile(
    r"Status Code: 40[13]\b|HTTP status 40[13]\b"
    r"|AWS Error (?:ACCESS_DENIED|INVALID_ACCESS_KEY_ID|SIGNATURE_DOES_NOT_MATCH|UNRECOGNIZED_CLIENT|INVALID_CLIENT)|"
    + "|".join(rf"\b{code}\b" for code in sorted(REFUSED) if not code.isdigit())
)
BUCKET = re.compile(r"s3a?://([^/`'\s]+)|in bucket '([^']+)'")
WORDS = 300


def s3_failure(error: BaseException) -> NightshelfError | None:
    """Return what an error of pyarrow or Spark means, None when it is not about S3.

    `ConfigurationError` stands for what stays wrong (bucket, keys), `LakeError` for what another try may find better.
    """
    text = f"{error}\n{getattr(error, '_stackTrace', '')}"  # PySpark keeps the JVM's trace of some errors apart
    if lost := NOT_SHOWN.search(text):
        return not_shown(f"Spark does not find {lost.group(1)}")
    if not OF_S3.search(text):
        return None
    server = server_name(load_s3_settings())
    if NO_BUCKET.search(text):
        bucket = BUCKET.search(text)
        return no_bucket(next(filter(None, bucket.groups())) if bucket else "of that name", server)
    if NO_CREDENTIALS.search(text):
        return no_credentials(server)
    said = _line(text)
    if NO_ACCESS.search(text):
        return refused(f"access: {said}", server)
    return out_of_reach(said, server)


def not_shown(problem: str) -> LakeError:
    """Return the error for what was just stored and is not found."""
    return LakeError(
        problem,
        remedy="clear the task; should it say so again, the server's listings lag behind: see docs/s3.md",
    )


def _line(text: str) -> str:
    """Return the first line about S3 that is no place in a trace, or the first one, short enough for a person."""
    lines = [" ".join(line.split()).removeprefix("Caused by: ").lstrip(": ") for line in text.splitlines()]
    said = [line for line in lines if not line.startswith(("at ", "An error occurred while calling"))]
    line = next(filter(OF_S3.search, said), said[0])
    return line if len(line) <= WORDS else f"{line[:WORDS]}…"
