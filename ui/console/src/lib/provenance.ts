import type { Evidence, FragmentOrigin, Json, Properties } from "../api/types";
import { values } from "./format";
import { href } from "./router";

/** One value of a property and every record that says it. */
export interface SourcedValue {
  text: string;
  from: { origin: FragmentOrigin; evidence: Evidence }[];
}

/** The values of a property, each with the records that gave it. The first is the one that is shown elsewhere. */
export function sourcedValues(name: string, value: Json | undefined, origins: FragmentOrigin[]): SourcedValue[] {
  return values(value).map((text) => ({
    text,
    from: origins
      .filter((origin) => values((origin.properties as Properties)[name]).includes(text))
      .map((origin) => ({ origin, evidence: origin.evidence[name] ?? origin.defaultEvidence })),
  }));
}

const escape = (part: string): string => part.replaceAll("%", "%25").replaceAll("/", "%2F");

/** The uid of what a record says as a whole, as bifrost.values.make_uid writes it. */
export const recordUid = ({ source, dataset, record }: { source: string; dataset: string; record: string }): string =>
  [source, dataset, record].map(escape).join("/");

/** The page that holds a piece of evidence, with its boxes marked. */
export function documentHref(id: string, evidence?: Evidence): string {
  const boxes = evidence?.boxes.map((box) => box.map((edge) => Math.round(edge * 10) / 10).join(",")).join(";");
  return href("explore/document", {
    id,
    page: evidence?.page ?? 1,
    boxes: boxes ?? null,
    quote: evidence?.quote ?? null,
  });
}

export function parseBoxes(text: string | null): number[][] {
  return (text ?? "")
    .split(";")
    .map((box) => box.split(",").map(Number))
    .filter((box) => box.length === 4 && box.every(Number.isFinite));
}

/** Whether a vertex's fragment is a document whose pages can be looked at. */
export const isDocument = (origin: FragmentOrigin): boolean =>
  origin.type === "Document" || origin.defaultEvidence.extractor.startsWith("reader");
