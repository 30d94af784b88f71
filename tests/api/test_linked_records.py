"""Answers about links match again the records that are told apart by them, and undoing those answers restores the merges."""

from dataclasses import replace
from pathlib import Path

from api.compose import open_service
from api.service import Service
from bifrost.links import TAUGHT, LinkState, Verdict
from bifrost.settings import load_settings
from tests.linking.test_collective import ALBUM, ALBUMS, TRACKS, shops


def merged(service: Service) -> dict[tuple[str, str], float]:
    pairs = service.store.links.pairs(TRACKS.id, limit=10_000)
    return {(p.left, p.right): p.score for p in pairs if p.score >= 0.5}


def test_answers_about_links_match_again_what_rests_on_them_until_they_are_undone(tmp_path: Path) -> None:
    data = shops()
    for shop in ("a", "b"):
        (tmp_path / shop).mkdir()
        for dataset in ("albums", "tracks"):
            rows = [row for batch in data.rows(shop, dataset) for row in batch.to_pylist()]
            names = [name for name in rows[0] if name != "_uid"]
            lines = [",".join(names), *(",".join(row[name] for name in names) for row in rows)]
            (tmp_path / shop / f"{dataset}.csv").write_text("\n".join(lines) + "\n")
    service = open_service(load_settings(data_dir=tmp_path / "data"))
    for shop in ("a", "b"):
        service.add_source(shop, "files", {"path": str(tmp_path / shop)}, {})
    assert service.pipeline.run(service.store.catalog.add_build(()).id) == {}
    links = service.store.links
    known = {one.id for one in links.link_types()}
    mine = [
        replace(one, state=LinkState.PROPOSED, model=f"{TAUGHT} {one.id}")
        for one in (*ALBUM, TRACKS, ALBUMS)
        if one.id not in known
    ]
    links.save_link_types([*links.link_types(), *mine])

    service.judge(TRACKS.id, Verdict.CONFIRM, "ann")
    alone = merged(service)
    answers = [service.judge(one.id, Verdict.CONFIRM, "ann").judgement.id for one in (*ALBUM, ALBUMS)]
    linked = merged(service)
    assert len(linked) > len(alone) or linked.keys() != alone.keys()
    report = service.pipeline.links.apply(links.link_type(TRACKS.id))
    assert (report.added, report.changed, report.removed) == (0, 0, 0)
    for answer in reversed(answers):
        service.undo(answer, "ann")
    assert merged(service) == alone
    service.close()
