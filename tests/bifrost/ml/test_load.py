"""A Parquet export as arrays, DGL graphs and PyG graphs."""

import io
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bifrost import ml
from bifrost.errors import InputError, MissingExtraError, NotFoundError, StoreUnavailableError
from bifrost.values import LinkStatement, RecordFragments, Value
from graphstore.export import Exporter
from graphstore.sql import SqlStore
from tests.graphstore.worlds import record_of, register, say

PEOPLE, CITIES = 200, 10
LIVES = ("Person", "lives in", "Big City")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """People who live in cities and know each other: of one type of edge two relations."""
    store = SqlStore("sqlite://")
    store.migrate()
    register(store, "a/city", "a/person")
    cities = [record_of("a/city", str(i), {"size": i * 1000}, type="Big City") for i in range(CITIES)]
    say(store, "a/city", *cities)

    def person(i: int) -> dict[str, Value | tuple[Value, ...]]:
        said: dict[str, Value | tuple[Value, ...]] = {
            "name": f"Person number {i}",
            "team": ("red", "green", "blue")[i % 3],
            "tags": ("x", "y") if i % 2 else ("x",),
            "born": date(1990, 1, 1 + i % 28),
            "seen": datetime(2024, 1, 1, i % 24, tzinfo=UTC),
        }
        return said | ({"income": 1000.0 + i} if i % 4 else {})

    def links(i: int) -> list[tuple[str, str]]:
        return [("lives in", f"a/city/{i % CITIES}"), ("LIKES", f"a/person/{(i + 1) % PEOPLE}"), ("LIKES", "a/city/0")]

    say(store, "a/person", *(record_of("a/person", str(i), person(i), links(i)) for i in range(PEOPLE)))
    made = tmp_path_factory.mktemp("export") / "graph.zip"
    made.write_bytes(b"".join(Exporter(store, "https://x/")("parquet").chunks))
    store.close()
    yield made


@pytest.fixture(scope="module")
def arrays(exported: Path) -> ml.GraphArrays:
    return ml.load(exported, targets={"Person": "team", "Big City": "size"})


def test_arrays_are_shown_in_a_few_words(arrays: ml.GraphArrays) -> None:
    shown = repr(arrays)
    assert f"'Person': Nodes({PEOPLE}, " in shown
    assert "target of 3 classes)" in shown
    assert "target a number)" in shown
    assert f"{LIVES}: Edges({PEOPLE}, 1 features)" in shown
    assert len(shown) < 500


def test_nodes_edges_and_relations_are_those_of_the_graph(arrays: ml.GraphArrays) -> None:
    assert {label: len(nodes.ids) for label, nodes in arrays.nodes.items()} == {"Person": PEOPLE, "Big City": CITIES}
    assert {relation: len(edges.ids) for relation, edges in arrays.edges.items()} == {
        LIVES: PEOPLE,
        ("Person", "LIKES", "Person"): PEOPLE,
        ("Person", "LIKES", "Big City"): PEOPLE,
    }
    lives, people, cities = arrays.edges[LIVES], arrays.nodes["Person"].ids, arrays.nodes["Big City"].ids
    for tail, head in zip(lives.tail, lives.head, strict=True):
        number = int(people[tail].rpartition("/")[2])
        assert cities[head] == f"a/city/{number % CITIES}"


def test_columns_become_standardised_numbers_and_categories(arrays: ml.GraphArrays) -> None:
    people = arrays.nodes["Person"]
    assert people.names == ("born", "income", "income is missing", "seen", "tags=x", "tags=y")
    column = dict(zip(people.names, people.features.T, strict=True))
    known = people.split.train & (column["income is missing"] == 0)
    assert abs(column["income"][known].mean()) < 1e-5
    assert abs(column["income"][known].std() - 1) < 1e-5
    assert column["tags=x"].min() == 1
    assert np.isfinite(people.features).all()
    assert people.features.dtype == np.float32
    assert arrays.nodes["Big City"].names == ("constant",), "its only property is the target"


def test_targets_are_classes_or_numbers_and_no_features(arrays: ml.GraphArrays) -> None:
    people, cities = arrays.nodes["Person"], arrays.nodes["Big City"]
    assert people.target is not None
    assert cities.target is not None
    assert people.classes == ("green", "red", "blue")
    assert people.target.dtype == np.int64
    assert sorted(cities.target) == [float(i * 1000) for i in range(CITIES)]


def test_splits_are_shares_that_stay_with_the_ids(exported: Path, arrays: ml.GraphArrays) -> None:
    again = ml.load(exported, seed=0)
    other = ml.load(exported, seed=1)
    for label, nodes in arrays.nodes.items():
        split = nodes.split
        assert (split.train.astype(int) + split.validation + split.test == 1).all()
        assert (again.nodes[label].split.test == split.test).all()
    people = arrays.nodes["Person"].split
    assert 0.7 < people.train.mean() < 0.9
    assert not (other.nodes["Person"].split.train == people.train).all()
    assert ml.load(exported, parts=(0, 0, 1)).nodes["Person"].split.test.all()


