"""Same-thing types that are matched together: what one says about its records counts for the records linked to them."""

from dataclasses import replace

import numpy as np

from bifrost.links import Column, LinkKind, LinkState, LinkType, link_type_id
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.paths import Likely, linked_things, ways
from linking.records import resolve
from linking.records.blocking import Pairs
from linking.records.linked import overlap
from linking.workspace import Workspace
from tests.linking.company import quiet


def known(kind: LinkKind, tail: str, head: str) -> LinkType:
    sides = []
    for text in (tail, head):
        table, _, columns = text.partition(".")
        source, dataset = table.split("/")
        sides.append(Column(source, dataset, tuple(columns.split("+")) if columns else ()))
    threshold = 0.5 if kind is LinkKind.SAME_THING else None
    return LinkType(link_type_id(kind, *sides), kind, sides[0], sides[1], "x", LinkState.CONFIRMED, threshold=threshold)


ALBUM = [known(LinkKind.REFERENCE, f"{shop}/tracks.album_no", f"{shop}/albums.album_no") for shop in ("a", "b")]
TRACKS = known(LinkKind.SAME_THING, "a/tracks.title", "b/tracks.title")
ALBUMS = known(LinkKind.SAME_THING, "a/albums.name", "b/albums.name")
EVERY = [*ALBUM, TRACKS, ALBUMS]


def shops() -> MemoryData:
    """30 albums with 4 songs each; every second song has a title of its own, the others share theirs."""
    generator = np.random.default_rng(4)
    starts, ends = (["".join(generator.choice(list("bcdfglmnprst"), 2)) for _ in range(400)] for _ in range(2))
    words = [f"{start}a{end}" for start, end in zip(starts, ends, strict=True)]
    data = MemoryData()
    for shop, shift in (("a", 3), ("b", 11)):
        albums = [{"album_no": n * shift, "name": f"{words[n]} {words[n + 50]} {words[n + 90]}"} for n in range(30)]
        songs = [
            {
                "title": f"{words[200 + n]} {words[n]}" if n % 2 else f"intro {words[n // 2 % 8]}",
                "album_no": n // 4 * shift,
            }
            for n in range(120)
        ]
        data.add_rows(shop, "albums", albums)
        order = generator.permutation(120).tolist()
        info = DatasetInfo(
            "tracks", DatasetKind.TABLE, tuple(map(ColumnInfo, ("no", "title", "album_no"))), key=("no",)
        )
        data.add_rows(shop, "tracks", [{"no": n, **songs[n]} for n in order], info)
    return data


def right(linker: BifrostLinker, data: MemoryData, types: list[LinkType]) -> tuple[int, int]:
    """Merged tracks that are the same, and those that are not."""
    pairs = [p for p in linker.same(TRACKS, data, (), quiet, types) if p.score >= 0.5]
    good = sum(p.left.split("/")[-1] == p.right.split("/")[-1] for p in pairs)
    return good, len(pairs) - good


def test_songs_called_alike_are_told_apart_by_their_albums() -> None:
    linker, data = BifrostLinker(), shops()
    alone, linked = right(linker, data, []), right(linker, data, EVERY)
    linker.close()
    assert linked[0] >= 110
    assert linked[1] <= 4
    assert linked[0] - linked[1] > alone[0] - alone[1] + 20


def test_the_reason_names_what_is_shared() -> None:
    linker, data = BifrostLinker(), shops()
    pair = next(p for p in linker.same(TRACKS, data, (), quiet, EVERY) if p.score >= 0.5)
    linker.close()
    (said,) = [name for name in pair.evidence if name.startswith("links:")]
    assert said.startswith("links:both: albums ")
    assert pair.evidence[said] > 0


def test_only_confirmed_types_count_and_nothing_depends_on_what_came_before() -> None:
    linker, data = BifrostLinker(), shops()
    first = list(linker.same(TRACKS, data, (), quiet, EVERY))
    open_ = [replace(t, state=LinkState.PROPOSED) for t in EVERY]
    assert list(linker.same(TRACKS, data, (), quiet, open_)) == list(linker.same(TRACKS, data, (), quiet))
    list(linker.same(ALBUMS, data, (), quiet, EVERY))
    assert list(linker.same(TRACKS, data, (), quiet, EVERY[::-1])) == first
    linker.close()
    assert list(BifrostLinker().same(TRACKS, data, (), quiet, EVERY)) == first


def test_a_type_rests_on_the_links_and_types_that_it_counts() -> None:
    linker, data = BifrostLinker(), shops()
    assert linker.resting_on(ALBUM[0], data, EVERY) == [TRACKS, ALBUMS]
    assert linker.resting_on(ALBUMS, data, EVERY) == [TRACKS]
    assert linker.resting_on(TRACKS, data, EVERY) == [ALBUMS]
    other = known(LinkKind.REFERENCE, "a/tracks.singer", "c/singers.no")
    assert linker.resting_on(other, data, [*EVERY, other]) == []
    linker.close()


