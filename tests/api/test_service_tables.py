from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

from api.review_log import ReviewLog, Sample
from bifrost.settings import load_settings


def test_who_comes_first_makes_the_tables_and_nobody_fails(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    shared, at_once = ReviewLog(settings), Barrier(12)

    def keep(number: int) -> None:
        log = shared if number % 3 else ReviewLog(settings)
        at_once.wait()
        log.keep_sample(Sample(str(number), 1, datetime.now(UTC), 1, (("a", "b", 0.5),)))
        if log is not shared:
            log.close()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(keep, range(12)))
    assert len(shared.samples()) == 12
    shared.close()
    assert len(shared.samples()) == 12
    shared.close()
