import "./explore.css";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useState } from "react";
import { graphql } from "../../api/client";
import { NEIGHBOURHOOD } from "../../api/queries";
import type { Subgraph } from "../../api/types";
import { Empty, Loading } from "../../components/states";
import { plural } from "../../lib/format";
import { useNotify } from "../../lib/notices";
import { href, navigate, useRoute } from "../../lib/router";
import { useStored } from "../../lib/stored";
import { toApiError } from "../../lib/use-data";
import { Details } from "./details";
import { Legend } from "./legend";
import { SearchPanel } from "./search-panel";
import { addToView, clearView, removeFromView, useView } from "./store";
import { ViewTables } from "./view-tables";

const Canvas = lazy(() => import("./canvas"));

/** Search on the left, the graph in the middle, what is selected on the right. */
export function Workspace(): ReactNode {
  const { params } = useRoute();
  const view = useView();
  const notify = useNotify();
  const [mode, setMode] = useStored<"graph" | "table">("explore.mode", "graph");
  const [busy, setBusy] = useState(false);
  const selected = params.get("select");
  const query = params.get("q") ?? "";
  const label = params.get("label") ?? "";

  const select = useCallback(
    (id: string | null) => navigate(href("explore", { q: query, label, select: id }), { replace: selected !== null }),
    [query, label, selected],
  );

  const expand = useCallback(
    async (id: string, limit = 100) => {
      setBusy(true);
      try {
        const part = (await graphql<{ neighbourhood: Subgraph }>(NEIGHBOURHOOD, { ids: [id], depth: 1, limit }))
          .neighbourhood;
        const added = addToView(part);
        if (part.truncated)
          notify(
            {
              type: "info",
              content: `Shows ${plural(added, "neighbour")}; there are more. Its links are all listed in the details.`,
            },
            "expand",
          );
      } catch (failure) {
        const error = toApiError(failure);
        notify({ type: "error", header: error.message, content: error.remedy }, "expand");
      } finally {
        setBusy(false);
      }
    },
    [notify],
  );

  // A selected vertex is on the canvas with some of its neighbours, also when a link from elsewhere selected it.
  useEffect(() => {
    if (selected && !view.vertices.has(selected)) void expand(selected, 25);
    // Only a new selection asks; a vertex taken off the canvas stays off.
  }, [selected, expand]);

  return (
    <div className="explore">
      <h1 className="visually-hidden">Explore</h1>
      <SearchPanel query={query} label={label} selected={selected} onSelect={select} />
      <section className="explore-main" aria-label="Graph">
        <div className="explore-bar">
          <SegmentedControl
            label="How to show the graph"
            selectedId={mode}
            options={[
              { id: "graph", text: "Graph" },
              { id: "table", text: "Table" },
            ]}
            onChange={({ detail }) => setMode(detail.selectedId as "graph" | "table")}
          />
          <SpaceBetween direction="horizontal" size="xs" alignItems="center">
            {busy && <Spinner />}
            <span className="muted" role="status">
              {view.vertices.size ? `${plural(view.vertices.size, "thing")}, ${plural(view.edges.size, "link")}` : ""}
            </span>
            <Button
              disabled={!view.vertices.size}
              onClick={() => {
                clearView();
                select(null);
              }}
            >
              Clear
            </Button>
          </SpaceBetween>
        </div>
        <div className="explore-canvas">
          {view.vertices.size === 0 ? (
            <Empty title={busy ? "Loading" : "Nothing here yet"}>
              Search and choose a result. Double-click a thing to show what it is linked to.
            </Empty>
          ) : mode === "graph" ? (
            <Suspense fallback={<Loading text="Loading the graph view" />}>
              <Canvas view={view} selected={selected} onSelect={select} onExpand={(id) => void expand(id)} />
            </Suspense>
          ) : (
            <ViewTables view={view} selected={selected} onSelect={select} onExpand={(id) => void expand(id)} />
          )}
        </div>
        {view.vertices.size > 0 && <Legend view={view} />}
      </section>
      <aside className="explore-details" aria-label="Details">
        {selected ? (
          <Details
            key={selected}
            id={selected}
            shown={view.vertices.has(selected)}
            onSelect={select}
            onExpand={() => void expand(selected)}
            onHide={() => removeFromView(selected)}
          />
        ) : (
          <>
            <Header variant="h2">Details</Header>
            <Empty title="Nothing selected">
              Select a result, a thing or a row to see its properties, links and where each of them comes from.
            </Empty>
          </>
        )}
      </aside>
    </div>
  );
}
