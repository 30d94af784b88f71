import { type ReactNode, useState } from "react";
import Button from "@cloudscape-design/components/button";
import type { LabelCount } from "../api/types";
import { count } from "../lib/format";
import { HashLink } from "./hash-link";
import { Empty } from "./states";

const shown = 8;

/** How many there are of each label, longest bar first. */
export function LabelBars({ counts, to }: { counts: LabelCount[]; to?: (label: string) => string }): ReactNode {
  const [all, setAll] = useState(false);
  if (!counts.length) return <Empty title="None yet" />;
  const sorted = [...counts].sort((a, b) => b.count - a.count);
  const most = sorted[0]?.count ?? 1;
  return (
    <>
      <ul className="bars">
        {(all ? sorted : sorted.slice(0, shown)).map(({ label, count: value }) => (
          <li key={label}>
            <span className="bar-label">{to ? <HashLink to={to(label)}>{label}</HashLink> : label}</span>
            <span className="bar-track" aria-hidden="true">
              <span style={{ width: `${Math.max(1, (100 * Math.log1p(value)) / Math.log1p(most))}%` }} />
            </span>
            <span className="bar-count">{count(value)}</span>
          </li>
        ))}
      </ul>
      {sorted.length > shown && (
        <Button variant="inline-link" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${sorted.length}`}
        </Button>
      )}
    </>
  );
}
