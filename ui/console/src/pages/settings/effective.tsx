import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { PROJECTIONS, SETTINGS } from "../../api/queries";
import type { Json, Projection } from "../../api/types";
import { cellText } from "../../components/data-table";
import { Await, Empty } from "../../components/states";
import { count, plural } from "../../lib/format";
import { useData } from "../../lib/use-data";

/** How far search, SPARQL and other views are behind the graph. */
export function Projections(): ReactNode {
  const loaded = useData<{ projections: Projection[] }>(PROJECTIONS);
  return (
    <Await loaded={loaded} text="Loading projections">
      {({ projections }) => (
        <Table
          items={projections}
          trackBy="name"
          header={
            <Header
              variant="h2"
              description="Views of the graph that follow its change log; each can be rebuilt from it at any time."
            >
              Projections
            </Header>
          }
          columnDefinitions={[
            { id: "name", header: "Name", isRowHeader: true, cell: (p) => p.name },
            { id: "position", header: "Position in the log", cell: (p) => count(p.position) },
            {
              id: "behind",
              header: "State",
              cell: (p) =>
                p.behind ? (
                  <StatusIndicator type="in-progress">{`${plural(p.behind, "change")} behind`}</StatusIndicator>
                ) : (
                  <StatusIndicator>Up to date</StatusIndicator>
                ),
            },
          ]}
          empty={<Empty title="No projections" />}
        />
      )}
    </Await>
  );
}

function flatten(value: Json, prefix = ""): { name: string; value: string }[] {
  if (value && typeof value === "object" && !Array.isArray(value))
    return Object.entries(value).flatMap(([name, inner]) => flatten(inner, prefix ? `${prefix}.${name}` : name));
  return [{ name: prefix, value: cellText(value) }];
}

/** What the service runs with. Secrets arrive masked. */
export function Effective(): ReactNode {
  const loaded = useData<{ settings: Json; version: string }>(SETTINGS);
  return (
    <Await loaded={loaded} text="Loading settings">
      {({ settings, version }) => (
        <Table
          items={flatten(settings)}
          trackBy="name"
          wrapLines
          contentDensity="compact"
          header={
            <Header
              variant="h2"
              description={`Bifrost ${version}. Change them in bifrost.toml or the BIFROST_* environment, then restart.`}
            >
              Effective settings
            </Header>
          }
          columnDefinitions={[
            { id: "name", header: "Setting", isRowHeader: true, cell: (s) => <code>{s.name}</code>, width: "40%" },
            { id: "value", header: "Value", cell: (s) => <span className="breakable">{s.value || "–"}</span> },
          ]}
          empty={<Empty title="No settings" />}
        />
      )}
    </Await>
  );
}
