import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { HOME } from "../api/queries";
import type { ReviewSummary } from "../api/review-types";
import type { Build, Source, Statistics } from "../api/types";
import { BuildStatus } from "../components/build-state";
import { HashLink } from "../components/hash-link";
import { LabelBars } from "../components/label-bars";
import { projectionName, ProjectionStatus } from "../components/projection-status";
import { Await, Empty } from "../components/states";
import { failedParts } from "../lib/builds";
import { count, plural, seconds, shortCount, when } from "../lib/format";
import { href, navigate } from "../lib/router";
import { useMay } from "../lib/session";
import { useData } from "../lib/use-data";
import { useProjections } from "../lib/use-projections";

interface HomeData {
  version: string;
  statistics: Statistics;
  reviewSummary: ReviewSummary;
  builds: Build[];
  sources: (Source & { datasets: { name: string }[] })[];
}

export default function Home(): ReactNode {
  const loaded = useData<HomeData>(HOME);
  return (
    <ContentLayout header={<Header variant="h1">Home</Header>}>
      <Await loaded={loaded} text="Counting">
        {(data) => (
          <SpaceBetween size="l">
            <NextSteps data={data} />
            <Counts data={data} />
            <ColumnLayout columns={2}>
              <Sources sources={data.sources} />
              <Builds builds={data.builds} />
            </ColumnLayout>
            <Projections />
            {data.statistics.vertices > 0 && (
              <ColumnLayout columns={2}>
                <Container header={<Header variant="h2">Things</Header>}>
                  <LabelBars counts={data.statistics.vertexLabels} to={(label) => href("explore", { label })} />
                </Container>
                <Container header={<Header variant="h2">Links</Header>}>
                  <LabelBars counts={data.statistics.edgeLabels} />
                </Container>
              </ColumnLayout>
            )}
          </SpaceBetween>
        )}
      </Await>
    </ContentLayout>
  );
}

interface Step {
  text: string;
  detail: string;
  button: string;
  to: string;
}

/** What a person who may do it should do next. */
function stepsFor({ sources, builds, reviewSummary, statistics }: HomeData, may: ReturnType<typeof useMay>): Step[] {
  if (!sources.length && !may.administer) return [];
  if (!sources.length)
    return [
      {
        text: "Register your first source",
        detail: "A database by its address, or files by upload.",
        button: "Register a source",
        to: "#/sources/new",
      },
    ];
  const steps: Step[] = [];
  const last = builds[0];
  const built = new Set(builds.filter((build) => build.state === "DONE").flatMap((build) => build.sources));
  const waiting = sources.filter((source) => !source.lastBuild && !built.has(source.name));
  if (last?.state === "RUNNING" || last?.state === "QUEUED")
    steps.push({
      text: `Build ${last.id} is running`,
      detail: `Reads ${last.sources.join(", ")}.`,
      button: "Watch it",
      to: `#/builds/${last.id}`,
    });
  else if (waiting.length && may.review)
    steps.push({
      text: `Build ${plural(waiting.length, "source")} that the graph does not hold yet`,
      detail: waiting.map((source) => source.name).join(", "),
      button: "Go to builds",
      to: "#/builds",
    });
  if (last?.state === "FAILED")
    steps.push({
      text: failedParts(last).length
        ? `Build ${last.id} went to its end without ${failedParts(last)
            .map((part) => part.name)
            .join(", ")}`
        : `Build ${last.id} failed`,
      detail: String(last.error?.message ?? "See what stopped it."),
      button: "See why",
      to: `#/builds/${last.id}`,
    });
  if (reviewSummary.proposed && may.review)
    steps.push({
      text: `Review ${plural(reviewSummary.proposed, "proposed link type")}`,
      detail: "One answer settles thousands of links.",
      button: "Review",
      to: "#/review",
    });
  const failed = sources.filter((source) => source.failures > 0);
  if (failed.length) {
    const total = failed.reduce((sum, source) => sum + source.failures, 0);
    steps.push({
      text: `Look at ${plural(total, "record")} that could not be read`,
      detail: failed.map((source) => source.name).join(", "),
      button: "See failures",
      to: href(`sources/${encodeURIComponent(failed[0]!.name)}`, { tab: "failures" }),
    });
  }
  if (!steps.length && statistics.vertices)
    steps.push({
      text: reviewSummary.proposed ? "Look around" : "Everything is reviewed",
      detail: "Search and browse the graph, or query it.",
      button: "Explore",
      to: "#/explore",
    });
  return steps;
}

