import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { SETTINGS } from "../../api/queries";
import type { Json } from "../../api/types";
import { cellText } from "../../components/data-table";
import { Await, Empty } from "../../components/states";
import { useData } from "../../lib/use-data";

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
