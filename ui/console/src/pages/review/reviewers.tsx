import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import { REVIEWERS } from "../../api/queries";
import type { Agreement, Replay, Reviewer } from "../../api/review-types";
import { HashLink } from "../../components/hash-link";
import { Await, Empty } from "../../components/states";
import { count, plural, when } from "../../lib/format";
import { href } from "../../lib/router";
import { useData } from "../../lib/use-data";

interface ReviewersData {
  reviewers: { reviewers: Reviewer[]; agreements: Agreement[] };
  replay: Replay;
}

const policyNames: Record<string, string> = {
  worth: "Largest effect per second",
  probability: "Surest first",
  uncertainty: "Least sure first",
  disagreement: "Where the models differ most",
  edges: "Most links first",
};

const within = (value: number | null, error: number | null): string =>
  value === null || error === null ? "–" : `${value.toFixed(3)} ± ${(1.96 * error).toFixed(3)}`;

/** Who answered, how far people agree, and which way to ask would have settled most. */
export function Reviewers(): ReactNode {
  const loaded = useData<ReviewersData>(REVIEWERS);
  return (
    <Await loaded={loaded} text="Loading reviewers">
      {({ reviewers: { reviewers, agreements }, replay }) => (
        <SpaceBetween size="l">
          <Table
            items={reviewers}
            trackBy="name"
            header={<Header variant="h2">Answers by reviewer</Header>}
            columnDefinitions={[
              {
                id: "name",
                header: "Who",
                isRowHeader: true,
                cell: (r) => <HashLink to={href("review/history", { by: r.name })}>{r.name}</HashLink>,
              },
              { id: "answers", header: "Answers", cell: (r) => count(r.answers) },
              { id: "confirmed", header: "Confirmed", cell: (r) => count(r.confirmed) },
              { id: "rejected", header: "Rejected", cell: (r) => count(r.rejected) },
              { id: "unsure", header: "Not sure or later", cell: (r) => count(r.unsure) },
              { id: "undone", header: "Taken back", cell: (r) => count(r.undone) },
              { id: "newest", header: "Newest", cell: (r) => when(r.newest) },
            ]}
            empty={<Empty title="No answers yet" action={{ text: "Review proposals", href: "#/review" }} />}
          />
          <Table
            items={agreements}
            trackBy={(a) => `${a.first}|${a.second}`}
            header={
              <Header
                variant="h2"
                description="Cohen's kappa over the questions that both answered: 1 full agreement, 0 as by chance. Only of questions that the second person was asked blind it is unbiased."
              >
                Agreement
              </Header>
            }
            columnDefinitions={[
              { id: "who", header: "Who", isRowHeader: true, cell: (a) => `${a.first} and ${a.second}` },
              { id: "common", header: "Common questions", cell: (a) => count(a.common) },
              { id: "agreeing", header: "Same answer", cell: (a) => count(a.agreeing) },
              { id: "kappa", header: "Kappa", cell: (a) => (a.kappa === null ? "–" : a.kappa.toFixed(2)) },
              { id: "blind", header: "Asked blind", cell: (a) => count(a.blind) },
              {
                id: "blindKappa",
                header: "Kappa of those",
                cell: (a) => (a.blindKappa === null ? "–" : a.blindKappa.toFixed(2)),
              },
            ]}
            empty={<Empty title="No two people answered the same question" />}
          />
          <Table
            items={replay.policies}
            trackBy="name"
            header={
              <Header
                variant="h2"
                description={`What an answer would have settled per second, replayed on the logged answers, with 95% intervals. Not counted: ${plural(replay.own, "answer")} to questions that people picked themselves, ${count(replay.undone)} taken back. “bifrost links policy” replaces the way in use.`}
              >
                Ways to ask
              </Header>
            }
            columnDefinitions={[
              {
                id: "name",
                header: "Way",
                isRowHeader: true,
                cell: (p) => `${policyNames[p.name] ?? p.name}${p.name === replay.policy ? " (in use)" : ""}`,
              },
              {
                id: "reward",
                header: "Settled per second",
                cell: (p) => within(p.reward, p.error),
              },
              { id: "robust", header: "Doubly robust", cell: (p) => within(p.robust, p.robustError) },
              { id: "matched", header: "Would have asked the same", cell: (p) => count(p.matched) },
              { id: "answers", header: "Answers", cell: (p) => count(p.answers) },
            ]}
          />
        </SpaceBetween>
      )}
    </Await>
  );
}