def test_negatives_are_no_edges(arrays: ml.GraphArrays) -> None:
    known = set(zip(arrays.edges[LIVES].tail.tolist(), arrays.edges[LIVES].head.tolist(), strict=True))
    tails, heads = arrays.negatives(LIVES, "test", 3)
    assert len(tails) == 3 * arrays.edges[LIVES].split.test.sum()
    assert not known & set(zip(tails.tolist(), heads.tolist(), strict=True))
    assert (arrays.negatives(LIVES, "test", 3)[1] == heads).all()
    with pytest.raises(InputError):
        arrays.negatives(("a", "b", "c"), "test")
    with pytest.raises(InputError):
        arrays.negatives(LIVES, "dev")


def test_a_dgl_graph_has_features_labels_and_masks(arrays: ml.GraphArrays) -> None:
    pytest.importorskip("dgl")
    graph = arrays.to_dgl()
    assert graph.num_nodes("Person") == PEOPLE
    assert graph.num_edges(LIVES) == graph.num_edges(("Big City", "rev_lives in", "Person")) == PEOPLE
    assert graph.nodes["Person"].data["feat"].shape == (PEOPLE, 6)
    assert graph.nodes["Person"].data["label"].max() == 2
    train = arrays.to_dgl(edges="train", reverse=False)
    assert train.num_edges(LIVES) == arrays.edges[LIVES].split.train.sum()
    assert train.edges[LIVES].data["train_mask"].all()


def test_a_pyg_graph_is_valid(arrays: ml.GraphArrays) -> None:
    pytest.importorskip("torch_geometric")
    graph = arrays.to_pyg()
    graph.validate()
    assert graph["Person"].x.shape == (PEOPLE, 6)
    assert graph[LIVES].edge_index.shape == (2, PEOPLE)


def test_the_documented_example_learns(exported: Path) -> None:
    pytest.importorskip("torch_geometric")
    text = (Path(__file__).parents[3] / "docs" / "data-science.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    for documented, own in (("graph.zip", str(exported)), ("Customer", "Person"), ("country", "team")):
        code = code.replace(documented, own)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["loss"].item() < 1.2
    assert 0 <= names["accuracy"].item() <= 1


def test_without_a_library_the_extra_is_named(arrays: ml.GraphArrays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_geometric.data", None)
    monkeypatch.setitem(sys.modules, "dgl", None)
    for make in (arrays.to_pyg, arrays.to_dgl):
        with pytest.raises(MissingExtraError, match="not installed"):
            make()


class Letters:
    """An encoder that counts letters."""

    name, dimension = "letters", 2

    def encode(self, texts: Any) -> Any:
        return np.array([[text.count("r"), len(text)] for text in texts], np.float32)


def test_texts_become_vectors_of_an_encoder(exported: Path) -> None:
    options = ml.FeatureOptions(encoder=Letters(), ignore=frozenset({"born", "seen", "tags", "income"}))
    people = ml.load(exported, options=options).nodes["Person"]
    assert people.names == ("name[0]", "name[1]", "team=blue", "team=green", "team=red")
    assert people.features[0, 0] == 2


def test_a_folder_and_a_zip_say_the_same(exported: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported) as archive:
        archive.extractall(tmp_path)
    first, second = ml.load(exported), ml.load(tmp_path)
    for label, nodes in first.nodes.items():
        assert nodes.ids == second.nodes[label].ids
        assert (nodes.features == second.nodes[label].features).all()


def test_what_is_no_export_is_told(tmp_path: Path, exported: Path) -> None:
    with pytest.raises(NotFoundError):
        ml.load(tmp_path / "nothing.zip")
    (tmp_path / "bad.zip").write_bytes(b"nothing")
    with pytest.raises(InputError):
        ml.load(tmp_path / "bad.zip")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w"):
        pass
    (tmp_path / "empty.zip").write_bytes(buffer.getvalue())
    assert ml.load(tmp_path / "empty.zip").nodes == {}
    with pytest.raises(StoreUnavailableError):
        ml.load("http://127.0.0.1:1")
    for wrong in ({"targets": {"Person": "nothing"}}, {"targets": {"Nobody": "x"}}, {"parts": (1, 1, 1)}):
        with pytest.raises(InputError):
            ml.load(exported, **wrong)


def test_properties_may_be_called_like_the_columns_of_an_export(tmp_path: Path) -> None:
    store = SqlStore("sqlite://")
    store.migrate()
    register(store, "a/x", "a/pairs")
    say(store, "a/x", *(record_of("a/x", str(i), {"_id": i}) for i in range(5)))
    links = (LinkStatement("a/l", "LIKES", "a/x/0", "a/x/1", {"_id": (7,), "_weight": (0.5,)}),)
    say(store, "a/pairs", RecordFragments("1", b"1", links=links))
    file = tmp_path / "graph.zip"
    file.write_bytes(b"".join(Exporter(store, "https://x/")("parquet").chunks))
    store.close()
    arrays = ml.load(file, parts=(1, 0, 0))
    assert arrays.nodes["X"].names == ("__id",)
    assert len(set(arrays.nodes["X"].features[:, 0].tolist())) == 5
    assert arrays.edges["X", "LIKES", "X"].names == ("__id", "_weight")
