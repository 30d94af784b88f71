import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import type { Column, LinkType, PairExample } from "../../api/review-types";
import type { Properties } from "../../api/types";
import { HashLink } from "../../components/hash-link";
import { Marked } from "../../components/marked";
import { percent } from "../../lib/format";
import { rows, sharedWords } from "../../lib/match";
import { href } from "../../lib/router";

/** Example pairs that speak for a link type, and pairs that look alike but do not match. */
export function Evidence({ link, blind }: { link: LinkType; blind: boolean }): ReactNode {
  return (
    <SpaceBetween size="m">
      <Pairs title="Pairs that would be linked" link={link} pairs={link.examples} blind={blind} />
      {link.counterExamples.length > 0 && (
        <Pairs
          title="Pairs that would not be linked, or speak against it"
          link={link}
          pairs={link.counterExamples}
          blind={blind}
          counter
        />
      )}
    </SpaceBetween>
  );
}

interface PairsProps {
  title: string;
  link: LinkType;
  pairs: PairExample[];
  blind: boolean;
  counter?: boolean;
}

const shown = 3;
const roles = { representative: "Usual", borderline: "Borderline", counter: "Against" };

function Pairs({ title, link, pairs, blind, counter = false }: PairsProps): ReactNode {
  const [all, setAll] = useState(false);
  // Usual and borderline ones are seen at once, the others on demand.
  const edge = pairs.filter((pair) => pair.role === "borderline");
  const usual = pairs.filter((pair) => pair.role !== "borderline");
  const first = [...usual.slice(0, Math.max(shown - edge.length, 1)), ...edge.slice(0, shown - 1)];
  return (
    <div>
      <h3 className="small-heading">
        {title} <span className="muted">({pairs.length})</span>
      </h3>
      {pairs.length === 0 && <Box color="text-body-secondary">No examples were found.</Box>}
      <SpaceBetween size="s">
        {(all ? pairs : first).map((pair) => (
          <Pair
            key={`${pair.tail}|${pair.head}`}
            pair={pair}
            tail={link.tail}
            head={link.head}
            blind={blind}
            counter={counter}
          />
        ))}
        {pairs.length > first.length && (
          <Button variant="inline-link" onClick={() => setAll(!all)}>
            {all ? "Show fewer pairs" : `Show all ${pairs.length} pairs`}
          </Button>
        )}
      </SpaceBetween>
    </div>
  );
}

interface PairProps {
  pair: PairExample;
  tail: Column;
  head: Column;
  blind: boolean;
  counter?: boolean;
}

/** Two records side by side, with what they share marked. */
export function Pair({ pair, tail, head, blind, counter = false }: PairProps): ReactNode {
  return (
    <article className={counter ? "pair counter" : "pair"} aria-label={`${pair.tailText} and ${pair.headText}`}>
      <Side
        column={tail}
        uid={pair.tail}
        text={pair.tailText}
        otherText={pair.headText}
        properties={pair.tailProperties}
        other={pair.headProperties}
      />
      <Side
        column={head}
        uid={pair.head}
        text={pair.headText}
        otherText={pair.tailText}
        properties={pair.headProperties}
        other={pair.tailProperties}
      />
      {(pair.note || pair.role !== "representative" || !blind) && (
        <footer>
          {pair.role !== "representative" && <span className="pair-role">{roles[pair.role]}</span>}
          {!blind && pair.score !== null && <span>{`Score ${percent(pair.score)}`}</span>}
          {pair.note && <span>{pair.note}</span>}
        </footer>
      )}
    </article>
  );
}

interface SideProps {
  column: Column;
  uid: string;
  text: string;
  otherText: string;
  properties: Properties;
  other: Properties;
}

const shownRows = 6;

function Side({ column, uid, text, otherText, properties, other }: SideProps): ReactNode {
  const [all, setAll] = useState(false);
  const list = rows(properties ?? {}, column.columns, other ?? {});
  const visible = all ? list : list.slice(0, shownRows);
  return (
    <div className="pair-side">
      <div className="pair-head">
        <span className="muted">{`${column.source} / ${column.dataset}`}</span>
        <HashLink to={href("explore", { select: uid })} fontSize="body-s" ariaLabel={`Open ${text} in the graph`}>
          Open
        </HashLink>
      </div>
      <div className="pair-text">
        <Marked pieces={sharedWords(text, otherText)} />
      </div>
      <dl className="rows">
        {visible.map((row) => (
          <div key={row.name} className={row.linked ? "linked" : undefined}>
            <dt>{row.name}</dt>
            <dd>
              {row.equal ? (
                <mark>{row.values.join(", ")}</mark>
              ) : (
                <Marked
                  pieces={
                    row.linked
                      ? sharedWords(row.values.join(", "), otherText)
                      : [{ text: row.values.join(", "), mark: false }]
                  }
                />
              )}
            </dd>
          </div>
        ))}
      </dl>
      {list.length > shownRows && (
        <Button
          variant="inline-link"
          ariaLabel={`${all ? "Fewer" : "All"} properties of ${text}`}
          onClick={() => setAll(!all)}
        >
          {all ? "Fewer" : `${list.length - shownRows} more`}
        </Button>
      )}
    </div>
  );
}
