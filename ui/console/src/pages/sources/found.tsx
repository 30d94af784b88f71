import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import type { ConnectionReport } from "../../api/types";
import { Empty } from "../../components/states";
import { count, plural } from "../../lib/format";

/** What a connection test found. */
export function Found({ report }: { report: ConnectionReport }): ReactNode {
  return (
    <SpaceBetween size="s">
      <StatusIndicator>
        {`The connection works (${report.seconds.toFixed(1)} s). ${report.server}: ${plural(report.datasets, "dataset")}`}
      </StatusIndicator>
      <Table
        items={report.found}
        trackBy="name"
        wrapLines
        header={
          <Header variant="h2" counter={`(${report.found.length})`}>
            Datasets found
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: "Name", cell: (d) => <Box variant="strong">{d.name}</Box>, isRowHeader: true },
          { id: "kind", header: "Kind", cell: (d) => d.kind.toLowerCase() },
          { id: "records", header: "Records", cell: (d) => (d.records ? count(d.records) : "–") },
          {
            id: "columns",
            header: "Columns",
            cell: (d) =>
              d.columns.length ? (
                <ExpandableSection headerText={plural(d.columns.length, "column")}>
                  {d.columns.map((column) => `${column.name} (${column.type})`).join(", ")}
                </ExpandableSection>
              ) : (
                "–"
              ),
          },
        ]}
        empty={
          <Empty title="No data found">
            The connection works, but there is nothing to read. Check the database, schema or folder.
          </Empty>
        }
      />
    </SpaceBetween>
  );
}