function NextSteps({ data }: { data: HomeData }): ReactNode {
  const steps = stepsFor(data, useMay());
  return (
    <Container header={<Header variant="h2">What to do next</Header>}>
      {steps.length ? (
        <ul className="steps">
          {steps.map((step, index) => (
            <li key={step.text}>
              <div>
                <Box variant="strong">{step.text}</Box>
                <Box color="text-body-secondary">{step.detail}</Box>
              </div>
              <Button wrapText={false} variant={index === 0 ? "primary" : "normal"} onClick={() => navigate(step.to)}>
                {step.button}
              </Button>
            </li>
          ))}
        </ul>
      ) : (
        <Empty title="Nothing is waiting for you" action={{ text: "Explore the graph", href: "#/explore" }}>
          {!data.sources.length && "There are no sources yet. Administrators register them."}
        </Empty>
      )}
    </Container>
  );
}

function Counts({ data: { statistics, reviewSummary } }: { data: HomeData }): ReactNode {
  const figures: [string, number, string][] = [
    ["Things", statistics.vertices, "#/explore"],
    ["Links", statistics.edges, "#/explore"],
    ["Documents", statistics.documents, href("explore", { label: "Document" })],
    ["Link types confirmed", reviewSummary.confirmed, "#/review/links"],
    ["Links from your answers", reviewSummary.edgesFromAnswers, "#/review/history"],
    ["Pairs merged by your answers", reviewSummary.mergedFromAnswers, "#/review/links"],
  ];
  return (
    <Container>
      <div className="figures">
        {figures.map(([name, value, to]) => (
          <div key={name}>
            <Box color="text-body-secondary">{name}</Box>
            <HashLink to={to} fontSize="display-l" variant="primary" ariaLabel={`${name}: ${count(value)}`}>
              {shortCount(value)}
            </HashLink>
          </div>
        ))}
      </div>
    </Container>
  );
}

/** What follows the graph, as a line; nothing for readers of some sources, for whom everything follows as they ask. */
function Projections(): ReactNode {
  const projections = useProjections().data?.projections;
  if (!projections?.length) return null;
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={<Button onClick={() => navigate(href("settings", { tab: "projections" }))}>Details</Button>}
        >
          Projections
        </Header>
      }
    >
      <KeyValuePairs
        columns={projections.length}
        items={projections.map((projection) => ({
          label: projectionName(projection),
          value: <ProjectionStatus projection={projection} />,
        }))}
      />
    </Container>
  );
}

function Sources({ sources }: { sources: HomeData["sources"] }): ReactNode {
  const may = useMay();
  return (
    <Table
      items={sources.slice(0, 6)}
      trackBy="name"
      header={
        <Header
          variant="h2"
          counter={`(${sources.length})`}
          actions={
            <Button
              disabled={!may.administer}
              disabledReason="Administrators register sources."
              onClick={() => navigate("#/sources/new")}
            >
              Register
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
          cell: (s) => <HashLink to={`#/sources/${encodeURIComponent(s.name)}`}>{s.name}</HashLink>,
        },
        { id: "datasets", header: "Datasets", cell: (s) => count(s.datasets.length) },
        { id: "records", header: "Records", cell: (s) => count(s.records) },
      ]}
      empty={
        <Empty
          title="No sources yet"
          {...(may.administer && { action: { text: "Register a source", href: "#/sources/new" } })}
        />
      }
    />
  );
}

function Builds({ builds }: { builds: Build[] }): ReactNode {
  const may = useMay();
  return (
    <Table
      items={builds}
      trackBy="id"
      header={
        <Header variant="h2" actions={<Button onClick={() => navigate("#/builds")}>All builds</Button>}>
          Latest builds
        </Header>
      }
      columnDefinitions={[
        { id: "id", header: "Build", cell: (b) => <HashLink to={`#/builds/${b.id}`}>{`Build ${b.id}`}</HashLink> },
        { id: "state", header: "State", cell: (b) => <BuildStatus state={b.state} /> },
        { id: "started", header: "Started", cell: (b) => when(b.started) },
        { id: "time", header: "Took", cell: (b) => seconds(b.started, b.finished) },
      ]}
      empty={
        may.review ? (
          <Empty title="Nothing was built yet" action={{ text: "Start a build", href: "#/builds" }} />
        ) : (
          <Empty title="No builds to see" />
        )
      }
    />
  );
}
