/** The service's values as the console asks for them. tests/queries.test.ts checks all documents against the contract. */

import type { LinkType } from "./review-types";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Properties = Record<string, Json>;

export type Role = "READER" | "REVIEWER" | "ADMIN";
export type BuildState = "QUEUED" | "RUNNING" | "DONE" | "FAILED" | "CANCELLED";

export interface User {
  name: string;
  role: Role;
  created?: string | null;
  /** All that a reader may see; null: everything. */
  sources?: string[] | null;
}

export interface Token {
  id: number;
  name: string;
  scopes: string[];
  created: string;
  expires: string | null;
  lastUsed: string | null;
}

export interface SourceKind {
  kind: string;
  title: string;
  schema: JsonSchema;
  secrets: string[];
}

export interface JsonSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: Json;
  format?: string;
  enum?: Json[];
  const?: Json;
  minimum?: number;
  maximum?: number;
  examples?: Json[];
  writeOnly?: boolean;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  additionalProperties?: boolean | JsonSchema;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

export interface Reference {
  columns: string[];
  dataset: string;
  targetColumns: string[];
}

export interface ColumnInfo {
  name: string;
  type: string;
  nullable: boolean;
  comment: string;
}

export interface Dataset {
  name: string;
  kind: string;
  type: string;
  records: number;
  failures: number;
  columns: ColumnInfo[];
  key: string[];
  references: Reference[];
  comment: string;
}

export interface Source {
  name: string;
  kind: string;
  options: Properties;
  rank: number;
  removalLimit: number;
  created: string | null;
  datasets: Dataset[];
  records: number;
  failures: number;
  lastBuild: Pick<Build, "id" | "state" | "finished" | "error"> | null;
}

export interface SourceInput {
  name: string;
  kind: string;
  options: Properties;
  secrets?: Properties;
  rank?: number;
  removalLimit?: number;
}

export interface ConnectionReport {
  server: string;
  datasets: number;
  seconds: number;
  warnings: string[];
  found: Pick<Dataset, "name" | "kind" | "records" | "columns" | "comment">[];
}

export interface DataTable {
  columns: string[];
  rows: Json[][];
}

export interface RecordFailure {
  source: string;
  dataset: string;
  record: string;
  code: string;
  message: string;
  remedy: string;
  build: number;
}

export interface Progress {
  stage: string;
  item: string;
  done: number;
  total: number | null;
  message: string;
}

export interface Build {
  id: number;
  state: BuildState;
  sources: string[];
  started: string | null;
  finished: string | null;
  progress: Progress[];
  error: Properties | null;
  counts: Properties;
  failures: number;
}

export interface LabelCount {
  label: string;
  count: number;
}

export interface Statistics {
  vertices: number;
  edges: number;
  sources: number;
  documents: number;
  vertexLabels: LabelCount[];
  edgeLabels: LabelCount[];
  patterns: { tail: string; label: string; head: string; count: number }[];
}

export interface Evidence {
  extractor: string;
  confidence: number;
  column: string;
  page: number | null;
  boxes: number[][];
  quote: string;
  reason: string;
}

export interface FragmentOrigin {
  uid: string;
  source: string;
  dataset: string;
  record: string;
  type: string;
  properties: Properties;
  defaultEvidence: Evidence;
  evidence: Record<string, Evidence>;
  seen: string | null;
  sameAs: string | null;
}

export interface EdgeOrigin {
  uid: string;
  source: string;
  dataset: string;
  record: string;
  linkType: Pick<LinkType, "id" | "name"> | null;
  score: number;
  evidence: Evidence;
}

export interface VertexRef {
  id: string;
  label: string;
  name: string;
}

export interface GraphVertex extends VertexRef {
  properties: Properties;
  sources: string[];
  edgeCount: number;
}

export interface GraphEdge {
  id: string;
  label: string;
  tail: VertexRef;
  head: VertexRef;
  score: number;
}

export interface EdgeDetails extends GraphEdge {
  properties: Properties;
  origins: EdgeOrigin[];
}

export interface VertexDetails extends GraphVertex {
  edges: EdgeDetails[];
  origins: FragmentOrigin[];
}

export interface Subgraph {
  vertices: GraphVertex[];
  edges: GraphEdge[];
  truncated: boolean;
}

export interface SearchHit {
  vertex: GraphVertex;
  score: number;
  snippet: string;
  /** Words of the question that it does not have. */
  missing: string[];
}

export interface Mention {
  begin: number;
  end: number;
  text: string;
  type: string;
  normal: string;
  confidence: number;
  extractor: string;
  boxes: number[][];
  linked: VertexRef | null;
}

export interface DocumentPage {
  id: string;
  number: number;
  pages: number;
  width: number;
  height: number;
  text: string;
  imageUrl: string | null;
  mentions: Mention[];
  fromOcr: boolean;
}

export type ProjectionState = "IN_STEP" | "FOLLOWING" | "REBUILDING" | "FAILED";

export interface Projection {
  name: string;
  position: number;
  behind: number;
  seconds: number;
  state: ProjectionState;
  /** How much of a rebuild is done, in [0, 1]. */
  progress: number | null;
  problem: string;
}
