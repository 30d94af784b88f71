import type {
  Column,
  JudgeResult,
  Judgement,
  LinkKind,
  LinkRef,
  LinkState,
  LinkType,
  Moved,
  PairsMoved,
  ReviewSummary,
  Verdict,
} from "../api/review-types";
import { columnName, count, plural } from "./format";

export const kinds: Record<LinkKind, string> = {
  REFERENCE: "Reference",
  SAME_THING: "Same thing",
  SAME_CONCEPT: "Same concept",
  MENTION: "Mention",
  JOIN_TABLE: "Join table",
};

export const kindHelp: Record<LinkKind, string> = {
  REFERENCE: "A column names records of another dataset, like a foreign key. Gives links.",
  SAME_THING: "Records of two datasets, or of one, may describe the same things. Merges them, reversibly.",
  SAME_CONCEPT: "Two columns mean the same. Shows them as one property.",
  MENTION: "Texts name records of another dataset. Gives links.",
  JOIN_TABLE: "Rows of a table say which records of two others belong together. Each becomes a link.",
};

export const states: Record<LinkState, string> = {
  PROPOSED: "Proposed",
  CONFIRMED: "Confirmed",
  REJECTED: "Rejected",
  DEFERRED: "Later",
  DELETED: "Deleted",
};

export const verdicts: Record<Verdict, string> = {
  CONFIRM: "Confirmed",
  REJECT: "Rejected",
  DEFER: "Put off",
  DELETE: "Deleted",
  UNSURE: "Not sure",
  REOPEN: "Asked again",
};

/** A part of a question; names of data are set off from the words around them. */
export type Phrase = string | { name: string };

const dataset = (column: Column): Phrase => ({ name: `${column.source} / ${column.dataset}` });
const fields = (column: Column): Phrase => ({ name: column.columns.join(" + ") || "the text" });

/** The question that a proposal asks, in plain words. */
export function question({
  kind,
  tail,
  head,
  through,
}: Pick<LinkType, "kind" | "tail" | "head" | "through">): Phrase[] {
  switch (kind) {
    case "REFERENCE":
      return [
        "Does ",
        fields(tail),
        " in ",
        dataset(tail),
        " name records of ",
        dataset(head),
        " by their ",
        fields(head),
        "?",
      ];
    case "SAME_THING":
      return tail.source === head.source && tail.dataset === head.dataset
        ? ["Do several records of ", dataset(tail), " describe the same thing?"]
        : ["Do records of ", dataset(tail), " and ", dataset(head), " describe the same things?"];
    case "SAME_CONCEPT":
      return [
        "Does ",
        fields(tail),
        " in ",
        dataset(tail),
        " mean the same as ",
        fields(head),
        " in ",
        dataset(head),
        "?",
      ];
    case "MENTION":
      return [
        ...(tail.columns.length ? ["Does the text in ", fields(tail), " of "] : ["Do the documents of "]),
        dataset(tail),
        " name records of ",
        dataset(head),
        " by their ",
        fields(head),
        "?",
      ];
    case "JOIN_TABLE":
      return [
        "Does each row of ",
        through ? dataset(through) : "the table between them",
        " link a record of ",
        dataset(tail),
        " with one of ",
        dataset(head),
        "?",
      ];
  }
}

export const plain = (phrases: Phrase[]): string =>
  phrases.map((phrase) => (typeof phrase === "string" ? phrase : phrase.name)).join("");

/** What a yes would do. */
export function effect(
  { kind, state, edges, mergedPairs, estimatedEdges, tail, head }: LinkType,
  name: string,
): string {
  if (state === "CONFIRMED") {
    if (kind === "SAME_CONCEPT") return "The two columns are one property.";
    return kind === "SAME_THING" ? mergedText(mergedPairs) : `It gives ${plural(edges, "link")}.`;
  }
  const about = estimatedEdges ? `about ${count(estimatedEdges)}` : "some";
  switch (kind) {
    case "SAME_THING":
      return `A yes merges ${about} pairs of records; each merge can be undone.`;
    case "SAME_CONCEPT":
      return "A yes lines the two columns up as one property.";
    default:
      return `A yes adds ${about} links “${name}” from ${tail.dataset} to ${head.dataset}.`;
  }
}