def test_ways_do_not_come_back_and_end_at_things_that_can_be_compared() -> None:
    assert [(len(w.left), [t.id for t in w.same]) for w in ways(TRACKS, EVERY)] == [(1, [ALBUMS.id])]
    assert ways(TRACKS, ALBUM) == []
    shared = [known(LinkKind.REFERENCE, f"{shop}/tracks.genre", "b/genres.no") for shop in ("a", "b")]
    assert [w.left[-1].end for w in ways(TRACKS, shared)] == [("b", "genres")]
    duplicates = known(LinkKind.SAME_THING, "a/tracks.title", "a/tracks.title")
    assert [w.left == w.right for w in ways(duplicates, [ALBUM[0]])] == [True]


def test_what_a_third_source_says_counts_for_nothing() -> None:
    elsewhere = [known(LinkKind.REFERENCE, f"{shop}/tracks.genre", "c/genres.no") for shop in ("a", "b")]
    plays = [known(LinkKind.REFERENCE, "c/plays.track", f"{shop}/tracks.title") for shop in ("a", "b")]
    assert ways(TRACKS, [*elsewhere, *plays]) == []
    joined = [known(LinkKind.JOIN_TABLE, f"{shop}/tracks.no", "b/singers.no") for shop in ("a", "b")]
    within, beyond = (
        [replace(t, through=Column(source, "sings", ("track", "singer"))) for t in joined] for source in ("b", "c")
    )
    assert [w.left[-1].end for w in ways(TRACKS, within)] == [("b", "singers")]
    assert ways(TRACKS, beyond) == []
    assert [w.left[-1].end for w in ways(TRACKS, [*elsewhere, *EVERY])] == [("a", "albums")]


def people() -> MemoryData:
    """``client`` holds what the other table calls ``person``; ``code`` means something else in each table."""
    data = MemoryData()
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"{letters[n % 26] * 2}{letters[n * 7 % 26]} {letters[n * 5 % 23]}o{n}" for n in range(64)]
    data.add_rows("crm", "clients", [{"client": n, "code": f"K{k:03d}x"} for k, n in enumerate(names)])
    data.add_rows("erp", "people", [{"person": n[::-1], "code": f"K{(k + 9) % 64:03d}x"} for k, n in enumerate(names)])
    return data


def compared(known_types: list[LinkType]) -> set[tuple[str, str]]:
    same = known(LinkKind.SAME_THING, "crm/clients", "erp/people")
    fields = resolve(same, people(), (), quiet, known=known_types).records.fields
    return {(f.name, "code" if f.right[0].as_py().startswith("k") else "person") for f in fields}


def test_confirmed_concepts_align_columns_and_rejected_ones_never_do() -> None:
    person = known(LinkKind.SAME_CONCEPT, "crm/clients.client", "erp/people.person")
    code = replace(known(LinkKind.SAME_CONCEPT, "erp/people.code", "crm/clients.code"), state=LinkState.REJECTED)
    assert compared([]) == {("code", "code")}
    assert compared([person]) == {("client", "person"), ("code", "code")}
    assert compared([person, code]) == {("client", "person")}
    crossed = known(LinkKind.SAME_CONCEPT, "crm/clients.code", "erp/people.person")
    assert ("code", "person") in compared([crossed])
    assert ("code", "code") not in compared([crossed])


def test_an_answer_about_a_concept_matches_its_tables_again() -> None:
    same = known(LinkKind.SAME_THING, "crm/clients", "erp/people")
    person = known(LinkKind.SAME_CONCEPT, "erp/people.person", "crm/clients.client")
    linker = BifrostLinker()
    assert linker.resting_on(person, people(), [same]) == [same]
    assert linker.resting_on(person, people(), EVERY) == []
    linker.close()


def test_what_follows_from_values_that_are_compared_counts_once() -> None:
    data = MemoryData()
    towns = ["Hull", "Hull", "Leith", "Brest"]
    data.add_rows("a", "customers", [{"name": f"n{k}", "town": t} for k, t in enumerate(towns)])
    data.add_rows("b", "accounts", [{"title": f"n{k}", "city": t} for k, t in enumerate(towns)])
    data.add_rows("b", "ports", [{"port": p, "flag": f} for p, f in (("Hull", "GB"), ("Leith", "GB"), ("Brest", "FR"))])
    data.add_rows("b", "flags", [{"flag": "GB"}, {"flag": "FR"}])
    refers = [
        known(LinkKind.REFERENCE, "a/customers.town", "b/ports.port"),
        known(LinkKind.REFERENCE, "b/accounts.city", "b/ports.port"),
        known(LinkKind.REFERENCE, "b/ports.flag", "b/flags.flag"),
    ]

    def shares(columns: str) -> list[list[float]]:
        compared = known(LinkKind.SAME_THING, *columns.split())
        records = resolve(compared, data, (), quiet).records
        pairs = Pairs(np.array([0, 0, 0]), np.array([1, 2, 3]))
        workspace = Workspace()
        with workspace.using(data) as opened:
            linked = linked_things(opened, data, compared, records, ways(compared, refers), unasked)
            found = [overlap(one, pairs) for one in linked]
        workspace.close()
        return [one.share.tolist() for one in found]

    def unasked(other: LinkType) -> Likely:
        raise AssertionError(other)

    # The pairs share the port, the flag of two ports, and neither.
    assert shares("a/customers.name b/accounts.title") == [[1, 0, 0], [0, 1, 0]]
    # Where towns are compared, the same town says that the port is the same.
    assert shares("a/customers.name+town b/accounts.title+city") == [[0, 0, 0], [0, 1, 0]]
