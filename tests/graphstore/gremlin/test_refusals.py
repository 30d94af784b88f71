"""What is refused, with words that help: unknown steps, wrong arguments, limits, writing readers."""

import resource

import pytest

from bifrost.errors import PermissionDeniedError, QueryError, QueryLimitError, UnsupportedStepError
from graphstore.gremlin.engine import GremlinEngine, Request
from graphstore.gremlin.traverser import Limits
from graphstore.gremlin.tree import Instruction, Lambda, Traversal
from tests.graphstore.gremlin.conftest import Ask
from tests.graphstore.gremlin.graphs import MODERN, in_memory


def test_an_unknown_step_names_those_that_come_close(ask: Ask) -> None:
    with pytest.raises(UnsupportedStepError, match=r"outt\(\) is not known. Did you mean out") as caught:
        ask("g.V().outt()")
    assert "groupCount" in caught.value.remedy


@pytest.mark.parametrize(
    "query",
    [
        "g.inject(outt('x'))",
        "g.V().limit(1).constant(outt())",
        "g.inject([1,outt()])",
        "g.inject([a:outt()])",
        "g.V().has('name',within(outt()))",
        "g.V().has('age',gt(1).and(lt(outt())))",
        "g.V(outt())",
        "g.V().hasLabel(outt())",
        "g.mergeV([name:outt()])",
        "g.withSideEffect('a',outt()).V()",
        "g.withSack(outt()).V()",
    ],
)
def test_a_function_that_does_not_exist_is_no_value(ask: Ask, query: str) -> None:
    with pytest.raises(UnsupportedStepError, match=r"outt\(\) is not known. Did you mean out"):
        ask(query)
    with pytest.raises(QueryError, match=r"takes values, not the traversal out\(") as caught:
        ask(query.replace("outt", "out"))
    assert caught.value.remedy


