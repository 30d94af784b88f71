import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useCollection } from "@cloudscape-design/collection-hooks";
import { type ReactNode, useState } from "react";
import { LINK_TYPES } from "../../api/queries";
import type { LinkState, LinkType } from "../../api/review-types";
import { ColumnName } from "../../components/column-name";
import { HashLink } from "../../components/hash-link";
import { Empty, Problem } from "../../components/states";
import { columnName, count, estimate, percent } from "../../lib/format";
import { href, navigate, useRoute } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useData } from "../../lib/use-data";
import { kinds, states } from "../../lib/wording";
import { StateLink } from "./state-link";

const icons: Record<LinkState, StatusIndicatorProps.Type> = {
  PROPOSED: "pending",
  CONFIRMED: "success",
  REJECTED: "stopped",
  DEFERRED: "pending",
  DELETED: "stopped",
};
const views: Record<string, LinkState[]> = {
  confirmed: ["CONFIRMED"],
  proposed: ["PROPOSED"],
  later: ["DEFERRED"],
  refused: ["REJECTED", "DELETED"],
};

export function LinkStatus({ state }: { state: LinkState }): ReactNode {
  return (
    <StatusIndicator type={icons[state]} wrapText={false}>
      {states[state]}
    </StatusIndicator>
  );
}

/** All link types by what was answered about them. */
export function LinkList(): ReactNode {
  const { params } = useRoute();
  const may = useMay();
  const [stating, setStating] = useState(false);
  const view = params.get("state") ?? "confirmed";
  const { data, error, loading, reload } = useData<{ linkTypes: LinkType[] }>(LINK_TYPES, {
    states: views[view] ?? views.confirmed,
  });
  const { items, collectionProps, filterProps, filteredItemsCount } = useCollection(data?.linkTypes ?? [], {
    sorting: {},
    filtering: {
      filteringFunction: (link, text) =>
        `${link.name} ${columnName(link.tail)} ${columnName(link.head)}`.toLowerCase().includes(text.toLowerCase()),
      empty: (
        <Empty title="None here" action={{ text: "Review proposals", href: "#/review" }}>
          Answer proposals, teach a link type by example pairs, or add one between columns that you name.
        </Empty>
      ),
      noMatch: <Empty title="No link type matches" />,
    },
  });
  return (
    <SpaceBetween size="m">
      {stating && <StateLink onClose={() => setStating(false)} />}
      {error && <Problem error={error} onRetry={() => void reload()} />}
      <SegmentedControl
        label="State"
        selectedId={view}
        options={[
          { id: "confirmed", text: "Confirmed" },
          { id: "proposed", text: "Proposed" },
          { id: "later", text: "Later" },
          { id: "refused", text: "Rejected and deleted" },
        ]}
        onChange={({ detail }) => navigate(href("review/links", { state: detail.selectedId }), { replace: true })}
      />
      <Table
        {...collectionProps}
        items={items}
        trackBy="id"
        wrapLines
        loading={loading && !data}
        loadingText="Loading link types"
        header={
          <Header
            variant="h2"
            counter={data ? `(${data.linkTypes.length})` : ""}
            description="Open one to check its least sure pairs or change the answer."
            actions={
              <Button
                disabled={!may.review}
                disabledReason="Readers cannot add link types."
                onClick={() => setStating(true)}
              >
                Add a link type
              </Button>
            }
          >
            Link types
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder="Find link types"
            countText={`${filteredItemsCount ?? 0} found`}
          />
        }
        columnDefinitions={[
          {
            id: "name",
            header: "Name",
            isRowHeader: true,
            sortingField: "name",
            cell: (l) => <HashLink to={`#/review/links/${encodeURIComponent(l.id)}`}>{l.name || l.id}</HashLink>,
          },
          { id: "kind", header: "Kind", sortingField: "kind", cell: (l) => kinds[l.kind] },
          {
            id: "tail",
            header: "From",
            minWidth: 150,
            cell: (l) => <ColumnName column={l.tail} />,
          },
          {
            id: "head",
            header: "To",
            minWidth: 150,
            cell: (l) => <ColumnName column={l.head} />,
          },
          {
            id: "edges",
            header: "Links",
            sortingComparator: (a, b) => a.edges + a.mergedPairs - (b.edges + b.mergedPairs),
            cell: (l) => (l.kind === "SAME_THING" ? `${count(l.mergedPairs)} merged` : count(l.edges)),
          },
          {
            id: "probability",
            header: "Probability",
            sortingField: "probability",
            cell: (l) => (l.declared ? "declared" : percent(l.probability ?? 0)),
          },
          {
            id: "precision",
            header: "Precision",
            cell: (l) => (l.precision ? <span className="together">{estimate(l.precision)}</span> : "–"),
          },
          {
            id: "recall",
            header: "Recall",
            cell: (l) =>
              l.recall ? <span className="together">{estimate(l.recall)}</span> : <span title={l.recallNote}>–</span>,
          },
          ...(view === "refused"
            ? [{ id: "state", header: "State", cell: (l: LinkType) => <LinkStatus state={l.state} /> }]
            : []),
        ]}
      />
    </SpaceBetween>
  );
}
