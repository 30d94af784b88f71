import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Fragment, type ReactNode } from "react";
import type { LinkType } from "../../api/review-types";
import { columnName, count, estimate, percent, values } from "../../lib/format";
import { effect, kinds, question } from "../../lib/wording";

interface Props {
  link: LinkType;
  name: string;
  blind: boolean;
  position?: string;
  /** Somebody else was asked too, and neither sees the other's answer. */
  second?: boolean;
}

/** What a proposal asks, what a yes would do, and the figures and reasons that speak for it. */
export function Question({ link, name, blind, position, second = false }: Props): ReactNode {
  const transform = Object.entries(link.transform).filter(([, value]) => value);
  const figures: [string, ReactNode][] = [
    ...(blind || link.probability === null || link.baseline === null
      ? []
      : [
          ["Probability", <Meter key="p" value={link.probability} />] as [string, ReactNode],
          ["Without the network", percent(link.baseline)] as [string, ReactNode],
          ["Estimated precision", link.precision ? estimate(link.precision) : "–"] as [string, ReactNode],
          ["Estimated recall", link.recall ? estimate(link.recall) : link.recallNote] as [string, ReactNode],
        ]),
    link.kind === "SAME_THING"
      ? [link.mergedPairs ? "Merged pairs" : "Estimated pairs", count(link.mergedPairs || link.estimatedEdges)]
      : [link.edges ? "Links" : "Estimated links", count(link.edges || link.estimatedEdges)],
    ...(link.through ? [["Through", columnName(link.through)] as [string, ReactNode]] : []),
    ...(link.cardinality ? [["Cardinality", link.cardinality] as [string, ReactNode]] : []),
    ...(link.threshold !== null ? [["Threshold", percent(link.threshold)] as [string, ReactNode]] : []),
    ...(link.condition ? [["Only where", <code key="c">{link.condition}</code>] as [string, ReactNode]] : []),
    ...transform.map(([side, value]): [string, ReactNode] => [
      side === "also" ? "Also named by" : `Reads ${columnsOf(link, side)} as`,
      <code key={side}>{values(value).join(", ")}</code>,
    ]),
  ];
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="xs" alignItems="center">
        <Badge color="blue">{kinds[link.kind]}</Badge>
        {link.audit && <Badge color="severity-medium">Audit: accepted by a rule, please check</Badge>}
        {second && <Badge color="severity-medium">Second opinion: somebody else answered too</Badge>}
        {link.declared && <Badge color="green">declared by the source</Badge>}
        {position && (
          <Box color="text-body-secondary" fontSize="body-s">
            {position}
          </Box>
        )}
      </SpaceBetween>
      <h2 className="question">
        {question(link).map((phrase, index) => (
          <Fragment key={index}>{typeof phrase === "string" ? phrase : <strong>{phrase.name}</strong>}</Fragment>
        ))}
      </h2>
      <Box color="text-body-secondary">{effect(link, name || link.name)}</Box>
      <dl className="figure-row">
        {figures.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {link.reasons.length > 0 && (
        <div>
          <Box variant="awsui-key-label">Why</Box>
          <ul className="reasons">
            {link.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </div>
      )}
    </SpaceBetween>
  );
}

/** The columns at one end of a link type, as their names. */
function columnsOf(link: LinkType, side: string): string {
  const { columns } = side === "head" ? link.head : link.tail;
  return columns.join(" + ") || "the text";
}

function Meter({ value }: { value: number }): ReactNode {
  return (
    <span className="meter">
      <span className="bar-track" aria-hidden="true">
        <span style={{ width: `${100 * value}%` }} />
      </span>
      {percent(value)}
    </span>
  );
}
