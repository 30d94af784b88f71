import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Token from "@cloudscape-design/components/token";
import { type ReactNode, useEffect, useState } from "react";
import { SEARCH, STATISTICS, VERTICES } from "../../api/queries";
import type { GraphVertex, SearchHit, Statistics } from "../../api/types";
import { BehindNote } from "../../components/behind-note";
import { LabelBars } from "../../components/label-bars";
import { Marked } from "../../components/marked";
import { Await, Empty, Loading, Problem } from "../../components/states";
import { href, navigate } from "../../lib/router";
import { pieces } from "../../lib/snippet";
import { useData } from "../../lib/use-data";
import { colourOf } from "./store";

interface Props {
  query: string;
  label: string;
  selected: string | null;
  onSelect: (id: string) => void;
}

const pageSize = 20;

export function SearchPanel({ query, label, selected, onSelect }: Props): ReactNode {
  const [text, setText] = useState(query);
  useEffect(() => setText(query), [query]);
  const ask = (next: string): void =>
    navigate(href("explore", { q: next.trim(), label, select: selected }), { replace: true });
  useEffect(() => {
    if (text.trim() === query) return;
    const timer = window.setTimeout(() => ask(text), 300);
    return () => window.clearTimeout(timer);
  }, [text]);

  return (
    <search className="explore-search">
      <form
        id="search"
        onSubmit={(event) => {
          event.preventDefault();
          ask(text);
        }}
      >
        <Input
          type="search"
          value={text}
          placeholder="Search ( / )"
          ariaLabel="Search the graph"
          onChange={({ detail }) => setText(detail.value)}
        />
      </form>
      {label && (
        <div>
          <Token
            label={label}
            dismissLabel={`Search in more than ${label}`}
            onDismiss={() => navigate(href("explore", { q: query, select: selected }))}
          />
        </div>
      )}
      <div className="explore-results">
        {query ? (
          <Hits key={`${query}|${label}`} query={query} label={label} selected={selected} onSelect={onSelect} />
        ) : label ? (
          <Browse key={label} label={label} selected={selected} onSelect={onSelect} />
        ) : (
          <Labels />
        )}
      </div>
    </search>
  );
}

function Hits({ query, label, selected, onSelect }: Props): ReactNode {
  const [first, setFirst] = useState(pageSize);
  const { data, behind, error, loading, reload } = useData<{ search: SearchHit[] }>(SEARCH, {
    text: query,
    labels: label ? [label] : null,
    first,
  });
  const [last, setLast] = useState<SearchHit[]>();
  useEffect(() => data && setLast(data.search), [data]);
  const hits = data?.search ?? last;
  if (error) return <Problem error={error} onRetry={() => void reload()} />;
  if (!hits) return <Loading text="Searching" />;
  return (
    <>
      <BehindNote behind={behind} />
      {!hits.length && (
        <Empty title="Nothing found">
          No thing has any of these words. Try other words, or only the beginning of a word.
        </Empty>
      )}
      {hits[0] && hits[0].missing.length > 0 && (
        <span role="status" className="muted">
          Nothing has all of these words; these have some of them.
        </span>
      )}
      <ul className="hits">
        {hits.map(({ vertex, snippet, missing }) => (
          <Hit key={vertex.id} vertex={vertex} active={vertex.id === selected} onSelect={onSelect}>
            <Marked pieces={pieces(snippet)} />
            {missing.length > 0 && <span className="muted"> · without {missing.join(", ")}</span>}
          </Hit>
        ))}
      </ul>
      {hits.length >= first && (
        <Button variant="inline-link" loading={loading} onClick={() => setFirst(first + pageSize)}>
          More results
        </Button>
      )}
    </>
  );
}

interface Connection {
  vertices: { nodes: GraphVertex[]; endCursor: string | null; hasNextPage: boolean; totalCount: number };
}

function Browse({
  label,
  selected,
  onSelect,
}: {
  label: string;
  selected: string | null;
  onSelect: (id: string) => void;
}): ReactNode {
  const [first, setFirst] = useState(50);
  const loaded = useData<Connection>(VERTICES, { label, first });
  return (
    <Await loaded={loaded} text={`Loading ${label}`}>
      {({ vertices }) => (
        <SpaceBetween size="xs">
          <Box
            color="text-body-secondary"
            fontSize="body-s"
          >{`${vertices.nodes.length} of ${vertices.totalCount}`}</Box>
          <ul className="hits">
            {vertices.nodes.map((vertex) => (
              <Hit key={vertex.id} vertex={vertex} active={vertex.id === selected} onSelect={onSelect} />
            ))}
          </ul>
          {vertices.hasNextPage && (
            <Button variant="inline-link" onClick={() => setFirst(first + 100)}>
              More
            </Button>
          )}
        </SpaceBetween>
      )}
    </Await>
  );
}

function Hit({
  vertex,
  active,
  onSelect,
  children,
}: {
  vertex: GraphVertex;
  active: boolean;
  onSelect: (id: string) => void;
  children?: ReactNode;
}): ReactNode {
  return (
    <li>
      <button
        type="button"
        className="hit"
        aria-current={active ? "true" : undefined}
        onClick={() => onSelect(vertex.id)}
      >
        <span className="hit-name">
          <span className="dot" style={{ background: colourOf(vertex.label) }} />
          {vertex.name}
        </span>
        <span className="muted">{`${vertex.label} · ${vertex.sources.join(", ")}`}</span>
        {children && <span className="hit-snippet">{children}</span>}
      </button>
    </li>
  );
}

function Labels(): ReactNode {
  const loaded = useData<{ statistics: Statistics }>(STATISTICS);
  return (
    <Await loaded={loaded} text="Counting">
      {({ statistics }) =>
        statistics.vertices ? (
          <>
            <h2 className="small-heading">Or browse by label</h2>
            <LabelBars counts={statistics.vertexLabels} to={(label) => href("explore", { label })} />
          </>
        ) : (
          <Empty
            title="The graph is empty"
            action={{ text: "Register a source", href: "#/sources/new", primary: true }}
          >
            Register a source and build it first.
          </Empty>
        )
      }
    </Await>
  );
}
