"""A store with locked objects as witness: an S3 bucket in which for ten years nobody can remove what was put there.

One small object an hour and chain, whose name already says everything, so that a verification reads names alone. All
versions are read: one that was hidden by a later one or by a deletion still counts.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from portal.compliance.seals.witnesses import Told, read
from portal.config import load_settings
from portal.core import clock

if TYPE_CHECKING:
    from minio import Minio

    from portal.config.anchors import Store

LOCKED_FOR = timedelta(days=3653)
WAIT, TRIES = 10.0, 2  # seconds for an answer, and how often it is asked for


class StoreAway(OSError):
    """The store could not be used; the text says why in the store's own word for it, and names no secret."""


def told(chain: UUID) -> Sequence[Told]:
    """What the store keeps of one chain; nothing where there is no store. Raises `StoreAway`."""
    settings = load_settings().anchor.store
    if settings is None:
        return ()
    with _using(settings) as client:
        found = client.list_objects(
            bucket_name=settings.bucket, prefix=f"{chain}/", recursive=True, include_version=True
        )
        names = dict.fromkeys(one.object_name or "" for one in found)
    return [one for name in names for one in read(name.replace("/", " "))]


def put(lines: Sequence[Told]) -> None:
    """Have the store keep these, locked; nothing where there is no store. Raises `StoreAway`."""
    settings = load_settings().anchor.store
    if settings is None:
        return
    from minio.commonconfig import COMPLIANCE
    from minio.retention import Retention

    with _using(settings) as client:
        for one in lines:
            body = f"{one.line}\n".encode()
            client.put_object(
                bucket_name=settings.bucket,
                object_name=one.line.replace(" ", "/"),
                data=io.BytesIO(body),
                length=len(body),
                content_type="text/plain",
                # Stores take a lock only together with a sum of what is to be locked.
                metadata={
                    "x-amz-sdk-checksum-algorithm": "SHA256",
                    "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
                },
                retention=Retention(COMPLIANCE, clock.now() + LOCKED_FOR),
            )


@contextmanager
def _using(settings: Store) -> Iterator[Minio]:
    """A client; whatever goes wrong inside becomes `StoreAway`."""
    # Not above: it takes a tenth of a second, and most portals have no store.
    import urllib3
    from minio import Minio
    from minio.error import MinioException, S3Error

    waiting = urllib3.PoolManager(timeout=urllib3.Timeout(WAIT), retries=urllib3.Retry(TRIES, backoff_factor=0.2))
    try:
        yield Minio(
            endpoint=settings.host,
            access_key=settings.key,
            secret_key=settings.secret,
            secure=settings.secure,
            region=settings.region,
            http_client=waiting,
        )
    except S3Error as error:
        raise StoreAway(f"the store says {error.code}") from None
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise StoreAway(f"it could not be asked, {type(error).__name__}") from None
    finally:
        waiting.clear()
