/** What the review pages ask and answer. */

import type { Properties } from "./types";

export type LinkState = "PROPOSED" | "CONFIRMED" | "REJECTED" | "DEFERRED" | "DELETED";
export type LinkKind = "REFERENCE" | "SAME_THING" | "SAME_CONCEPT" | "MENTION" | "JOIN_TABLE";
export type Verdict = "CONFIRM" | "REJECT" | "DEFER" | "DELETE" | "UNSURE" | "REOPEN";

export interface Column {
  source: string;
  dataset: string;
  columns: string[];
}

export interface PairExample {
  tail: string;
  head: string;
  tailText: string;
  headText: string;
  /** Null where scores are withheld from a blind reviewer. */
  score: number | null;
  note: string;
  role: "representative" | "borderline" | "counter";
  tailProperties: Properties;
  headProperties: Properties;
}

export type LinkRef = Pick<LinkType, "id" | "name" | "kind" | "state" | "tail" | "head" | "through">;

export interface Judgement {
  id: number;
  subject: string;
  verdict: Verdict;
  by: string;
  at: string;
  note: string;
  correction: Properties | null;
  undone: boolean;
  blind: boolean;
  /** A second opinion against the answer that stands. */
  disputed: boolean;
  linkType: LinkRef | null;
}

export interface LinkType {
  id: string;
  kind: LinkKind;
  tail: Column;
  head: Column;
  /** The table between tail and head, of join tables. */
  through: Column | null;
  name: string;
  state: LinkState;
  /** Null, as all scores and estimates, where they are withheld from a blind reviewer. */
  probability: number | null;
  baseline: number | null;
  declared: boolean;
  transform: Properties;
  condition: string;
  cardinality: string;
  estimatedEdges: number;
  edges: number;
  /** Pairs of records that are merged. */
  mergedPairs: number;
  reasons: string[];
  examples: PairExample[];
  counterExamples: PairExample[];
  features: Properties;
  threshold: number | null;
  model: string;
  judgements: Judgement[];
  audit: boolean;
  precision: Estimate | null;
  recall: Estimate | null;
  recallNote: string;
}

export interface Estimate {
  value: number;
  low: number;
  high: number;
  basis: number;
}

/** What is asked: about a link type or, with a pair, about two records of it. */
export interface Question {
  id: string;
  linkType: LinkType;
  pair: PairExample | null;
  purpose: "DECIDE" | "AUDIT" | "SECOND" | "DISPUTED";
  blind: boolean;
  /** The answers that disagree, the one in force first. */
  said: Judgement[];
}

export interface LinkAudit {
  id: string;
  name: string;
  rounds: number;
  drawn: number;
  population: number;
  checked: number;
  right: number;
  precision: Estimate;
}

export interface AcceptRule {
  kind: LinkKind | null;
  linkType: string | null;
  probability: number;
  audit: number;
  by: string;
  at: string;
}

export interface AuditResult {
  kind: LinkKind;
  accepted: number;
  checked: number;
  right: number;
  precision: Estimate;
}

export interface Reviewer {
  name: string;
  answers: number;
  confirmed: number;
  rejected: number;
  unsure: number;
  undone: number;
  newest: string;
}

export interface Agreement {
  first: string;
  second: string;
  common: number;
  agreeing: number;
  kappa: number | null;
  blind: number;
  blindKappa: number | null;
}

export interface Policy {
  name: string;
  reward: number | null;
  error: number | null;
  robust: number | null;
  robustError: number | null;
  matched: number;
  answers: number;
}

export interface Replay {
  policy: string;
  own: number;
  undone: number;
  policies: Policy[];
}

export interface PairsMoved {
  above: number;
  below: number;
  likelier: number;
  lessLikely: number;
}

export interface Moved {
  id: string;
  name: string;
  before: number;
  after: number;
}

export interface JudgeResult {
  judgement: Judgement;
  /** Whether a second opinion agrees with the first answer. */
  opinion: { agrees: boolean; by: string; verdict: Verdict } | null;
  linkType: Pick<LinkType, "id" | "name" | "state" | "edges"> | null;
  moved: Moved[];
  edgesChanged: number;
  /** How many records fewer there are; negative where merged ones came apart. */
  merged: number;
  pairsMoved: PairsMoved;
  /** What takes the place of a rejected link type. */
  proposed: LinkRef[];
}

export interface ReviewSummary {
  proposed: number;
  confirmed: number;
  rejected: number;
  deferred: number;
  answers: number;
  edgesFromAnswers: number;
  /** Pairs of records. */
  mergedFromAnswers: number;
}

export interface Correction {
  name?: string;
  flip?: boolean;
  kind?: LinkKind;
  tail?: Column;
  head?: Column;
  transform?: Properties;
  condition?: string;
  threshold?: number;
}

/** A link type as a person states it: `LinkTypeInput` of the service. */
export interface StatedLink {
  name: string;
  kind: LinkKind;
  tail: Column;
  head: Column;
  threshold: number | null;
  condition: string;
  transform: Properties;
}
