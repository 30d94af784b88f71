import Alert from "@cloudscape-design/components/alert";
import Badge from "@cloudscape-design/components/badge";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { graphql } from "../../api/client";
import { PATH, VERTEX } from "../../api/queries";
import type { Subgraph, VertexDetails, VertexRef } from "../../api/types";
import { Await, Empty, Problem } from "../../components/states";
import { VertexPicker } from "../../components/vertex-picker";
import { documentHref, isDocument } from "../../lib/provenance";
import { navigate } from "../../lib/router";
import { useStored } from "../../lib/stored";
import { useAction, useData } from "../../lib/use-data";
import { EdgeList } from "./edge-list";
import { Origins } from "./origins";
import { PropertyList } from "./property-list";
import { addToView, colourOf } from "./store";

interface Props {
  id: string;
  shown: boolean;
  onSelect: (id: string) => void;
  onExpand: () => void;
  onHide: () => void;
}

/** All that is known about one vertex, down to the record that says it. */
export function Details(props: Props): ReactNode {
  const loaded = useData<{ vertex: VertexDetails | null }>(VERTEX, { id: props.id });
  return (
    <Await loaded={loaded} text="Loading details">
      {({ vertex }) =>
        vertex ? (
          <Vertex {...props} vertex={vertex} />
        ) : (
          <Empty title="It is not in the graph any more">
            Its source was changed or removed, or it was merged into another thing.
          </Empty>
        )
      }
    </Await>
  );
}

function Vertex({ vertex, shown, onSelect, onExpand, onHide }: Props & { vertex: VertexDetails }): ReactNode {
  const [finding, setFinding] = useState(false);
  const [view, setView] = useStored("explore.details", "properties");
  const document = vertex.origins.find(isDocument);
  return (
    <SpaceBetween size="s">
      <div>
        <Header variant="h2">
          <span className="breakable">{vertex.name}</span>
        </Header>
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          <span className="label-tag">
            <span className="dot" style={{ background: colourOf(vertex.label) }} />
            {vertex.label}
          </span>
          {vertex.sources.map((source) => (
            <Badge key={source}>{source}</Badge>
          ))}
        </SpaceBetween>
      </div>
      <SpaceBetween direction="horizontal" size="xs">
        {document && (
          <Button variant="primary" onClick={() => navigate(documentHref(document.uid))}>
            Open the document
          </Button>
        )}
        <Button onClick={onExpand}>Expand</Button>
        <Button onClick={() => setFinding(!finding)}>Path to…</Button>
        <Button disabled={!shown} onClick={onHide}>
          Hide
        </Button>
      </SpaceBetween>
      {finding && <PathFinder from={vertex.id} />}
      <SegmentedControl
        label="What to show"
        selectedId={view}
        options={[
          { id: "properties", text: "Properties" },
          { id: "edges", text: `Links ${vertex.edgeCount}` },
          { id: "origins", text: `Records ${vertex.origins.length}` },
        ]}
        onChange={({ detail }) => setView(detail.selectedId)}
      />
      {view === "properties" && <PropertyList vertex={vertex} />}
      {view === "edges" && <EdgeList vertex={vertex} onSelect={onSelect} />}
      {view === "origins" && <Origins origins={vertex.origins} />}
    </SpaceBetween>
  );
}

function PathFinder({ from }: { from: string }): ReactNode {
  const [to, setTo] = useState<VertexRef>();
  const [missing, setMissing] = useState(false);
  const find = useAction(async () => {
    const { path } = await graphql<{ path: Subgraph | null }>(PATH, { from, to: to?.id });
    setMissing(!path);
    if (path) addToView(path);
  });
  return (
    <SpaceBetween size="xs">
      <VertexPicker
        label="Shortest path to"
        value={to}
        onChange={(vertex) => {
          setTo(vertex);
          setMissing(false);
        }}
      />
      <Button loading={find.busy} disabled={!to} onClick={() => void find.run()}>
        Show the path
      </Button>
      {missing && <Alert type="info">No path of up to six links connects the two.</Alert>}
      {find.error && <Problem error={find.error} />}
    </SpaceBetween>
  );
}
