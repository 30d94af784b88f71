import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useCollection } from "@cloudscape-design/collection-hooks";
import type { ReactNode } from "react";
import type { GraphEdge, GraphVertex } from "../../api/types";
import { count, percent } from "../../lib/format";
import type { View } from "./store";

interface Props {
  view: View;
  selected: string | null;
  onSelect: (id: string) => void;
  onExpand: (id: string) => void;
}

/** Everything on the canvas as two tables, for keyboards, screen readers and counting. */
export function ViewTables({ view, selected, onSelect, onExpand }: Props): ReactNode {
  const vertices = [...view.vertices.values()].filter((vertex) => !view.hidden.has(vertex.label));
  const labelOf = (id: string): string => view.vertices.get(id)?.label ?? "";
  const edges = [...view.edges.values()].filter(
    (edge) => !view.hidden.has(labelOf(edge.tail.id)) && !view.hidden.has(labelOf(edge.head.id)),
  );
  return (
    <div className="tables">
      <SpaceBetween size="l">
        <Vertices items={vertices} selected={selected} onSelect={onSelect} onExpand={onExpand} />
        <Edges items={edges} onSelect={onSelect} />
      </SpaceBetween>
    </div>
  );
}

function Vertices({
  items: all,
  selected,
  onSelect,
  onExpand,
}: { items: GraphVertex[] } & Omit<Props, "view">): ReactNode {
  const { items, collectionProps, paginationProps } = useCollection(all, { pagination: { pageSize: 25 }, sorting: {} });
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="id"
      variant="embedded"
      contentDensity="compact"
      selectionType="single"
      selectedItems={all.filter((vertex) => vertex.id === selected)}
      onSelectionChange={({ detail }) => detail.selectedItems[0] && onSelect(detail.selectedItems[0].id)}
      onRowClick={({ detail }) => onSelect(detail.item.id)}
      ariaLabels={{ selectionGroupLabel: "Thing to show", itemSelectionLabel: (_, item) => `Select ${item.name}` }}
      header={
        <Header variant="h3" counter={`(${all.length})`}>
          Things
        </Header>
      }
      pagination={all.length > 25 && <Pagination {...paginationProps} />}
      columnDefinitions={[
        {
          id: "name",
          header: "Name",
          isRowHeader: true,
          sortingField: "name",
          cell: (v) => <span className="breakable">{v.name}</span>,
        },
        { id: "label", header: "Label", sortingField: "label", cell: (v) => v.label },
        { id: "sources", header: "Sources", cell: (v) => v.sources.join(", ") },
        { id: "edges", header: "Links", sortingField: "edgeCount", cell: (v) => count(v.edgeCount) },
        {
          id: "expand",
          header: "Expand",
          cell: (v) => (
            <Button variant="inline-link" ariaLabel={`Expand ${v.name}`} onClick={() => onExpand(v.id)}>
              Expand
            </Button>
          ),
        },
      ]}
    />
  );
}

function Edges({ items: all, onSelect }: { items: GraphEdge[]; onSelect: (id: string) => void }): ReactNode {
  const { items, collectionProps, paginationProps } = useCollection(all, { pagination: { pageSize: 25 }, sorting: {} });
  const end = (vertex: { id: string; name: string }): ReactNode => (
    <Button variant="inline-link" onClick={() => onSelect(vertex.id)}>
      {vertex.name}
    </Button>
  );
  return (
    <Table
      {...collectionProps}
      items={items}
      trackBy="id"
      variant="embedded"
      contentDensity="compact"
      header={
        <Header variant="h3" counter={`(${all.length})`}>
          Links
        </Header>
      }
      pagination={all.length > 25 && <Pagination {...paginationProps} />}
      columnDefinitions={[
        { id: "tail", header: "From", cell: (e) => end(e.tail) },
        { id: "label", header: "Link", sortingField: "label", isRowHeader: true, cell: (e) => e.label },
        { id: "head", header: "To", cell: (e) => end(e.head) },
        { id: "score", header: "Score", sortingField: "score", cell: (e) => percent(e.score) },
      ]}
    />
  );
}
