import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useEffect, useState } from "react";
import { graphql } from "../../api/client";
import { CANCEL_BUILD, FAILURES } from "../../api/queries";
import type { Build, Progress, RecordFailure } from "../../api/types";
import { BuildStatus } from "../../components/build-state";
import { Confirm } from "../../components/confirm";
import { FailuresTable } from "../../components/failures-table";
import { Await, Empty, Loading, Problem } from "../../components/states";
import { failedParts, hasFailed, shareDone } from "../../lib/builds";
import { count, seconds, sentence, values, when } from "../../lib/format";
import { navigate } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useClock } from "../../lib/use-clock";
import { isActive, useBuild } from "../../lib/use-build";
import { useAction, useData } from "../../lib/use-data";

export function BuildDetails({ id }: { id: number }): ReactNode {
  const { build, error } = useBuild(id);
  if (error && !build) return <Problem error={error} />;
  if (build === undefined) return <Loading text="Loading the build" />;
  if (build === null)
    return <Empty title={`There is no build ${id}`} action={{ text: "All builds", href: "#/builds" }} />;
  return <Details build={build} />;
}

function Details({ build }: { build: Build }): ReactNode {
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const active = isActive(build);
  useClock(active);
  const cancel = useAction(async () => {
    await graphql(CANCEL_BUILD, { id: build.id });
    setAsking(false);
  });
  const failed = failedParts(build);
  const message = build.error ? String(build.error.message ?? JSON.stringify(build.error)) : "";

  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={
            active ? (
              <Button
                disabled={!may.review}
                disabledReason="Readers cannot cancel builds."
                onClick={() => setAsking(true)}
              >
                Cancel the build
              </Button>
            ) : (
              (build.state === "DONE" || failed.length > 0) && (
                <Button variant="primary" onClick={() => navigate("#/review")}>
                  Review what was found
                </Button>
              )
            )
          }
        >
          {`Build ${build.id}`}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {build.error && !failed.length && (
          <Alert type="error" header={message}>
            {String(build.error.remedy ?? "What was published before the build is unchanged.")}
          </Alert>
        )}
        {failed.map((part) => (
          <Alert key={part.name} type="error" header={`${part.name} failed: ${part.message}`}>
            {part.remedy} Everything else was built and published.
          </Alert>
        ))}
        <Container>
          <KeyValuePairs
            columns={4}
            items={[
              { label: "State", value: <BuildStatus state={build.state} /> },
              { label: "Sources", value: build.sources.join(", ") || "all" },
              { label: "Started", value: when(build.started) },
              { label: active ? "Running for" : "Took", value: seconds(build.started, build.finished) },
              ...Object.entries(build.counts).map(([name, value]) => ({
                label: sentence(name),
                value: typeof value === "number" ? count(value) : values(value).join(", "),
              })),
            ]}
          />
        </Container>
        <Stages build={build} />
        {(build.failures > 0 || !active) && <Failures id={build.id} total={build.failures} active={active} />}
      </SpaceBetween>
      {asking && (
        <Confirm
          title={`Cancel build ${build.id}?`}
          verb="Cancel the build"
          busy={cancel.busy}
          error={cancel.error}
          onConfirm={() => void cancel.run()}
          onCancel={() => setAsking(false)}
        >
          The graph stays as it was last published. What was read is kept, so the next build continues from there.
        </Confirm>
      )}
    </ContentLayout>
  );
}

const stages: [string, string][] = [
  ["crawl", "Crawl: read what the sources hold"],
  ["read", "Read: documents and images"],
  ["propose", "Propose: find link types"],
  ["link", "Link: apply confirmed link types"],
  ["publish", "Publish: graph, search, SPARQL"],
];

function Stages({ build }: { build: Build }): ReactNode {
  const known = new Set(stages.map(([stage]) => stage));
  const extra = [...new Set(build.progress.map((step) => step.stage))].filter((stage) => !known.has(stage));
  const reachedStages = new Set(build.progress.map((step) => step.stage));
  const all = [
    ...stages.filter(([stage]) => (build.state !== "DONE" && stage !== "read") || reachedStages.has(stage)),
    ...extra.map((stage): [string, string] => [stage, sentence(stage)]),
  ];
  const reached = Math.max(-1, ...build.progress.map((step) => all.findIndex(([stage]) => stage === step.stage)));
  return (
    <Container header={<Header variant="h2">Progress</Header>}>
      <SpaceBetween size="l">
        {all.map(([stage, title], index) => (
          <Stage
            key={stage}
            title={title}
            steps={build.progress.filter((step) => step.stage === stage)}
            over={index < reached || build.state === "DONE"}
            stopped={!isActive(build)}
          />
        ))}
      </SpaceBetween>
    </Container>
  );
}

function Stage({
  title,
  steps,
  over,
  stopped,
}: {
  title: string;
  steps: Progress[];
  over: boolean;
  stopped: boolean;
}): ReactNode {
  const done = steps.reduce((sum, step) => sum + step.done, 0);
  const total = steps.every((step) => step.total !== null)
    ? steps.reduce((sum, step) => sum + (step.total ?? 0), 0)
    : null;
  const last = steps[steps.length - 1];
  const failed = steps.filter(hasFailed);
  const finished = over || (total !== null && total > 0 && done >= total);
  const value = finished ? 100 : Math.min(99, 100 * shareDone(steps));
  const open = steps.filter((step) => !hasFailed(step) && (step.total === null || step.done < step.total));
  return (
    <div>
      <ProgressBar
        value={value}
        label={title}
        description={failed.length ? failed.map((step) => `${step.item} ${step.message}`).join(" · ") : last?.message}
        additionalInfo={
          steps.length
            ? `${count(done)}${total !== null ? ` of ${count(total)}` : ""}`
            : over
              ? "Nothing to do"
              : stopped
                ? "Not reached"
                : "Waiting"
        }
      />
      {!finished && !stopped && open.length > 0 && steps.length > 1 && (
        <Box color="text-body-secondary" fontSize="body-s" padding={{ left: "l" }}>
          {open
            .map((step) => `${step.item} ${count(step.done)}${step.total !== null ? ` of ${count(step.total)}` : ""}`)
            .join(" · ")}
        </Box>
      )}
    </div>
  );
}

function Failures({ id, total, active }: { id: number; total: number; active: boolean }): ReactNode {
  const loaded = useData<{ failures: RecordFailure[] }>(FAILURES, { build: id, limit: 500 });
  const { reload } = loaded;
  useEffect(() => {
    if (total) void reload();
  }, [total, active, reload]);
  return (
    <Await loaded={loaded} text="Loading failures">
      {({ failures }) => <FailuresTable failures={failures} total={Math.max(total, failures.length)} />}
    </Await>
  );
}
