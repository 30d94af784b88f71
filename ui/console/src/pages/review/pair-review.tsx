import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import type { LinkType, PairExample, Verdict } from "../../api/review-types";
import { Empty } from "../../components/states";
import { useKeys } from "../../lib/keys";
import { Pair } from "./evidence";
import { sideOf } from "./pair-question";

interface Props {
  link: LinkType;
  pairs: PairExample[];
  disabled: boolean;
  blind: boolean;
  onAnswer: (pair: PairExample, verdict: Verdict) => Promise<boolean>;
}

const idOf = (pair: PairExample): string => `${pair.tail}|${pair.head}`;

/** Pairs of records, one at a time: y these belong together, n they do not, arrows to look around. */
export function PairReview({ link, pairs, disabled, blind, onAnswer }: Props): ReactNode {
  // By name and not by place: an answer changes the order of the pairs.
  const [current, setCurrent] = useState<string>();
  const [answered, setAnswered] = useState<Record<string, Verdict>>({});
  const at = Math.max(
    0,
    pairs.findIndex((item) => idOf(item) === current),
  );
  const pair = pairs[at];
  const step = (by: number): void => {
    const next = pairs[at + by];
    if (next) setCurrent(idOf(next));
  };
  const answer = async (verdict: Verdict): Promise<void> => {
    if (!pair || disabled) return;
    if (await onAnswer(pair, verdict)) {
      setAnswered((before) => ({ ...before, [idOf(pair)]: verdict }));
      step(1);
    }
  };
  useKeys({
    y: () => void answer("CONFIRM"),
    n: () => void answer("REJECT"),
    l: () => step(1),
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
  });
  if (!pair) return <Empty title="No pairs">This link type has no pairs of records to look at.</Empty>;
  const given = answered[idOf(pair)];
  return (
    <SpaceBetween size="s">
      <Pair
        pair={pair}
        tail={link.kind === "SAME_THING" ? sideOf(pair.tail, link) : link.tail}
        head={link.kind === "SAME_THING" ? sideOf(pair.head, link) : link.head}
        blind={blind}
        counter={given === "REJECT"}
      />
      <div className="toolbar">
        <SpaceBetween direction="horizontal" size="xs">
          <Button variant="primary" disabled={disabled} onClick={() => void answer("CONFIRM")}>
            <span>
              Belong together <kbd>y</kbd>
            </span>
          </Button>
          <Button disabled={disabled} onClick={() => void answer("REJECT")}>
            <span>
              Do not <kbd>n</kbd>
            </span>
          </Button>
        </SpaceBetween>
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          <span className="muted" aria-live="polite">
            {`Pair ${at + 1} of ${pairs.length}${given ? `, answered ${given === "CONFIRM" ? "yes" : "no"}` : ""}`}
          </span>
          <Button
            iconName="angle-left"
            variant="icon"
            ariaLabel="Previous pair"
            disabled={at === 0}
            onClick={() => step(-1)}
          />
          <Button
            iconName="angle-right"
            variant="icon"
            ariaLabel="Next pair"
            disabled={at >= pairs.length - 1}
            onClick={() => step(1)}
          />
        </SpaceBetween>
      </div>
    </SpaceBetween>
  );
}