def test_graph_computer_steps_and_lambdas_are_refused_by_name(ask: Ask) -> None:
    with pytest.raises(UnsupportedStepError, match="pageRank"):
        ask("g.V().pageRank()")
    with pytest.raises(UnsupportedStepError, match="must not read or write files"):
        ask("g.io('/etc/passwd').read()")
    engine = GremlinEngine(in_memory(MODERN))
    with pytest.raises(UnsupportedStepError, match="lambda"):
        engine.run(Traversal((), (Instruction("V"), Instruction("filter", (Lambda("it.get()"),)))))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("g.V().range(3,2)", "Not a legal range"),
        ("g.V().by('x')", "cannot follow V"),
        ("g.V().out(1)", "cannot take these arguments"),
        ("g.V().values('name').out()", "goes from vertices"),
        ("g.V().cap('x')", "side-effect key does not exist"),
        ("g.inject('a').sum()", "cannot be cast to Number"),
        ("g.V().fail('stop here')", "stop here"),
        ("g.V().until(has('x'))", "repeat.*was not defined"),
        ("g.inject(1).math('_ / 0')", "Division by zero"),
        ("g.inject(1).math('_ % 0')", "Division by zero"),
        ("g.inject(1).math('__import__(1)')", "math"),
        ("g.V().addV('~x')", "hidden"),
        ("g.V('1').property('~x',1)", "hidden"),
        ("g.inject('a').is(regex('('))", "regular expression"),
        ("g.withStrategies(NoSuchStrategy).V()", "NoSuchStrategy"),
        ("g.V().store('x')", "removed in TinkerPop 3.8"),
        ("g.V().profile('p').out()", "must be the last step"),
        ("g.V().profile('p').cap('q')", "must be the last step"),
        ("g.V().explain().out()", "must be the last step"),
        ("g", "source of traversals"),
        ("g.withPath()", "source of traversals"),
        ("g.V().toString()", "explain.. shows the plan, asString"),
        ("g.inject(Duration('5 s'))", "not an ISO-8601 duration"),
        ("g.inject(Binary('?'))", "Binary"),
        ("g.V(new Vertex('1'))", "Vertex"),
        ("g.inject(1..2000000)", "more than 1000000 values"),
        ("g.inject(1..900000,1..900000)", "more than 1000000 values"),
        ("g.inject(1..'a')", "from integer to integer"),
        ("g.inject('a'..'bb')", "the last character only"),
        ("g.inject(1E+99999999m)", "more than 10,000 places"),
        ("g.inject(1E+99999999n)", "more than 10,000 places"),
        ("g.inject(1E+2000l)", "more than 1000 digits"),
        ("g.withSack(1E+9000m).inject(1).sack(mult).by(constant(1E+9000m))", "BigDecimal of more than 10,000 digits"),
        ("g.V().repeat(out()).times()", "times.. cannot take these arguments"),
        ("g.V().repeat(out()).times('two')", "times.. cannot take these arguments"),
        ("g.V().limit(1e400)", "cannot take these arguments"),
        ("g.V().repeat(out()).times(1e400)", "cannot take these arguments"),
        ("g.inject(1).dateAdd(DT.second, 1E+400m)", "cannot take these arguments"),
        ("g.V().hasNot(1)", "cannot take these arguments"),
        ("g.V().hasNot(['a','b'])", "cannot take these arguments"),
        ("g.V().valueMap().hasNot('a')", "hasNot.. tests elements"),
        ("g.V().has('person',gt('a'),1)", "cannot take these arguments"),
        ("g.V().valueMap([a:1])", "cannot take these arguments"),
        ("g.V().elementMap(['name'])", "cannot take these arguments"),
        ("g.V().select(['a'])", "cannot take these arguments"),
        ("g.V().values('name').split(sum)", "cannot take these arguments"),
        ("g.V().values('name').replace(out(),'a')", "cannot take these arguments"),
        ("g.E().toV(local)", "cannot take these arguments"),
        ("g.V().barrier(normSack)", "sacks that are numbers"),
        ("g.V().repeat(out()).times(1).times(2)", "repeat.*was not defined"),
        ("g.V().match(where('a',neq('b')))", "single start label"),
        ("g.V().match(as('a').out().as('b'),where('a',neq('b')).out())", "takes by.. alone"),
    ],
)
def test_messages(ask: Ask, query: str, words: str) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        ask(query)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("strategy", "query"),
    [
        ("EventStrategy", "V()"),
        ("ElementIdStrategy", "V('1')"),
        ("ElementIdStrategy", "V().where(id().is('1'))"),
        ("ElementIdStrategy", "V().has(T.id,'1')"),
        ("new ElementIdStrategy(idPropertyKey:'name')", "addV('a')"),
        ("new GraphFilterStrategy(vertices: hasLabel('person'))", "V()"),
        ("new HaltedTraverserStrategy(haltedTraverserFactory:'a.b.NoFactory')", "V()"),
    ],
)
def test_strategies_that_would_change_the_answer_are_refused(ask: Ask, strategy: str, query: str) -> None:
    name = strategy.removeprefix("new ").partition("(")[0]
    with pytest.raises(UnsupportedStepError, match=name) as caught:
        ask(f"g.withStrategies({strategy}).{query}")
    assert caught.value.remedy
    assert ask(f"g.withStrategies({strategy}).withoutStrategies({name}).V().count()") == [6]


def test_strategies_that_change_nothing_are_accepted(ask: Ask) -> None:
    for strategy in ("ElementIdStrategy", "GraphFilterStrategy", "HaltedTraverserStrategy"):
        assert len(ask(f"g.withStrategies({strategy}).V()")) == 6


def test_a_request_without_steps_is_refused() -> None:
    with pytest.raises(QueryError, match="no steps"):
        GremlinEngine(in_memory(MODERN)).run(Traversal())


def run(query: str, limits: Limits, cancelled: bool = False) -> None:
    request = Request(limits=limits, cancelled=(lambda: True) if cancelled else None)
    GremlinEngine(in_memory(MODERN)).run(query, request)


def test_time_is_limited() -> None:
    with pytest.raises(QueryLimitError, match="time limit"):
        run("g.V().repeat(both().as('x')).until(loops().is(1000)).select('x')", Limits(0.2))
    with pytest.raises(QueryLimitError, match="time limit"):
        run(
            "g.with('evaluationTimeout',100).V().repeat(both().as('x')).until(loops().is(1000)).select('x')", Limits(60)
        )


