import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Toggle from "@cloudscape-design/components/toggle";
import { type ReactNode, useEffect, useState } from "react";
import type { ApiError } from "../../api/client";
import {
  type LinkPredictions,
  PREDICT_LINKS,
  type PredictedLink,
  type PredictionProgress,
} from "../../api/predictions";
import { subscribe } from "../../api/subscribe";
import type { LinkType, Verdict } from "../../api/review-types";
import { HashLink } from "../../components/hash-link";
import { Empty, Problem } from "../../components/states";
import { ago, plural, when } from "../../lib/format";

/** To learn for, on one core. */
const seconds = 30;
/** Below this rank on held-out links, proposals are hardly better than guesses. */
const poor = 0.1;

const vertexPage = (id: string): string => `#/explore?select=${encodeURIComponent(id)}`;

interface Props {
  link: LinkType;
  disabled: boolean;
  /** Whether the answer was taken. */
  onAnswer: (found: PredictedLink, verdict: Verdict) => Promise<boolean>;
}

/** Links of a confirmed type that the graph probably lacks, each with the paths that speak for it. */
export function MissingLinks({ link, disabled, onAnswer }: Props): ReactNode {
  const [linked, setLinked] = useState(false);
  const [asking, setAsking] = useState(false);
  const [message, setMessage] = useState("");
  const [found, setFound] = useState<LinkPredictions>();
  const [error, setError] = useState<ApiError>();

  useEffect(() => {
    if (!asking) return;
    return subscribe<{ predictLinks: PredictionProgress }>(
      PREDICT_LINKS,
      { label: link.name, linked, seconds },
      ({ predictLinks }) => {
        setMessage(predictLinks.message);
        if (predictLinks.result) setFound(predictLinks.result);
      },
      (failure) => {
        setAsking(false);
        setError(failure);
      },
    );
  }, [asking, link.name, linked]);

  const start = (): void => {
    setFound(undefined);
    setError(undefined);
    setMessage("starting");
    setAsking(true);
  };
  const answer = async (one: PredictedLink, verdict: Verdict): Promise<void> => {
    if (found && (await onAnswer(one, verdict)))
      setFound({ ...found, links: found.links.filter((other) => other !== one) });
  };

  return (
    <Container
      header={
        <Header
          variant="h2"
          counter={found && `(${found.links.length})`}
          description="Learns from all links of the graph for up to a minute and proposes links that it lacks. What is found is kept until the graph changes. Nothing is added without you."
          actions={
            <SpaceBetween direction="horizontal" size="m" alignItems="center">
              <Toggle checked={linked} disabled={asking} onChange={({ detail }) => setLinked(detail.checked)}>
                Second links too
              </Toggle>
              {asking ? (
                <Button onClick={() => setAsking(false)}>Stop</Button>
              ) : (
                <Button disabled={disabled} onClick={start}>
                  {found ? "Find again" : "Find missing links"}
                </Button>
              )}
            </SpaceBetween>
          }
        >
          Missing links
        </Header>
      }
    >
      <SpaceBetween size="m">
        {asking && (
          <div role="status">
            <StatusIndicator type="loading">{message}</StatusIndicator>
          </div>
        )}
        {error && <Problem error={error} onRetry={start} />}
        {found && <Trust found={found} />}
        {found && (
          <Found found={found} disabled={disabled} onAnswer={(one, verdict) => void answer(one, verdict)} link={link} />
        )}
        {!asking && !error && !found && <Box color="text-body-secondary">Not looked for yet.</Box>}
      </SpaceBetween>
    </Container>
  );
}

function Trust({ found }: { found: LinkPredictions }): ReactNode {
  const best = Math.max(0, ...found.tried.map((model) => model.mrr));
  if (!found.asked) return null;
  if (!found.tried.length)
    return <Alert type="warning">Too few links to hold some out: nothing says how good these are.</Alert>;
  const tried = found.tried.map((model) => `${model.name.replaceAll("_", " ")} ${model.mrr.toFixed(3)}`).join(", ");
  return (
    <SpaceBetween size="xs">
      {best < poor && (
        <Alert type="warning">These links say little about each other. Read the paths before you believe one.</Alert>
      )}
      <Box color="text-body-secondary" fontSize="body-s">
        {found.learnt && `Learnt ${when(found.learnt)} (${ago(found.learnt)}). `}
        Serving: {found.serves}. Mean reciprocal rank on held-out links: {tried}.
      </Box>
    </SpaceBetween>
  );
}

interface FoundProps {
  link: LinkType;
  found: LinkPredictions;
  disabled: boolean;
  onAnswer: (one: PredictedLink, verdict: Verdict) => void;
}

function Found({ link, found, disabled, onAnswer }: FoundProps): ReactNode {
  if (!found.links.length)
    return found.asked ? (
      <Empty title={`None of ${plural(found.asked, "record")} asked seems to lack such a link.`} />
    ) : (
      <Empty title={`Every record that could have “${link.name}” has one.`}>Second links can be asked for above.</Empty>
    );
  return (
    <Table
      variant="embedded"
      wrapLines
      items={found.links}
      trackBy={(one) => `${one.tail}|${one.head}`}
      columnDefinitions={[
        { id: "score", header: "Probability", cell: (one) => one.score.toFixed(2) },
        {
          id: "link",
          header: "Link",
          cell: (one) => (
            <>
              <HashLink to={vertexPage(one.tail)}>{one.tailName}</HashLink>
              {` → ${link.name} → `}
              <HashLink to={vertexPage(one.head)}>{one.headName}</HashLink>
            </>
          ),
        },
        {
          id: "paths",
          header: "What speaks for it",
          cell: (one) =>
            one.paths.length ? (
              one.paths.map((path) => <div key={path}>{path}</div>)
            ) : (
              <StatusIndicator type="info">No path of up to three links</StatusIndicator>
            ),
        },
        {
          id: "answer",
          header: "Answer",
          cell: (one) => (
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={disabled} onClick={() => onAnswer(one, "CONFIRM")}>
                Add link
              </Button>
              <Button disabled={disabled} onClick={() => onAnswer(one, "REJECT")}>
                Not so
              </Button>
            </SpaceBetween>
          ),
        },
      ]}
    />
  );
}
