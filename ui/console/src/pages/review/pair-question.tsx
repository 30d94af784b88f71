import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import type { PairExample, Question, Verdict } from "../../api/review-types";
import { HashLink } from "../../components/hash-link";
import { kinds } from "../../lib/wording";
import { Pair } from "./evidence";
import { Said } from "./said";

interface Props {
  asked: Question;
  pair: PairExample;
  blind: boolean;
  position: string;
  off: boolean;
  onAnswer: (verdict: Verdict) => void;
}

const why = {
  DECIDE: "The answer settles this pair and teaches the model about those like it.",
  AUDIT: "Drawn by lot from what was linked without a question: is it right?",
  SECOND: "Somebody else answered too; neither sees the other's answer.",
  DISPUTED: "Your answer settles what two people disagree about.",
};

/** Whether two records belong together. */
export function PairQuestion({ asked, pair, blind, position, off, onAnswer }: Props): ReactNode {
  const { linkType: link, purpose } = asked;
  const same = link.kind === "SAME_THING";
  const key = (letter: string, text: string): ReactNode => (
    <span>
      {text} <kbd>{letter}</kbd>
    </span>
  );
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="xs" alignItems="center">
        <Badge color="blue">Pair</Badge>
        {purpose === "AUDIT" && <Badge color="severity-medium">Audit: linked without a question</Badge>}
        {purpose === "SECOND" && <Badge color="severity-medium">Second opinion</Badge>}
        {purpose === "DISPUTED" && <Badge color="severity-medium">Disputed</Badge>}
        <Box color="text-body-secondary" fontSize="body-s">
          {position}
        </Box>
      </SpaceBetween>
      <h2 className="question">
        {same
          ? "Do these two records describe the same thing?"
          : `Does “${link.name}” hold from the first to the second?`}
      </h2>
      <Box color="text-body-secondary">
        {why[purpose]}{" "}
        <HashLink to={`#/review/links/${encodeURIComponent(link.id)}`}>{link.name || kinds[link.kind]}</HashLink>
      </Box>
      <Said said={asked.said} />
      <Pair pair={pair} tail={sideOf(pair.tail, link)} head={sideOf(pair.head, link)} blind={blind} />
      <div className="answer-bar">
        <div className="answers">
          <Button variant="primary" disabled={off} onClick={() => onAnswer("CONFIRM")}>
            {key("y", same ? "The same" : "Right")}
          </Button>
          <Button disabled={off} onClick={() => onAnswer("REJECT")}>
            {key("n", same ? "Not the same" : "Wrong")}
          </Button>
          <Button disabled={off} onClick={() => onAnswer("UNSURE")}>
            {key("l", "Cannot tell")}
          </Button>
        </div>
      </div>
    </SpaceBetween>
  );
}

/** The side of the link type that a record is on: same things have no direction. */
export function sideOf(uid: string, { tail, head }: Question["linkType"]): Question["linkType"]["tail"] {
  return uid.startsWith(`${head.source}/${head.dataset}/`) ? head : tail;
}
