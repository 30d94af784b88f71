import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import type { BuildState } from "../api/types";

const states: Record<BuildState, [StatusIndicatorProps.Type, string]> = {
  QUEUED: ["pending", "Queued"],
  RUNNING: ["in-progress", "Running"],
  DONE: ["success", "Done"],
  FAILED: ["error", "Failed"],
  CANCELLED: ["stopped", "Cancelled"],
};

export function BuildStatus({ state }: { state: BuildState }): ReactNode {
  const [type, text] = states[state];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}
