import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useCollection } from "@cloudscape-design/collection-hooks";
import type { ReactNode } from "react";
import { SOURCES } from "../../api/queries";
import type { Source } from "../../api/types";
import { BuildStatus } from "../../components/build-state";
import { HashLink } from "../../components/hash-link";
import { Empty, Problem } from "../../components/states";
import { stateFor } from "../../lib/builds";
import { count, plural, when } from "../../lib/format";
import { href, navigate } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useData } from "../../lib/use-data";

type Row = Omit<Source, "datasets"> & { datasets: { name: string }[] };

export function SourceList(): ReactNode {
  const { data, error, loading, reload } = useData<{ sources: Row[] }>(SOURCES);
  const may = useMay();
  const { items, collectionProps } = useCollection(data?.sources ?? [], { sorting: {} });
  const page = (name: string): string => `sources/${encodeURIComponent(name)}`;

  return (
    <SpaceBetween size="m">
      {error && <Problem error={error} onRetry={() => void reload()} />}
      <Table
        {...collectionProps}
        items={items}
        variant="full-page"
        trackBy="name"
        loading={loading && !data}
        loadingText="Loading sources"
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={data ? `(${data.sources.length})` : ""}
            description="Where your data lives. Bifrost reads it and never writes to it."
            actions={
              <Button
                variant="primary"
                disabled={!may.administer}
                disabledReason="Administrators register sources."
                onClick={() => navigate("#/sources/new")}
              >
                Register a source
              </Button>
            }
          >
            Sources
          </Header>
        }
        columnDefinitions={[
          {
            id: "name",
            header: "Name",
            cell: (s) => <HashLink to={`#/${page(s.name)}`}>{s.name}</HashLink>,
            sortingField: "name",
            isRowHeader: true,
          },
          { id: "kind", header: "Kind", cell: (s) => s.kind, sortingField: "kind" },
          { id: "datasets", header: "Datasets", cell: (s) => count(s.datasets.length) },
          { id: "records", header: "Records", cell: (s) => count(s.records), sortingField: "records" },
          {
            id: "failures",
            header: "Failures",
            sortingField: "failures",
            cell: (s) =>
              s.failures ? (
                <HashLink
                  to={href(page(s.name), { tab: "failures" })}
                  ariaLabel={`${plural(s.failures, "failure")} of ${s.name}`}
                >
                  {count(s.failures)}
                </HashLink>
              ) : (
                "0"
              ),
          },
          {
            id: "build",
            header: "Last build",
            cell: (s) =>
              s.lastBuild ? (
                <>
                  <BuildStatus state={stateFor(s.name, s.lastBuild)} /> {when(s.lastBuild.finished)}
                </>
              ) : s.records ? (
                "–"
              ) : (
                <StatusIndicator type="pending">Not built yet</StatusIndicator>
              ),
          },
        ]}
        empty={
          may.administer ? (
            <Empty title="No sources yet" action={{ text: "Register a source", href: "#/sources/new", primary: true }}>
              Register a database, or upload files. Then build the graph.
            </Empty>
          ) : (
            <Empty title="No sources yet">Administrators register them.</Empty>
          )
        }
      />
    </SpaceBetween>
  );
}
