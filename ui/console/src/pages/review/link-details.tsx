import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { type ReactNode, useState } from "react";
import { LINK_TYPE } from "../../api/queries";
import type { LinkType, PairExample, Verdict } from "../../api/review-types";
import { Await, Empty } from "../../components/states";
import { follow, navigate } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useStored } from "../../lib/stored";
import { useData } from "../../lib/use-data";
import { RuleForm } from "./accepting";
import { Correct } from "./correct";
import { JudgementTable } from "./history";
import { LinkStatus } from "./link-list";
import { MissingLinks } from "./missing-links";
import { PairReview } from "./pair-review";
import { Question } from "./question";
import { useJudge } from "./use-judge";

interface LinkData {
  linkType: LinkType | null;
  pairs: PairExample[];
  pairQuestions?: { pair: PairExample }[];
}

/** One link type: its question, its pairs with those first whose answers would help most, and what was answered. */
export function LinkDetails({ id }: { id: string }): ReactNode {
  const [helpfulFirst, setHelpfulFirst] = useState(true);
  const [blind, setBlind] = useStored("review.blind", false);
  const loaded = useData<LinkData>(LINK_TYPE, { id, helpfulFirst, blind });
  return (
    <Await loaded={loaded} text="Loading the link type">
      {({ linkType, pairs, pairQuestions }) =>
        linkType ? (
          <Details
            link={linkType}
            pairs={
              pairQuestions?.length
                ? pairQuestions.map((question) => question.pair)
                : pairs.length
                  ? pairs
                  : [...linkType.examples, ...linkType.counterExamples]
            }
            reload={loaded.reload}
            helpfulFirst={helpfulFirst && Boolean(pairQuestions?.length)}
            ordered={pairs.length > 0}
            onOrder={setHelpfulFirst}
            blind={blind}
            onBlind={setBlind}
          />
        ) : (
          <Empty title="There is no such link type" action={{ text: "All link types", href: "#/review/links" }} />
        )
      }
    </Await>
  );
}

interface Props {
  link: LinkType;
  pairs: PairExample[];
  reload: () => Promise<void>;
  helpfulFirst: boolean;
  /** There are scored pairs, which can be ordered. */
  ordered: boolean;
  onOrder: (helpfulFirst: boolean) => void;
  blind: boolean;
  onBlind: (blind: boolean) => void;
}

function Details({ link, pairs, reload, helpfulFirst, ordered, onOrder, blind, onBlind }: Props): ReactNode {
  const may = useMay();
  const [correcting, setCorrecting] = useState(false);
  const { busy, judge, judgePair, undo } = useJudge(reload, blind);
  const answer = (verdict: Verdict): void => void judge(link.id, verdict);
  const off = busy || !may.review;
  const confirmed = link.state === "CONFIRMED";

  return (
    <SpaceBetween size="l">
      <BreadcrumbGroup
        ariaLabel="Where you are"
        items={[
          { text: "Review", href: "#/review" },
          { text: "Link types", href: "#/review/links" },
          { text: link.name || link.id, href: "" },
        ]}
        onFollow={follow}
      />
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs" alignItems="center">
            <Toggle checked={blind} onChange={({ detail }) => onBlind(detail.checked)}>
              Blind: hide scores
            </Toggle>
            {link.state === "PROPOSED" && (
              <Button onClick={() => navigate(`#/review?id=${encodeURIComponent(link.id)}`)}>Open in the queue</Button>
            )}
            <Button disabled={off} onClick={() => setCorrecting(true)}>
              Correct
            </Button>
            <Button disabled={off || link.state === "REJECTED"} onClick={() => answer("REJECT")}>
              Reject
            </Button>
            <Button disabled={off || link.state === "DELETED"} onClick={() => answer("DELETE")}>
              Delete
            </Button>
            {!confirmed && (
              <Button variant="primary" disabled={off} onClick={() => answer("CONFIRM")}>
                Confirm
              </Button>
            )}
          </SpaceBetween>
        }
      >
        {link.name || link.id} <LinkStatus state={link.state} />
      </Header>
      <Container>
        <Question link={link} name={link.name} blind={blind} />
      </Container>
      <Container
        header={
          <Header
            variant="h2"
            counter={`(${pairs.length})`}
            description="An answer about a pair settles this pair and teaches the model."
            actions={
              ordered && (
                <Button onClick={() => onOrder(!helpfulFirst)}>
                  {helpfulFirst ? "Show the surest first" : "Show the most helpful first"}
                </Button>
              )
            }
          >
            {helpfulFirst ? "Pairs, the most helpful first" : ordered ? "Pairs, surest first" : "Pairs, as examples"}
          </Header>
        }
      >
        <PairReview
          key={String(helpfulFirst)}
          link={link}
          pairs={pairs}
          disabled={off}
          blind={blind}
          onAnswer={async (pair, verdict) => (await judgePair(link.id, pair.tail, pair.head, verdict)) !== undefined}
        />
      </Container>
      {confirmed && (link.kind === "REFERENCE" || link.kind === "MENTION") && (
        <MissingLinks
          link={link}
          disabled={off}
          onAnswer={async (found, verdict) => (await judgePair(link.id, found.tail, found.head, verdict)) !== undefined}
        />
      )}
      <Container
        header={
          <Header
            variant="h2"
            description="For this link type, or for all of its kind. A share of its links is drawn by lot and asked about, other ones every month."
          >
            Accept without a question
          </Header>
        }
      >
        <RuleForm link={link} disabled={off} onSet={() => void reload()} />
      </Container>
      <JudgementTable
        judgements={link.judgements}
        busy={off}
        onUndo={(judgement) => void undo(judgement)}
        title="Answers"
      />
      {correcting && (
        <Correct
          link={link}
          name={link.name}
          busy={busy}
          onCancel={() => setCorrecting(false)}
          onConfirm={(correction, onRefused) =>
            void judge(link.id, "CONFIRM", correction, onRefused).then((done) => done && setCorrecting(false))
          }
        />
      )}
    </SpaceBetween>
  );
}
