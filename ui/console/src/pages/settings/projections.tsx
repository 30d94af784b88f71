import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useState } from "react";
import { graphql } from "../../api/client";
import { REBUILD_PROJECTION } from "../../api/queries";
import type { Projection } from "../../api/types";
import { Confirm } from "../../components/confirm";
import { projectionName, ProjectionStatus } from "../../components/projection-status";
import { Await, Empty } from "../../components/states";
import { count } from "../../lib/format";
import { useMay } from "../../lib/session";
import { useAction } from "../../lib/use-data";
import { useProjections } from "../../lib/use-projections";

/** How far search, SPARQL and other views are behind the graph; administrators build them anew. */
export function Projections(): ReactNode {
  const loaded = useProjections();
  const may = useMay();
  const [asking, setAsking] = useState<Projection>();
  const rebuild = useAction(async (name: string) => {
    await graphql(REBUILD_PROJECTION, { name });
    setAsking(undefined);
    await loaded.reload();
  });
  return (
    <Await loaded={loaded} text="Loading projections">
      {({ projections }) => (
        <>
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
              { id: "name", header: "Name", isRowHeader: true, cell: projectionName },
              { id: "state", header: "State", cell: (p) => <ProjectionStatus projection={p} />, minWidth: 260 },
              { id: "behind", header: "Changes behind", cell: (p) => count(p.behind) },
              { id: "seconds", header: "Seconds behind", cell: (p) => count(Math.round(p.seconds)) },
              { id: "position", header: "Position in the log", cell: (p) => count(p.position) },
              {
                id: "rebuild",
                header: "Actions",
                cell: (p) => (
                  <Button
                    variant="inline-link"
                    ariaLabel={`Rebuild ${projectionName(p)}`}
                    disabled={!may.administer || p.state === "REBUILDING"}
                    disabledReason={
                      may.administer ? "It is being rebuilt." : "Only administrators rebuild projections."
                    }
                    onClick={() => {
                      rebuild.clear();
                      setAsking(p);
                    }}
                  >
                    Rebuild
                  </Button>
                ),
              },
            ]}
            empty={<Empty title="No projections" />}
          />
          {asking && (
            <Confirm
              title={`Rebuild ${projectionName(asking)}`}
              verb="Rebuild"
              busy={rebuild.busy}
              error={rebuild.error}
              onConfirm={() => void rebuild.run(asking.name)}
              onCancel={() => setAsking(undefined)}
            >
              It is emptied and made from the graph anew. Until that is done, answers leave out what is still to come,
              and say so. Nothing in the graph changes.
            </Confirm>
          )}
        </>
      )}
    </Await>
  );
}
