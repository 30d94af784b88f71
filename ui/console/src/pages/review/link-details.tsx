import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { LINK_TYPE } from "../../api/queries";
import type { Correction, LinkType, PairExample, Verdict } from "../../api/types";
import { Await, Empty } from "../../components/states";
import { follow, navigate } from "../../lib/router";
import { useMay } from "../../lib/session";
import { useData } from "../../lib/use-data";
import { kinds } from "../../lib/wording";
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
}

/** One link type: its question, its pairs with the least sure first, and what was answered. */
export function LinkDetails({ id }: { id: string }): ReactNode {
  const [leastSureFirst, setLeastSureFirst] = useState(true);
  const loaded = useData<LinkData>(LINK_TYPE, { id, leastSureFirst });
  return (
    <Await loaded={loaded} text="Loading the link type">
      {({ linkType, pairs }) =>
        linkType ? (
          <Details
            link={linkType}
            pairs={pairs.length ? pairs : [...linkType.examples, ...linkType.counterExamples]}
            reload={loaded.reload}
            leastSureFirst={leastSureFirst}
            onOrder={setLeastSureFirst}
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
  leastSureFirst: boolean;
  onOrder: (leastSureFirst: boolean) => void;
}

function Details({ link, pairs, reload, leastSureFirst, onOrder }: Props): ReactNode {
  const may = useMay();
  const [correcting, setCorrecting] = useState(false);
  const { busy, judge, judgePair, undo } = useJudge(reload);
  const answer = async (verdict: Verdict, correction?: Correction): Promise<void> => {
    if (await judge(link.id, verdict, correction)) setCorrecting(false);
  };
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
          <SpaceBetween direction="horizontal" size="xs">
            {link.state === "PROPOSED" && (
              <Button onClick={() => navigate(`#/review?id=${encodeURIComponent(link.id)}`)}>Open in the queue</Button>
            )}
            <Button disabled={off} onClick={() => setCorrecting(true)}>
              Correct
            </Button>
            <Button disabled={off || link.state === "REJECTED"} onClick={() => void answer("REJECT")}>
              Reject
            </Button>
            <Button disabled={off || link.state === "DELETED"} onClick={() => void answer("DELETE")}>
              Delete
            </Button>
            {!confirmed && (
              <Button variant="primary" disabled={off} onClick={() => void answer("CONFIRM")}>
                Confirm
              </Button>
            )}
          </SpaceBetween>
        }
      >
        {link.name || link.id} <LinkStatus state={link.state} />
      </Header>
      <Container>
        <Question link={link} name={link.name} blind={false} />
      </Container>
      <Container
        header={
          <Header
            variant="h2"
            counter={`(${pairs.length})`}
            description="An answer about a pair settles this pair and teaches the model."
            actions={
              <Button onClick={() => onOrder(!leastSureFirst)}>
                {leastSureFirst ? "Show the surest first" : "Show the least sure first"}
              </Button>
            }
          >
            {leastSureFirst ? "Pairs, least sure first" : "Pairs, surest first"}
          </Header>
        }
      >
        <PairReview
          key={String(leastSureFirst)}
          link={link}
          pairs={pairs}
          disabled={off}
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
            description={`Applies to all proposals of the kind ${kinds[link.kind].toLowerCase()}. A sample stays in the queue to be checked.`}
          >
            Accept without a question
          </Header>
        }
      >
        <RuleForm kind={link.kind} disabled={off} onSet={() => void reload()} />
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
          onConfirm={(correction) => void answer("CONFIRM", correction)}
        />
      )}
    </SpaceBetween>
  );
}
