import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import type { EdgeDetails, VertexDetails } from "../../api/types";
import { EvidenceLine } from "../../components/evidence-line";
import { HashLink } from "../../components/hash-link";
import { Empty } from "../../components/states";
import { cellText } from "../../components/data-table";
import { percent, values } from "../../lib/format";
import { recordUid } from "../../lib/provenance";
import { colourOf } from "./store";

interface Group {
  title: string;
  edges: EdgeDetails[];
}

function groups(vertex: VertexDetails): Group[] {
  const found = new Map<string, Group>();
  for (const edge of vertex.edges) {
    const out = edge.tail.id === vertex.id;
    const title = out ? `${edge.label} →` : `← ${edge.label}`;
    const group = found.get(title) ?? { title, edges: [] };
    group.edges.push(edge);
    found.set(title, group);
  }
  return [...found.values()].sort((a, b) => b.edges.length - a.edges.length);
}

/** The links of a vertex by label and direction; each opens to its evidence. */
export function EdgeList({ vertex, onSelect }: { vertex: VertexDetails; onSelect: (id: string) => void }): ReactNode {
  const list = groups(vertex);
  if (!list.length)
    return (
      <Empty title="No links" action={{ text: "Review proposals", href: "#/review" }}>
        Confirmed link types connect it with others.
      </Empty>
    );
  return (
    <SpaceBetween size="xs">
      {list.map((group, index) => (
        <ExpandableSection
          key={group.title}
          headerText={group.title}
          headerCounter={`(${group.edges.length})`}
          defaultExpanded={index < 3}
        >
          <ul className="edges">
            {group.edges.map((edge) => (
              <EdgeRow key={edge.id} edge={edge} from={vertex.id} onSelect={onSelect} />
            ))}
          </ul>
        </ExpandableSection>
      ))}
      {vertex.edgeCount > vertex.edges.length && (
        <Box
          color="text-body-secondary"
          fontSize="body-s"
        >{`Shows ${vertex.edges.length} of ${vertex.edgeCount} links.`}</Box>
      )}
    </SpaceBetween>
  );
}

function EdgeRow({
  edge,
  from,
  onSelect,
}: {
  edge: EdgeDetails;
  from: string;
  onSelect: (id: string) => void;
}): ReactNode {
  const [open, setOpen] = useState(false);
  const other = edge.tail.id === from ? edge.head : edge.tail;
  const properties = Object.entries(edge.properties);
  return (
    <li>
      <div className="edge-row">
        <span className="dot" style={{ background: colourOf(other.label) }} title={other.label} />
        <Button variant="inline-link" onClick={() => onSelect(other.id)}>
          {other.name}
        </Button>
        {edge.score < 1 && <span className="muted">{percent(edge.score)}</span>}
        <button
          type="button"
          className="source-tag"
          aria-expanded={open}
          aria-label={`Why ${edge.label} ${other.name}`}
          onClick={() => setOpen(!open)}
        >
          why
        </button>
      </div>
      {open && (
        <div className="edge-why">
          {properties.length > 0 && (
            <div>
              {properties.map(([name, value]) => `${name}: ${values(value).join(", ") || cellText(value)}`).join(" · ")}
            </div>
          )}
          {edge.origins.map((origin) => (
            <div key={origin.uid}>
              {origin.linkType ? (
                <span>
                  Link type{" "}
                  <HashLink to={`#/review/links/${encodeURIComponent(origin.linkType.id)}`}>
                    {origin.linkType.name}
                  </HashLink>
                  {`, score ${percent(origin.score)}`}
                </span>
              ) : (
                <span>Stated by the source</span>
              )}
              <EvidenceLine
                source={origin.source}
                dataset={origin.dataset}
                record={origin.record}
                document={recordUid(origin)}
                evidence={origin.evidence}
              />
            </div>
          ))}
        </div>
      )}
    </li>
  );
}
