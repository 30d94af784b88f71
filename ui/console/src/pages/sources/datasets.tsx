import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import Tabs from "@cloudscape-design/components/tabs";
import type { ReactNode } from "react";
import { PREVIEW } from "../../api/queries";
import type { DataTable as Data, Dataset, Source } from "../../api/types";
import { DataTable } from "../../components/data-table";
import { Await, Empty } from "../../components/states";
import { count } from "../../lib/format";
import { href, navigate, useRoute } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useData } from "../../lib/use-data";

/** The datasets of a source; the chosen one with its columns, keys and first rows. */
export function Datasets({ source }: { source: Source }): ReactNode {
  const { params } = useRoute();
  const chosen = source.datasets.find((dataset) => dataset.name === params.get("dataset")) ?? source.datasets[0];
  const choose = (dataset: Dataset): void =>
    navigate(href(`sources/${encodeURIComponent(source.name)}`, { dataset: dataset.name }), { replace: true });

  return (
    <SpaceBetween size="l">
      <Table
        items={source.datasets}
        trackBy="name"
        selectionType="single"
        selectedItems={chosen ? [chosen] : []}
        onSelectionChange={({ detail }) => detail.selectedItems[0] && choose(detail.selectedItems[0])}
        onRowClick={({ detail }) => choose(detail.item)}
        ariaLabels={{ selectionGroupLabel: "Dataset to show", itemSelectionLabel: (_, item) => `Show ${item.name}` }}
        contentDensity="compact"
        header={
          <Header variant="h2" counter={`(${source.datasets.length})`}>
            Datasets
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: "Name", cell: (d) => d.name, isRowHeader: true },
          { id: "kind", header: "Kind", cell: (d) => d.kind.toLowerCase() },
          { id: "type", header: "Becomes", cell: (d) => (d.type ? <Badge>{d.type}</Badge> : "–") },
          { id: "records", header: "Records", cell: (d) => count(d.records) },
          { id: "failures", header: "Failures", cell: (d) => count(d.failures) },
          { id: "comment", header: "Comment", cell: (d) => d.comment || "–" },
        ]}
        empty={<Empty title="No datasets known yet">Build the source, or test its connection under Change.</Empty>}
      />
      {chosen && <DatasetDetails key={chosen.name} source={source.name} dataset={chosen} />}
    </SpaceBetween>
  );
}

function DatasetDetails({ source, dataset }: { source: string; dataset: Dataset }): ReactNode {
  return (
    <Container header={<Header variant="h2">{dataset.name}</Header>}>
      <Tabs
        tabs={[
          { id: "preview", label: "First records", content: <Preview source={source} dataset={dataset.name} /> },
          { id: "columns", label: `Columns (${dataset.columns.length})`, content: <Columns dataset={dataset} /> },
        ]}
      />
    </Container>
  );
}

function Preview({ source, dataset }: { source: string; dataset: string }): ReactNode {
  const may = useMay();
  const loaded = useData<{ previewDataset: Data }>(may.review ? PREVIEW : null, { source, dataset, limit: 50 });
  if (!may.review)
    return (
      <Empty title="The first records are read from the source itself">Reviewers and administrators see them.</Empty>
    );
  return (
    <Await loaded={loaded} text="Reading the first records">
      {({ previewDataset }) => <DataTable table={previewDataset} empty="This dataset is empty" />}
    </Await>
  );
}

function Columns({ dataset }: { dataset: Dataset }): ReactNode {
  const targets = (column: string): string =>
    dataset.references
      .filter((reference) => reference.columns.includes(column))
      .map((reference) => `${reference.dataset}.${reference.targetColumns.join(" + ")}`)
      .join(", ");
  return (
    <Table
      items={dataset.columns}
      trackBy="name"
      variant="embedded"
      contentDensity="compact"
      columnDefinitions={[
        {
          id: "name",
          header: "Column",
          isRowHeader: true,
          cell: (c) => (
            <SpaceBetween direction="horizontal" size="xs">
              <Box>{c.name}</Box>
              {dataset.key.includes(c.name) && <Badge color="blue">key</Badge>}
            </SpaceBetween>
          ),
        },
        { id: "type", header: "Type", cell: (c) => c.type },
        { id: "nullable", header: "May be empty", cell: (c) => (c.nullable ? "yes" : "no") },
        { id: "reference", header: "Refers to", cell: (c) => targets(c.name) || "–" },
        { id: "comment", header: "Comment", cell: (c) => c.comment || "–" },
      ]}
      empty={<Empty title="No columns">The documents of this dataset are read page by page.</Empty>}
    />
  );
}