const mergedText = (pairs: number): string =>
  pairs ? `It merges ${plural(pairs, "pair")} of records.` : "No records fit each other well enough to be merged.";

/** What all answers of a review together gave. */
export function given({ answers, edgesFromAnswers, mergedFromAnswers }: ReviewSummary): string {
  const links = edgesFromAnswers || !mergedFromAnswers ? [`gave ${plural(edgesFromAnswers, "link")}`] : [];
  const merged = mergedFromAnswers ? [`merged ${plural(mergedFromAnswers, "pair")} of records`] : [];
  return `${plural(answers, "answer")} ${[...links, ...merged].join(" and ")}`;
}

/** How many links an answer, or its undo, changed, and which way; of the same thing, how many records became one. */
export function changedLinks({ edgesChanged, merged, judgement, linkType }: Changed, undoing = false): string {
  const { kind } = judgement.linkType ?? {};
  const confirmed = judgement.verdict === "CONFIRM" && !undoing && !judgement.subject.includes("|");
  if (kind === "SAME_THING") {
    if (merged) return `${plural(Math.abs(merged), "record")} ${merged > 0 ? "merged into others" : "came apart"}. `;
    return confirmed ? "No records were merged. " : "";
  }
  if (!edgesChanged) return confirmed && kind !== "SAME_CONCEPT" && linkType?.edges === 0 ? "It gives no links. " : "";
  const adds = (judgement.verdict === "CONFIRM") !== undoing;
  const how = judgement.correction ? "changed" : adds ? "added" : "removed";
  return `${plural(edgesChanged, "link")} ${how}. `;
}

/** What is proposed in place of a rejected link type. */
export const instead = (proposed: LinkRef[]): string =>
  proposed.length
    ? `Proposed instead: ${proposed.map(({ tail, head }) => `${columnName(tail)} → ${columnName(head)}`).join(", ")}. `
    : "";

type Changed = Pick<JudgeResult, "edgesChanged" | "merged"> & {
  judgement: Answered;
  linkType?: { edges: number } | null;
};
type Answered = Pick<Judgement, "subject" | "verdict" | "correction"> & { linkType: Pick<LinkType, "kind"> | null };

/** What an answer moved, in one sentence. */
export function movement(moved: Moved[]): string {
  const up = moved.filter((item) => item.before <= 0.9 && item.after > 0.9).length;
  const down = moved.filter((item) => item.before >= 0.1 && item.after < 0.1).length;
  const parts = [
    ...(up ? [`${plural(up, "proposal")} moved above 90%`] : []),
    ...(down ? [`${plural(down, "proposal")} fell below 10%`] : []),
  ];
  const rest = moved.length - up - down;
  if (rest > 0) parts.push(`${plural(rest, parts.length ? "other" : "proposal")} became ${trend(moved)}`);
  return parts.length ? `${parts.join(", ")}.` : "No other proposal moved.";
}

function trend(moved: Moved[]): string {
  const sum = moved.reduce((total, item) => total + item.after - item.before, 0);
  return sum > 0 ? "likelier" : "less likely";
}

/** What an answer about a pair did to the others, in one sentence; empty where it moved none. */
export function pairMovement({ above, below, likelier, lessLikely }: PairsMoved): string {
  const parts: [number, string][] = [
    [above, "moved above 90%"],
    [below, "fell below 10%"],
    [likelier, "became likelier"],
    [lessLikely, "became less likely"],
  ];
  const said = parts
    .filter(([number]) => number)
    .map(([number, what], index) => `${index ? count(number) : plural(number, "pair")} ${what}`);
  return said.length ? `${said.join(", ")}. ` : "";
}
