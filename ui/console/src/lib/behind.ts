import { count, plural } from "./format";

/** What an answer leaves out, because what it was read from follows the graph with a delay. */
export interface Behind {
  changes: number;
  seconds: number;
}

/** The header of a SPARQL answer: ``changes=12, seconds=3.4``. */
export function behindHeader(text: string | null): Behind | undefined {
  const [, changes, seconds] = /^changes=(\d+), seconds=([\d.]+)$/.exec(text ?? "") ?? [];
  return changes && seconds ? { changes: Number(changes), seconds: Number(seconds) } : undefined;
}

/** `extensions.behind` of a GraphQL answer names everything that is behind; the one that is most counts. */
export function behindExtension(extensions: { behind?: Record<string, Behind> } | undefined): Behind | undefined {
  const all = Object.values(extensions?.behind ?? {});
  return all.sort((left, right) => right.changes - left.changes)[0];
}

function age(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${count(Math.round(minutes / 60))} h`;
}

/** ``12 changes, 3 s``: how many there are, and how old the oldest is. */
export const lagText = ({ changes, seconds }: Behind): string => `${plural(changes, "change")}, ${age(seconds)}`;
export const behindText = (behind: Behind): string => `${lagText(behind)}, not yet in this answer`;
