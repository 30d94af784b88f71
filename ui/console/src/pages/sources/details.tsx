import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { type ReactNode, useState } from "react";
import { graphql } from "../../api/client";
import { FAILURES, REMOVE_SOURCE, SOURCE, START_BUILD } from "../../api/queries";
import type { RecordFailure, Source, SourceKind } from "../../api/types";
import { BuildStatus } from "../../components/build-state";
import { Confirm } from "../../components/confirm";
import { FailuresTable } from "../../components/failures-table";
import { HashLink } from "../../components/hash-link";
import { Await, Empty, Problem } from "../../components/states";
import { failedParts, stateFor } from "../../lib/builds";
import { count, plural, sentence, values, when, yesNo } from "../../lib/format";
import { useNotify } from "../../lib/notices";
import { href, navigate, useRoute } from "../../lib/router";
import { fieldsOf } from "../../lib/schema";
import { useMay } from "../../lib/session";
import { useAction, useData } from "../../lib/use-data";
import { Datasets } from "./datasets";

export function SourceDetails({ name }: { name: string }): ReactNode {
  const loaded = useData<{ source: Source | null; sourceKinds: SourceKind[] }>(SOURCE, { name });
  return (
    <Await loaded={loaded} text="Loading the source">
      {({ source, sourceKinds }) =>
        source ? (
          <Details source={source} kind={sourceKinds.find((kind) => kind.kind === source.kind)} />
        ) : (
          <Empty title={`There is no source ${name}`} action={{ text: "All sources", href: "#/sources" }} />
        )
      }
    </Await>
  );
}

function Details({ source, kind }: { source: Source; kind: SourceKind | undefined }): ReactNode {
  const { params } = useRoute();
  const may = useMay();
  const notify = useNotify();
  const [removing, setRemoving] = useState(false);
  const page = `sources/${encodeURIComponent(source.name)}`;
  const build = useAction(
    async () => (await graphql<{ startBuild: { id: number } }>(START_BUILD, { sources: [source.name] })).startBuild.id,
  );
  const remove = useAction(async () => {
    await graphql(REMOVE_SOURCE, { name: source.name });
    return true;
  });
  const whoMay = "Administrators may do this.";
  const titles = new Map((kind ? fieldsOf(kind) : []).map((field) => [field.name, field.title]));
  const failed = source.lastBuild && failedParts(source.lastBuild).find((part) => part.name === source.name);

  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={kind?.title ?? source.kind}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={!may.administer} disabledReason={whoMay} onClick={() => setRemoving(true)}>
                Remove
              </Button>
              <Button disabled={!may.administer} disabledReason={whoMay} onClick={() => navigate(`#/${page}/edit`)}>
                Change
              </Button>
              <Button
                variant="primary"
                loading={build.busy}
                disabled={!may.review}
                disabledReason="Readers cannot start builds."
                onClick={async () => {
                  const id = await build.run();
                  if (id !== undefined) navigate(`#/builds/${id}`);
                }}
              >
                Build
              </Button>
            </SpaceBetween>
          }
        >
          {source.name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {build.error && <Problem error={build.error} />}
        {failed && (
          <Alert type="error" header={`The last build could not read it: ${failed.message}`}>
            {failed.remedy}
          </Alert>
        )}
        <Container>
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Datasets", value: count(source.datasets.length) },
              { label: "Records", value: count(source.records) },
              {
                label: "Last build",
                value: source.lastBuild ? (
                  <HashLink to={`#/builds/${source.lastBuild.id}`}>
                    <BuildStatus state={stateFor(source.name, source.lastBuild)} />
                  </HashLink>
                ) : source.records ? (
                  "–"
                ) : (
                  "Not built yet"
                ),
              },
              { label: "Registered", value: when(source.created) },
              ...Object.entries(source.options)
                .filter(([, value]) => values(value).join("") !== "")
                .map(([name, value]) => ({
                  label: titles.get(name) ?? sentence(name),
                  value: (
                    <span className="breakable">
                      {typeof value === "boolean" ? yesNo(value) : values(value).join(", ")}
                    </span>
                  ),
                })),
            ]}
          />
        </Container>
        <Tabs
          activeTabId={params.get("tab") ?? "datasets"}
          onChange={({ detail }) => navigate(href(page, { tab: detail.activeTabId }), { replace: true })}
          tabs={[
            { id: "datasets", label: "Datasets", content: <Datasets source={source} /> },
            { id: "failures", label: `Failures (${source.failures})`, content: <Failures source={source} /> },
          ]}
        />
      </SpaceBetween>
      {removing && (
        <Confirm
          title={`Remove ${source.name}?`}
          verb="Remove"
          busy={remove.busy}
          error={remove.error}
          onCancel={() => setRemoving(false)}
          onConfirm={async () => {
            if (!(await remove.run())) return;
            notify(
              { type: "success", content: `Source ${source.name} and everything that only it said are removed.` },
              "source",
            );
            navigate("#/sources");
          }}
        >
          {`${plural(source.records, "record")} leave the graph, with all links that only they gave. `}
          The source itself is not touched. Your answers about its link types are kept and count again if you register
          it again.
        </Confirm>
      )}
    </ContentLayout>
  );
}

function Failures({ source }: { source: Source }): ReactNode {
  const loaded = useData<{ failures: RecordFailure[] }>(FAILURES, { source: source.name, limit: 500 });
  return (
    <Await loaded={loaded} text="Loading failures">
      {({ failures }) => <FailuresTable failures={failures} total={Math.max(source.failures, failures.length)} />}
    </Await>
  );
}
