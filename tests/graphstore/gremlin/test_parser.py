"""Gremlin strings: what is understood, what is refused and where, and that garbage costs little."""

import time
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bifrost.errors import QueryError, QuerySyntaxError
from graphstore.gremlin.numbers import BigInteger, Byte, Float, Long
from graphstore.gremlin.parser import MAX_DEPTH, parse
from graphstore.gremlin.tree import Cardinality, CardinalityValue, Instruction, Merge, Order, P, Strategy, T, Traversal


def args(text: str) -> tuple[object, ...]:
    """The arguments of inject() in a query."""
    return parse(f"g.inject({text})").steps[0].args


def test_numbers_carry_their_types() -> None:
    found = args("1, 2L, 3b, 4n, 1.5, 2.5f, 1.5m, 0x1F, -7, 3000000000, .5, 1_000")
    assert found == (1, 2, 3, 4, 1.5, 2.5, Decimal("1.5"), 31, -7, 3_000_000_000, 0.5, 1000)
    kinds = [type(v) for v in found]
    assert kinds[:9] == [int, Long, Byte, BigInteger, float, Float, Decimal, int, int]
    assert kinds[9] is Long


def test_strings_and_escapes() -> None:
    assert args(r"'a\'b', " r'"x\ny", "\u00e4"') == ("a'b", "x\ny", "ä")
    assert args("'''tri'ple'''") == ("tri'ple",)
    assert args(r"'\ud83d\ude00!'") == ("\U0001f600!",)


def test_collections() -> None:
    assert args("[1,[2]], [a:1,(T.id):2], [:], {'x','y'}, null, true") == (
        [1, [2]], {"a": 1, T.id: 2}, {}, {"x", "y"}, None, True,
    )  # fmt: skip


def test_predicates_and_enums() -> None:
    assert args("gt(1).and(lt(5)).negate()") == (P("not", (P("and", (P("gt", (1,)), P("lt", (5,)))),)),)
    assert args("P.within([1,2]), within(1,2), TextP.startingWith('a')") == (
        P("within", ([1, 2],)), P("within", ([1, 2],)), P("startingWith", ("a",)),
    )  # fmt: skip
    assert args("Order.desc, asc, Merge.onCreate, Cardinality.set(3)") == (
        Order.desc, Order.asc, Merge.onCreate, CardinalityValue(Cardinality.set, 3),
    )  # fmt: skip


def test_not_is_a_predicate_or_a_step() -> None:
    assert parse("g.V().is(not(gt(1)))").steps[1].args == (P("not", (P("gt", (1,)),)),)
    nested = parse("g.V().where(not(out()))").steps[1].args[0]
    assert isinstance(nested, Traversal)
    assert nested.steps[0].name == "not"


def test_sources_bindings_and_transactions() -> None:
    tree = parse("g.withStrategies(new SeedStrategy(seed: 1L), ReadOnlyStrategy).V(x)", {"x": 7})
    assert tree.source[0].args == (Strategy("SeedStrategy", {"seed": 1}), Strategy("ReadOnlyStrategy"))
    assert tree.steps == (Instruction("V", (7,)),)
    assert parse("g.tx().commit()").source == (Instruction("tx", ("commit",)),)
    assert parse("h.V()", source="h").steps == (Instruction("V"),)
    assert parse("g.V().toList()").steps == (Instruction("V"),)


def test_terminal_steps_say_how_much_of_the_answer_is_wanted() -> None:
    names = {text: [step.name for step in parse(f"g.V().{text}").steps[1:]] for text in
             ("next()", "next(3)", "iterate()", "hasNext()", "toSet()")}  # fmt: skip
    assert names == {
        "next()": ["limit"], "next(3)": ["limit"], "iterate()": ["discard"], "hasNext()": ["limit", "count", "asBool"],
        "toSet()": [],
    }  # fmt: skip


def test_comments_and_several_statements() -> None:
    assert parse("g.V() // all\n  .count(); /* last */ g.E()").steps == (Instruction("E"),)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("g.V(", 1, 5),
        ("g.V()\n.has('a'", 2, 9),
        ("g.V().has(x)", 1, 11),
        ("V()", 1, 1),
        ("g.V('unclosed)", 1, 5),
        ("g.V()).count()", 1, 6),
        ("g.V().out(g.V())", 1, 11),
        ("1 + 1", 1, 1),
        ("System.exit(0)", 1, 1),
        ("g.inject(new File('x'))", 1, 14),
        ("g.inject(200b)", 1, 10),
        (r"g.inject('\ud83d!')", 1, 10),
        ("g.inject(''..'a')", 1, 14),
    ],
)
def test_errors_say_where(text: str, line: int, column: int) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.remedy


def test_depth_and_size_are_bounded() -> None:
    deep = "g.V()" + ".where(out()" * (MAX_DEPTH + 1) + ")" * (MAX_DEPTH + 1)
    for text in (
        deep,
        "g.inject(" + "[" * 10_000,
        "g.V()" + ".is(not(" * 5_000,
        "g.inject(" + "9" * 5_000 + ")",
        "x" * 2_000_000,
    ):
        began = time.perf_counter()
        with pytest.raises(QuerySyntaxError):
            parse(text)
        assert time.perf_counter() - began < 5


TOKENS = (
    "g . V ( ) out has \" ' 'name' , [ ] { } : ; __ P. gt( 1 1.5 -3 0x T.id not( where( repeat( times( new null NaN "
    "Cardinality.set( [: ] ''' /* // $ ü SeedStrategy(seed: within() .as( \\ \x00"
)
PIECES = st.sampled_from([*TOKENS.split(" "), " ", "\n"])


@given(st.lists(PIECES, max_size=40).map("".join))
@example("g.V().out")
@example("g.inject([:")
def test_garbage_is_refused_not_crashed(text: str) -> None:
    for query in (text, "g.V()" + text):
        try:
            parse(query)
        except QueryError as error:
            assert error.message


@given(st.text(max_size=200))
def test_any_text_is_safe(text: str) -> None:
    try:
        parse(text)
    except QueryError:
        return
