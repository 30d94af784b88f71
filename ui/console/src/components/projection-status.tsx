import ProgressBar from "@cloudscape-design/components/progress-bar";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import type { Projection } from "../api/types";
import { lagText } from "../lib/behind";

const names: Record<string, string> = { search: "Search", sparql: "SPARQL" };
export const projectionName = ({ name }: Projection): string => names[name] ?? name;

/** In step, so many changes behind, being rebuilt, or why not. */
export function ProjectionStatus({ projection }: { projection: Projection }): ReactNode {
  const { behind, seconds, state, progress, problem } = projection;
  if (state === "REBUILDING")
    return (
      <ProgressBar
        value={Math.round(100 * (progress ?? 0))}
        ariaLabel={`Rebuilding ${projectionName(projection)}`}
        description="Rebuilding"
      />
    );
  if (state === "FAILED")
    return (
      <StatusIndicator type="error" wrapText>
        {problem}
      </StatusIndicator>
    );
  if (!behind) return <StatusIndicator>Up to date</StatusIndicator>;
  return <StatusIndicator type="in-progress">{`${lagText({ changes: behind, seconds })} behind`}</StatusIndicator>;
}
