import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useEffect, useState } from "react";
import { graphql } from "../../api/client";
import { BUILDS, START_BUILD } from "../../api/queries";
import type { Build } from "../../api/types";
import { BuildStatus } from "../../components/build-state";
import { Confirm } from "../../components/confirm";
import { HashLink } from "../../components/hash-link";
import { Empty, Problem } from "../../components/states";
import { count, seconds, when } from "../../lib/format";
import { navigate } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useAction, useData } from "../../lib/use-data";

export function BuildList(): ReactNode {
  const { data, error, loading, reload } = useData<{ builds: Build[]; sources: { name: string }[] }>(BUILDS, {
    limit: 50,
  });
  const may = useMay();
  const [starting, setStarting] = useState(false);
  const active = data?.builds.some((build) => build.state === "RUNNING" || build.state === "QUEUED") ?? false;
  useEffect(() => {
    if (!active) return;
    const timer = window.setInterval(() => void reload(), 3000);
    return () => window.clearInterval(timer);
  }, [active, reload]);

  return (
    <SpaceBetween size="m">
      {error && <Problem error={error} onRetry={() => void reload()} />}
      <Table
        items={data?.builds ?? []}
        variant="full-page"
        trackBy="id"
        loading={loading && !data}
        loadingText="Loading builds"
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={data ? `(${data.builds.length})` : ""}
            description="A build reads sources, finds what belongs together and publishes the graph. What did not change is not read again."
            actions={
              <Button
                variant="primary"
                disabled={!may.review || !data?.sources.length}
                disabledReason={may.review ? "Register a source first." : "Readers cannot start builds."}
                onClick={() => setStarting(true)}
              >
                Start a build
              </Button>
            }
          >
            Builds
          </Header>
        }
        columnDefinitions={[
          {
            id: "id",
            header: "Build",
            isRowHeader: true,
            cell: (b) => <HashLink to={`#/builds/${b.id}`}>{`Build ${b.id}`}</HashLink>,
          },
          { id: "state", header: "State", cell: (b) => <BuildStatus state={b.state} /> },
          { id: "sources", header: "Sources", cell: (b) => b.sources.join(", ") || "all" },
          { id: "started", header: "Started", cell: (b) => when(b.started) },
          { id: "took", header: "Took", cell: (b) => seconds(b.started, b.finished) },
          { id: "failures", header: "Failures", cell: (b) => count(b.failures) },
        ]}
        empty={
          !may.review ? (
            <Empty title="No builds to see">
              {data?.sources.length
                ? "Builds of sources that you do not see are not listed."
                : "There are no sources yet. Administrators register them."}
            </Empty>
          ) : data?.sources.length ? (
            <Empty
              title="Nothing was built yet"
              action={{ text: "Start a build", onClick: () => setStarting(true), primary: true }}
            >
              Build the graph from your sources.
            </Empty>
          ) : (
            <Empty
              title="Nothing to build yet"
              action={{ text: "Register a source", href: "#/sources/new", primary: true }}
            >
              A build needs a source.
            </Empty>
          )
        }
      />
      {starting && (
        <Start sources={data?.sources.map((source) => source.name) ?? []} onClose={() => setStarting(false)} />
      )}
    </SpaceBetween>
  );
}

function Start({ sources, onClose }: { sources: string[]; onClose: () => void }): ReactNode {
  const [chosen, setChosen] = useState<string[]>([]);
  const [allowRemoval, setAllowRemoval] = useState(false);
  const start = useAction(async () => {
    const variables = { sources: chosen.length ? chosen : null, allowRemoval };
    return (await graphql<{ startBuild: { id: number } }>(START_BUILD, variables)).startBuild.id;
  });
  return (
    <Confirm
      title="Start a build"
      verb="Start"
      busy={start.busy}
      error={start.error}
      onCancel={onClose}
      onConfirm={async () => {
        const id = await start.run();
        if (id !== undefined) navigate(`#/builds/${id}`);
      }}
    >
      <SpaceBetween size="m">
        <FormField label="Sources" description="None chosen means all.">
          <Multiselect
            selectedOptions={chosen.map((value) => ({ value, label: value }))}
            options={sources.map((value) => ({ value, label: value }))}
            placeholder={chosen.length ? "Choose sources" : "All sources"}
            onChange={({ detail }) => setChosen(detail.selectedOptions.map((option) => option.value ?? ""))}
          />
        </FormField>
        <Checkbox
          checked={allowRemoval}
          description="Otherwise a build stops when a source lost more of its records than its limit."
          onChange={({ detail }) => setAllowRemoval(detail.checked)}
        >
          Allow large removals
        </Checkbox>
      </SpaceBetween>
    </Confirm>
  );
}
