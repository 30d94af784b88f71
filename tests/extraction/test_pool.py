"""Files are read in worker processes that a hostile file can kill without harm."""

import os
import time

import pytest

from bifrost.errors import RecordError
from bifrost.values import FileRecord, Fragment, RecordFragments
from extraction.pool import DocumentPool, PoolOptions, ReadDocument


def _reader() -> ReadDocument:
    def read(source: str, dataset: str, record: FileRecord, digest: bytes) -> RecordFragments:
        match record.content:
            case b"crash":
                os.abort()
            case b"hang":
                time.sleep(60)
            case b"broken":
                raise RecordError("cannot be read", record=record.key)
        fragment = Fragment(f"{source}/{dataset}/{record.key}", "Document", {"text": (record.content.decode(),)})
        return RecordFragments(record.key, digest, (fragment,))

    return read


@pytest.fixture
def pool() -> DocumentPool:
    return DocumentPool(_reader, "1", PoolOptions(workers=2, seconds_per_file=3, memory_mb=0))


def _file(key: str, content: bytes) -> FileRecord:
    return FileRecord(key, "text/plain", content)


def test_one_bad_file_costs_only_its_own_record(pool: DocumentPool) -> None:
    files = [_file(f"{n}.txt", b"fine") for n in range(6)]
    files[1:1] = [_file("crash.txt", b"crash"), _file("hang.txt", b"hang"), _file("broken.txt", b"broken")]
    results = list(pool.read("folder", "files", iter(files)))
    read = sorted(result.key for result in results if isinstance(result, RecordFragments))
    failed = sorted(result.record for result in results if isinstance(result, RecordError))
    assert read == [f"{n}.txt" for n in range(6)]
    assert failed == ["broken.txt", "crash.txt", "hang.txt"]


def test_no_files_start_no_process(pool: DocumentPool) -> None:
    assert list(pool.read("folder", "files", [])) == []


def test_the_digest_changes_with_content_and_version(pool: DocumentPool) -> None:
    other = DocumentPool(_reader, "2", PoolOptions(workers=1))
    a, b = _file("a.txt", b"one"), _file("a.txt", b"two")
    assert pool.digest(a) == pool.digest(_file("a.txt", b"one"))
    assert len({pool.digest(a), pool.digest(b), other.digest(a)}) == 3