def test_a_regular_expression_cannot_run_away() -> None:
    with pytest.raises(QueryLimitError, match="regular expression"):
        GremlinEngine(in_memory(MODERN)).run(f"g.inject('{'a' * 60}b').is(regex('(a|a)+$'))")


def test_memory_is_limited() -> None:
    with pytest.raises(QueryLimitError, match="objects at once"):
        run(
            "g.V().as('a').both().both().both().both().both().both().both().path().fold()", Limits(30, traversers=1_000)
        )


def test_a_query_can_be_cancelled() -> None:
    with pytest.raises(QueryLimitError, match="cancelled"):
        run("g.V().repeat(both().as('x')).until(loops().is(1000)).select('x')", Limits(30), cancelled=True)


def test_readers_cannot_write_however_deep_it_is_hidden() -> None:
    engine = GremlinEngine(in_memory(MODERN))
    writes = ("g.addV()", "g.V().drop()", "g.V().local(optional(property('a',1)))", "g.V().sideEffect(drop())",
              "g.addV().profile()", "g.V().drop().profile('p').cap('p')",
              "g.inject(1).coalesce(V().has('x'),addV('y'))", "g.mergeV([name:'z'])")  # fmt: skip
    for query in writes:
        with pytest.raises(PermissionDeniedError):
            engine.run(query, Request(read_only=True))
    assert engine.run("g.V().count()", Request(read_only=True))[0].obj == 6


@pytest.mark.parametrize(
    "query",
    [
        "g.inject('aaaaaaaaaa').repeat(map(union(identity(),identity()).fold().conjoin('x'))).times(60)",
        "g.inject('aaaaaaaaaa').repeat(concat(identity())).times(60)",
        "g.inject('aaaaaaaaaa').as('a').repeat(map(project('b').by(identity()).format('%{b}%{b}'))).times(60)",
        "g.inject('aaaaaaaaaa').repeat(replace('a','aaaaaaaaaaaaaaaaaaaaaaaaaaaaa')).times(60)",
        "g.inject([1,2]).repeat(map(combine(identity()))).times(60)",
        "g.inject([1,2]).repeat(map(product(identity()))).times(60)",
        "g.inject(1).repeat(map(union(identity(),identity()).fold())).times(60)",
        "g.inject(1).repeat(map(union(identity(),identity()).fold())).times(60).dedup().asString()",
        "g.withSack(3n).inject(1).repeat(sack(mult).by(sack())).times(60).sack()",
        "g.inject(1).repeat(union(identity(),identity())).times(60).path()",
        "g.inject('ab').repeat(project('a','b').by().by()).times(40).groupCount()",
        "g.inject('ab').repeat(project('a','b').by().by()).times(40).asString().length()",
        "g.inject(1).repeat(path()).times(40).dedup().count()",
        "g.inject(1).as('a').repeat(select(all,'a').as('a')).times(40)",
        "g.withSack(['a','b']).inject(1).repeat(sack(addAll).by(sack())).times(40).sack()",
        "g.inject(1).repeat(local(union(identity(),identity()).group().by(constant('x')))).times(40).asString()",
        "g.inject(1).repeat(local(aggregate('x').cap('x'))).times(40).asString()",
    ],
)
def test_what_doubles_each_round_is_stopped(query: str) -> None:
    engine = GremlinEngine(in_memory(MODERN))
    with pytest.raises(QueryError):
        engine.run(query, Request(limits=Limits(20, 100_000)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 3_000_000  # kB


def test_a_collection_that_holds_another_many_times_is_stopped_before_it_is_too_large_to_write() -> None:
    engine = GremlinEngine(in_memory(MODERN))
    doubled = "g.inject('ab').repeat(project('a','b').by().by()).times({})"
    assert len(engine.run(doubled.format(16))) == 1
    with pytest.raises(QueryLimitError, match="nested ones included"):
        engine.run(doubled.format(20))
    many = engine.run("g.V().repeat(both()).times(12).values('name').fold().project('names').count(local)")
    assert len(many) == 1
