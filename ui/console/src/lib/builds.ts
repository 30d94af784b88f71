import type { Build, BuildState, Progress, Properties } from "../api/types";

/** A source (or `linking/NAME`, a link type) that a build could not do, while it did all others. */
export interface FailedPart {
  name: string;
  message: string;
  remedy: string;
}

type WithError = Pick<Build, "state" | "error">;

const record = (value: unknown): Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Properties) : {};

/** What failed in a build that went to its end without these parts; empty where the build itself was stopped. */
export function failedParts({ error }: WithError): FailedPart[] {
  return Object.entries(record(error?.sources)).map(([name, value]) => ({
    name: name.replace(/^linking\//, "Link type "),
    message: String(record(value).message ?? "It failed."),
    remedy: String(record(value).remedy ?? ""),
  }));
}

/** How a build went for one source: a build that failed for others alone is done for it. */
export function stateFor(source: string, build: WithError): BuildState {
  const parts = failedParts(build);
  const stopped = build.state !== "FAILED" || !parts.length || parts.some((part) => part.name === source);
  return stopped ? build.state : "DONE";
}

/** The share of a stage that is done, 0 to 1. Steps of unknown length count as one step each that is not done. */
export function shareDone(steps: Progress[]): number {
  if (!steps.length) return 0;
  if (steps.every((step) => step.total !== null)) {
    const total = steps.reduce((sum, step) => sum + (step.total ?? 0), 0);
    return total ? steps.reduce((sum, step) => sum + step.done, 0) / total : 0;
  }
  const each = steps.map((step) => {
    if (hasFailed(step)) return 1;
    if (step.total === null) return 0;
    return step.total ? Math.min(1, step.done / step.total) : 1;
  });
  return each.reduce((sum, share) => sum + share, 0) / each.length;
}

export const hasFailed = (step: Progress): boolean => step.message.startsWith("failed");
